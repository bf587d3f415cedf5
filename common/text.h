// Small functions on text: putting it together, taking it apart, reading numbers strictly.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

namespace weir {

namespace internal {

inline void AppendText(std::string& out, std::string_view text) {
  out.append(text);
}
inline void AppendText(std::string& out, const char* text) {
  out.append(text);
}
inline void AppendText(std::string& out, const std::string& text) {
  out.append(text);
}
inline void AppendText(std::string& out, char character) {
  out.push_back(character);
}
inline void AppendText(std::string& out, bool value) {
  out.append(value ? "true" : "false");
}

template <class Number>
  requires((std::integral<Number> || std::floating_point<Number>) && !std::same_as<Number, bool> &&
           !std::same_as<Number, char>)
void AppendText(std::string& out, Number number) {
  char digits[64];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end.ptr);
}

}  // namespace internal

// The arguments one after the other: text, characters, bool as true/false, integers, and floating
// point as the shortest text that reads back as the same number.
template <class... Args>
std::string Concat(const Args&... args) {
  std::string out;
  (internal::AppendText(out, args), ...);
  return out;
}

// The parts between separators, empty ones included; one part if there is no separator. They point
// into `text`.
std::vector<std::string_view> Split(std::string_view text, char separator);

// Without the blanks, tabs and line ends at both ends. Points into `text`.
std::string_view Trim(std::string_view text);

// ASCII letters made small; other bytes stay.
std::string ToLower(std::string_view text);

template <class Range>
std::string Join(const Range& parts, std::string_view separator) {
  std::string out;
  bool first = true;
  for (const auto& part : parts) {
    if (!first) out.append(separator);
    first = false;
    internal::AppendText(out, part);
  }
  return out;
}

// The whole of `text` is one decimal number: an optional '-', digits, nothing else, within the
// type's range. The error quotes the text.
Result<std::int64_t> ParseInt64(std::string_view text);
Result<std::uint64_t> ParseUint64(std::string_view text);
// As strtod's decimal form; no blanks, no hex, must be finite.
Result<double> ParseDouble(std::string_view text);

}  // namespace weir
