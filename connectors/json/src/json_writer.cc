#include <array>
#include <cmath>
#include <limits>

#include <simdjson.h>

#include <weir/formats/internal/json_writer.h>
#include <weir/record_text.h>

namespace weir::json::internal {
namespace {

// What follows the backslash; 0: stands for itself; 'u': by its number.
constexpr std::array<char, 256> Escapes() {
  std::array<char, 256> escapes{};
  for (int i = 0; i < 0x20; ++i) escapes[static_cast<std::size_t>(i)] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
constexpr std::array<char, 256> kEscapes = Escapes();

template <class N>
void AppendFloating(N value, std::string& out) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    AppendNumber(value, out);
  }
}

}  // namespace

bool AppendString(std::string_view text, std::string& out) {
  if (!simdjson::validate_utf8(text.data(), text.size())) return false;
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char escape = kEscapes[static_cast<unsigned char>(text[i])];
    if (escape == 0) continue;
    out.append(text, written, i - written);
    written = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(text[i]);
      ((out += "00") += kDigits[byte >> 4]) += kDigits[byte & 15];
    }
  }
  out.append(text, written);
  out += '"';
  return true;
}

void AppendDouble(double value, std::string& out) {
  AppendFloating(value, out);
}
void AppendFloat(float value, std::string& out) {
  AppendFloating(value, out);
}

bool ParseSpecialDouble(std::string_view text, double& value) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (text == "Infinity" || text == "-Infinity") {
    value = text.front() == '-' ? -kInfinity : kInfinity;
  } else {
    return false;
  }
  return true;
}

}  // namespace weir::json::internal
