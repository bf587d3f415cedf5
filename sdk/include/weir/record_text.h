// Values as text, as formats read and write them: numbers, times, and the fields of a record. For
// authors of formats.
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ratio>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>

#include <weir/fields.h>

namespace weir {

// A record whose fields have names: WEIR_FIELDS (weir/fields.h).
template <class T>
concept RecordWithNamedFields = internal::HasNamedFields<T>;

template <RecordWithNamedFields T>
inline constexpr std::size_t kFieldCount = std::tuple_size_v<decltype(internal::kNamedFields<T>)>;
// In the order of the macro; one that ends in "_", as a private field may, is named without it.
template <RecordWithNamedFields T, std::size_t I>
constexpr std::string_view FieldName() {
  std::string_view name = std::get<I>(internal::kNamedFields<T>).name;
  if (name.size() > 1 && name.back() == '_') name.remove_suffix(1);
  return name;
}
template <std::size_t I, class T>
constexpr auto& FieldOf(T& record) {
  return record.*std::get<I>(internal::kNamedFields<std::remove_const_t<T>>).member;
}

// Shortest text that reads back as the same number; floating point may be "inf", "-inf" and "nan".
template <class N>
  requires(std::is_arithmetic_v<N> && !std::is_same_v<N, bool>)
void AppendNumber(N value, std::string& out) {
  char digits[64];
  std::to_chars_result end{};
  if constexpr (std::integral<N> && sizeof(N) < sizeof(int)) {
    end = std::to_chars(digits, digits + sizeof(digits), static_cast<int>(value));
  } else {
    end = std::to_chars(digits, digits + sizeof(digits), value);
  }
  out.append(digits, end.ptr);
}
// False unless all of `text` is such a number and fits.
template <class N>
  requires(std::is_arithmetic_v<N> && !std::is_same_v<N, bool>)
bool ParseNumber(std::string_view text, N& out) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  if constexpr (std::integral<N> && sizeof(N) < sizeof(int)) {
    int value = 0;
    const auto [last, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || last != end || value < std::numeric_limits<N>::min() ||
        value > std::numeric_limits<N>::max()) {
      return false;
    }
    out = static_cast<N>(value);
    return true;
  } else {
    const auto [last, error] = std::from_chars(text.data(), end, out);
    return error == std::errc() && last == end;
  }
}

// ISO 8601 in UTC: "2026-01-31T23:59:59.250Z". `unit_ns`, of which `since_epoch` counts, decides
// how many digits the fraction has. False, and nothing appended, outside the years 0 to 9999.
[[nodiscard]] bool AppendIsoTime(std::int64_t since_epoch, std::int64_t unit_ns, std::string& out);
// The same with any fraction that fits the unit, "T" or a space, and "Z", "+hh:mm" or nothing (UTC)
// at the end. False for everything else, and for what does not fit the count.
bool ParseIsoTime(std::string_view text, std::int64_t unit_ns, std::int64_t& since_epoch);

// Times that have an ISO form: of std::chrono::system_clock, in nanoseconds to days.
template <class P>
inline constexpr bool kIsIsoUnit =
    P::den == 1 ? P::num == 1 || P::num == 60 || P::num == 3600 || P::num == 86'400
                : P::num == 1 && (P::den == std::milli::den || P::den == std::micro::den ||
                                  P::den == std::nano::den);
template <class T>
inline constexpr bool kIsIsoTime = false;
template <std::integral R, class P>
  requires(sizeof(R) <= sizeof(std::int64_t) && kIsIsoUnit<P>)
inline constexpr bool kIsIsoTime<std::chrono::sys_time<std::chrono::duration<R, P>>> = true;
template <class D>
inline constexpr std::int64_t kUnitNs =
    static_cast<std::int64_t>(D::period::num) * (std::nano::den / D::period::den);

}  // namespace weir
