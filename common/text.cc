#include "common/text.h"

#include <cmath>
#include <system_error>

namespace weir {

namespace {

template <class Number>
Result<Number> ParseNumber(std::string_view text, std::string_view kind) {
  Number number{};
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, number);
  if (result.ec == std::errc::result_out_of_range) {
    return Status::InvalidArgument(Concat("'", text, "' is out of range for ", kind));
  }
  if (result.ec != std::errc() || result.ptr != end) {
    return Status::InvalidArgument(Concat("'", text, "' is not ", kind));
  }
  return number;
}

}  // namespace

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& character : lower) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return lower;
}

Result<std::int64_t> ParseInt64(std::string_view text) {
  return ParseNumber<std::int64_t>(text, "an integer");
}

Result<std::uint64_t> ParseUint64(std::string_view text) {
  return ParseNumber<std::uint64_t>(text, "an integer that is not negative");
}

Result<double> ParseDouble(std::string_view text) {
  Result<double> number = ParseNumber<double>(text, "a number");
  if (number.ok() && !std::isfinite(*number)) {
    return Status::InvalidArgument(Concat("'", text, "' is not a finite number"));
  }
  return number;
}

}  // namespace weir
