// How types look in JSON: one JsonMapping<T> for each kind of type; this one is that of records.
// weir/formats/json.h has the table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/formats/internal/json_reader.h>
#include <weir/record_text.h>

namespace weir::json {

enum class UnknownFields : std::uint8_t { kIgnore, kRefuse };
// What a field that is not there (and not optional) gets.
enum class MissingFields : std::uint8_t {
  kRefuse,
  kDefault,  // what it has in a T{}
};
struct JsonOptions {
  UnknownFields unknown_fields = UnknownFields::kIgnore;
  MissingFields missing_fields = MissingFields::kRefuse;
};

namespace internal {

// Where writing failed; made longer on the way out.
struct JsonWriteFailure {
  std::string path;
  std::string reason;
  bool Within(std::string_view name) {
    path.insert(0,
                path.empty() || path.front() == '[' ? std::string(name) : std::string(name) + ".");
    return false;
  }
  bool Within(std::size_t element) { return Within("[" + std::to_string(element) + "]"); }
  std::string ToString() const { return path.empty() ? reason : path + ": " + reason; }
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsJsonScalar =
    std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string>;

// Records.
template <class T>
struct JsonMapping {
  static_assert(RecordWithNamedFields<T>,
                "JSON: fields of this type have no names. Give them with WEIR_FIELDS(Type, a, b, "
                "...) behind the type; weir/formats/json.h lists what else can be in a record.");
  static constexpr std::size_t kCount = kFieldCount<T>;

  static bool Read(JsonReader& in, const JsonOptions& options, JsonValue& value, T& out) {
    std::array<bool, kCount> seen{};
    std::size_t expected = 0;  // writers keep an order: the next field is looked at first
    const bool read = in.ForEachField(value, [&](std::string_view name, JsonValue& field) {
      const std::size_t index = IndexOf(name, expected);
      if (index == kCount) {
        if (options.unknown_fields == UnknownFields::kRefuse) {
          in.Fail(field, "there is no such field");
          return in.Within(name);
        }
        return in.Skip(field) || in.Within(name);
      }
      expected = index + 1;
      seen[index] = true;
      return ReadAt(in, options, field, index, out, std::make_index_sequence<kCount>()) ||
             in.Within(name);
    });
    return read && Complete(in, options, value, seen, out, std::make_index_sequence<kCount>());
  }

  static bool Write(const T& record, std::string& out, JsonWriteFailure& failure) {
    out += '{';
    bool first = true;
    const bool written =
        WriteFields(record, out, failure, first, std::make_index_sequence<kCount>());
    out += '}';
    return written;
  }

 private:
  template <std::size_t I>
  using Field = std::remove_cvref_t<decltype(FieldOf<I>(std::declval<T&>()))>;

  template <std::size_t... I>
  static constexpr std::array<std::string_view, kCount> Names(std::index_sequence<I...>) {
    return {FieldName<T, I>()...};
  }
  static constexpr std::array<std::string_view, kCount> kNames =
      Names(std::make_index_sequence<kCount>());

  static std::size_t IndexOf(std::string_view name, std::size_t expected) {
    if (expected < kCount && kNames[expected] == name) return expected;
    for (std::size_t i = 0; i < kCount; ++i) {
      if (kNames[i] == name) return i;
    }
    return kCount;
  }
  template <std::size_t... I>
  static bool ReadAt(JsonReader& in, const JsonOptions& options, JsonValue& value,
                     std::size_t index, T& out, std::index_sequence<I...>) {
    bool read = true;
    (void)((I == index &&
            ((read = JsonMapping<Field<I>>::Read(in, options, value, FieldOf<I>(out))), true)) ||
           ...);
    return read;
  }
  template <std::size_t... I>
  static bool Complete(JsonReader& in, const JsonOptions& options, JsonValue& value,
                       const std::array<bool, kCount>& seen, T& out, std::index_sequence<I...>) {
    return ((seen[I] || Default<I>(in, options, value, out)) && ...);
  }
  template <std::size_t I>
  static bool Default(JsonReader& in, const JsonOptions& options, JsonValue& value, T& out) {
    if constexpr (kIsOptional<Field<I>>) {
      FieldOf<I>(out).reset();
      return true;
    } else {
      if (options.missing_fields == MissingFields::kRefuse) {
        in.Fail(value, "the field is missing");
        return in.Within(FieldName<T, I>());
      }
      static const T kDefaults{};
      FieldOf<I>(out) = FieldOf<I>(kDefaults);
      return true;
    }
  }
  template <std::size_t... I>
  static bool WriteFields(const T& record, std::string& out, JsonWriteFailure& failure, bool& first,
                          std::index_sequence<I...>) {
    return (WriteField<I>(record, out, failure, first) && ...);
  }
  template <std::size_t I>
  static bool WriteField(const T& record, std::string& out, JsonWriteFailure& failure,
                         bool& first) {
    const auto& field = FieldOf<I>(record);
    if constexpr (kIsOptional<Field<I>>) {
      if (!field) return true;
    }
    if (!first) out += ',';
    first = false;
    out += '"';
    out += FieldName<T, I>();  // an identifier: nothing to escape
    out += "\":";
    return JsonMapping<Field<I>>::Write(field, out, failure) || failure.Within(FieldName<T, I>());
  }
};

}  // namespace internal
}  // namespace weir::json
