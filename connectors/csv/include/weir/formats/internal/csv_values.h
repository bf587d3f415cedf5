// How types look in a field of CSV.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/enum_names.h>
#include <weir/formats/internal/csv_row.h>
#include <weir/record_text.h>

namespace weir::csv::internal {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// Read: false unless the field is such a value. kWanted: what it should have been. Write: false for
// a value that no field stands for.
template <class T>
struct CsvValue {
  static_assert(std::is_arithmetic_v<T>,
                "CSV: a field of this type does not fit one column. weir/formats/csv.h lists what "
                "can be in a record; nested records and containers cannot: use JSON.");
  static constexpr std::string_view kWanted =
      std::is_integral_v<T> ? "an integer that fits" : "a number";
  static bool Read(const CsvField& field, T& out) { return ParseNumber(field.text, out); }
  static bool Write(T value, const CsvOptions& options, std::string& out) {
    // Through AppendField: the delimiter may be a character of numbers.
    std::string text;
    AppendNumber(value, text);
    AppendField(text, options, out);
    return true;
  }
};

template <>
struct CsvValue<bool> {
  static constexpr std::string_view kWanted = "true or false";
  static bool Read(const CsvField& field, bool& out) {
    out = field.text == "true" || field.text == "1";
    return out || field.text == "false" || field.text == "0";
  }
  static bool Write(bool value, const CsvOptions& options, std::string& out) {
    AppendField(value ? "true" : "false", options, out);
    return true;
  }
};

template <>
struct CsvValue<std::string> {
  static constexpr std::string_view kWanted = "a text";
  static bool Read(const CsvField& field, std::string& out) {
    out.assign(field.text);
    return true;
  }
  static bool Write(const std::string& value, const CsvOptions& options, std::string& out) {
    AppendField(value, options, out);
    return true;
  }
};

template <class T>
  requires std::is_enum_v<T>
struct CsvValue<T> {
  static constexpr std::string_view kWanted = "a value of the enum";
  static bool Read(const CsvField& field, T& out) {
    if constexpr (NamedEnum<T>) {
      const std::optional<T> named = EnumOf<T>(field.text);
      if (named) out = *named;
      return named.has_value();
    } else {
      std::underlying_type_t<T> number{};
      const bool parsed = ParseNumber(field.text, number);
      out = static_cast<T>(number);
      return parsed;
    }
  }
  static bool Write(T value, const CsvOptions& options, std::string& out) {
    if constexpr (NamedEnum<T>) {
      const std::string_view name = EnumName(value);
      if (name.empty()) return false;
      AppendField(name, options, out);
      return true;
    } else {
      using Number = std::underlying_type_t<T>;
      return CsvValue<Number>::Write(static_cast<Number>(value), options, out);
    }
  }
};

template <class T>
struct CsvValue<std::optional<T>> {
  static constexpr std::string_view kWanted = CsvValue<T>::kWanted;
  static bool Read(const CsvField& field, std::optional<T>& out) {
    if (field.text.empty() && !field.quoted) {
      out.reset();
      return true;
    }
    if (!out) out.emplace();
    return CsvValue<T>::Read(field, *out);
  }
  static bool Write(const std::optional<T>& value, const CsvOptions& options, std::string& out) {
    return !value || CsvValue<T>::Write(*value, options, out);
  }
};

template <class R, class P>
struct CsvValue<std::chrono::duration<R, P>> {
  using Duration = std::chrono::duration<R, P>;
  static constexpr std::string_view kWanted = CsvValue<R>::kWanted;
  static bool Read(const CsvField& field, Duration& out) {
    R count{};
    if (!CsvValue<R>::Read(field, count)) return false;
    out = Duration(count);
    return true;
  }
  static bool Write(const Duration& value, const CsvOptions& options, std::string& out) {
    return CsvValue<R>::Write(value.count(), options, out);
  }
};

template <class C, class D>
struct CsvValue<std::chrono::time_point<C, D>> {
  using Time = std::chrono::time_point<C, D>;
  static constexpr std::string_view kWanted = "a time as in ISO 8601";
  static bool Read(const CsvField& field, Time& out) {
    if constexpr (kIsIsoTime<Time>) {
      std::int64_t count = 0;
      if (ParseIsoTime(field.text, kUnitNs<D>, count) && std::in_range<typename D::rep>(count)) {
        out = Time(D(static_cast<typename D::rep>(count)));
        return true;
      }
    }
    D since_epoch{};
    if (!CsvValue<D>::Read(field, since_epoch)) return false;
    out = Time(since_epoch);
    return true;
  }
  // A time too far off for ISO 8601 is written as its number.
  static bool Write(const Time& value, const CsvOptions& options, std::string& out) {
    const D since_epoch = value.time_since_epoch();
    if constexpr (kIsIsoTime<Time>) {
      std::string text;
      if (AppendIsoTime(since_epoch.count(), kUnitNs<D>, text)) {
        AppendField(text, options, out);
        return true;
      }
    }
    return CsvValue<D>::Write(since_epoch, options, out);
  }
};

}  // namespace weir::csv::internal
