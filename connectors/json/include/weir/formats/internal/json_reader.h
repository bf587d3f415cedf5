// The untyped half of reading JSON: walks one message with simdjson, which stays in the .cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <weir/status.h>

namespace weir::json::internal {

// A value of the message that is being read; used once, in the order in which values come.
class JsonValue {
 public:
  alignas(8) std::byte storage[32];
};

enum class JsonKind : std::uint8_t { kObject, kArray, kString, kNumber, kBool, kNull };

// A callable that is only called while the call it was given to runs.
template <class Signature>
class CallableView;
template <class R, class... P>
class CallableView<R(P...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, CallableView>)
  CallableView(F&& function)  // NOLINT: implicit, as a function's argument
      : object_(const_cast<void*>(static_cast<const void*>(&function))),
        call_([](void* object, P... arguments) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(arguments...);
        }) {}
  R operator()(P... arguments) const { return call_(object_, arguments...); }

 private:
  void* object_;
  R (*call_)(void*, P...);
};

// Every function that returns false leaves the reason in the reader; whoever descended into a field
// or element adds its name on the way out (Within). One thread.
class JsonReader {
 public:
  // Values nested deeper are refused: bytes must not choose how much stack is used.
  static constexpr int kMaximumDepth = 256;

  JsonReader();
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // Calls `read` with the object or array that the message is; nothing may follow it. Corruption
  // names path and byte of what was wrong.
  Status Read(std::string_view message, CallableView<bool(JsonValue&)> read);

  bool ForEachField(JsonValue& value, CallableView<bool(std::string_view, JsonValue&)> field);
  bool ForEachElement(JsonValue& value, CallableView<bool(JsonValue&)> element);
  // The value as it is, checked and thrown away.
  bool Skip(JsonValue& value);

  bool Kind(JsonValue& value, JsonKind& kind);
  // The text is valid until the end of the message.
  bool GetString(JsonValue& value, std::string_view& text);
  bool GetInt64(JsonValue& value, std::int64_t& number);
  bool GetUint64(JsonValue& value, std::uint64_t& number);
  bool GetDouble(JsonValue& value, double& number);
  bool GetBool(JsonValue& value, bool& truth);

  // False, with "expected …, found …" at the value.
  bool Expected(JsonValue& value, std::string_view what);
  // False, with this reason at the value.
  bool Fail(JsonValue& value, std::string reason);
  // Says where the failure was: the field's name, or the element's number. Returns false.
  bool Within(std::string_view field);
  bool Within(std::size_t element);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace weir::json::internal
