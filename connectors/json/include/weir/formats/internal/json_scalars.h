// Numbers, strings, enums and optional values in JSON; json.h includes it.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/enum_names.h>
#include <weir/formats/internal/json_mapping.h>
#include <weir/formats/internal/json_reader.h>
#include <weir/formats/internal/json_writer.h>
#include <weir/record_text.h>

namespace weir::json::internal {

template <>
struct JsonMapping<bool> {
  static bool Read(JsonReader& in, const JsonOptions&, JsonValue& value, bool& out) {
    return in.GetBool(value, out);
  }
  static bool Write(bool value, std::string& out, JsonWriteFailure&) {
    out += value ? "true" : "false";
    return true;
  }
};

template <std::integral T>
struct JsonMapping<T> {
  static bool Read(JsonReader& in, const JsonOptions&, JsonValue& value, T& out) {
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    Wide number = 0;
    bool read = false;
    if constexpr (std::is_signed_v<T>) {
      read = in.GetInt64(value, number);
    } else {
      read = in.GetUint64(value, number);
    }
    if (!read) return false;
    if (!std::in_range<T>(number)) {
      return in.Expected(value, "an integer from " + std::to_string(std::numeric_limits<T>::min()) +
                                    " to " + std::to_string(std::numeric_limits<T>::max()));
    }
    out = static_cast<T>(number);
    return true;
  }
  static bool Write(T value, std::string& out, JsonWriteFailure&) {
    AppendNumber(value, out);
    return true;
  }
};

template <std::floating_point T>
struct JsonMapping<T> {
  static bool Read(JsonReader& in, const JsonOptions&, JsonValue& value, T& out) {
    JsonKind kind{};
    if (!in.Kind(value, kind)) return false;
    double number = 0;
    if (kind == JsonKind::kString) {
      std::string_view text;
      if (!in.GetString(value, text)) return false;
      if (!ParseSpecialDouble(text, number)) return in.Expected(value, "a number");
    } else if (!in.GetDouble(value, number)) {
      return false;
    }
    out = static_cast<T>(number);
    if (std::isinf(out) && !std::isinf(number)) return in.Expected(value, "a number that fits");
    return true;
  }
  static bool Write(T value, std::string& out, JsonWriteFailure&) {
    if constexpr (std::is_same_v<T, float>) {
      AppendFloat(value, out);
    } else {
      AppendDouble(value, out);
    }
    return true;
  }
};

template <class T>
  requires std::is_enum_v<T>
struct JsonMapping<T> {
  static bool Read(JsonReader& in, const JsonOptions& options, JsonValue& value, T& out) {
    if constexpr (NamedEnum<T>) {
      std::string_view name;
      if (!in.GetString(value, name)) return false;
      const std::optional<T> named = EnumOf<T>(name);
      if (!named) return in.Expected(value, "a name of the enum");
      out = *named;
      return true;
    } else {
      std::underlying_type_t<T> number{};
      if (!JsonMapping<std::underlying_type_t<T>>::Read(in, options, value, number)) return false;
      out = static_cast<T>(number);
      return true;
    }
  }
  static bool Write(T value, std::string& out, JsonWriteFailure& failure) {
    if constexpr (NamedEnum<T>) {
      const std::string_view name = EnumName(value);
      if (name.empty()) {
        failure.reason = "the enum has no name for this value";
        return false;
      }
      return AppendString(name, out);
    } else {
      AppendNumber(static_cast<std::underlying_type_t<T>>(value), out);
      return true;
    }
  }
};

template <>
struct JsonMapping<std::string> {
  static bool Read(JsonReader& in, const JsonOptions&, JsonValue& value, std::string& out) {
    std::string_view text;
    if (!in.GetString(value, text)) return false;
    out.assign(text);
    return true;
  }
  static bool Write(const std::string& value, std::string& out, JsonWriteFailure& failure) {
    if (AppendString(value, out)) return true;
    failure.reason = "the string is not UTF-8";
    return false;
  }
};

template <class T>
struct JsonMapping<std::optional<T>> {
  static bool Read(JsonReader& in, const JsonOptions& options, JsonValue& value,
                   std::optional<T>& out) {
    JsonKind kind{};
    if (!in.Kind(value, kind)) return false;
    if (kind == JsonKind::kNull) {
      out.reset();
      return true;
    }
    if (!out) out.emplace();
    return JsonMapping<T>::Read(in, options, value, *out);
  }
  static bool Write(const std::optional<T>& value, std::string& out, JsonWriteFailure& failure) {
    if (value) return JsonMapping<T>::Write(*value, out, failure);
    out += "null";
    return true;
  }
};

}  // namespace weir::json::internal
