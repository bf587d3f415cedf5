#include "common/http_target.h"

#include <utility>

namespace weir {

namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> PercentDecode(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_blank) {
      c = ' ';
    } else if (c == '%') {
      int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return Status::InvalidArgument("broken escape in the request target");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return Status::InvalidArgument("zero byte in the request target");
    decoded.push_back(c);
  }
  return decoded;
}

Result<std::map<std::string, std::string>> ParseQuery(std::string_view query) {
  std::map<std::string, std::string> parameters;
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    std::size_t equals = pair.find('=');
    WEIR_ASSIGN_OR_RETURN(std::string name, PercentDecode(pair.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      WEIR_ASSIGN_OR_RETURN(value, PercentDecode(pair.substr(equals + 1), true));
    }
    parameters[std::move(name)] = std::move(value);
  }
  return parameters;
}

}  // namespace

Result<HttpTarget> ParseHttpTarget(std::string_view target) {
  if (target.starts_with("http://")) {  // a proxy's absolute form
    std::size_t slash = target.find('/', 7);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (!target.starts_with("/")) {
    return Status::InvalidArgument("the request target does not begin with '/'");
  }
  target = target.substr(0, target.find('#'));
  std::size_t question = target.find('?');
  HttpTarget parsed;
  WEIR_ASSIGN_OR_RETURN(parsed.path, PercentDecode(target.substr(0, question), false));
  if (question != std::string_view::npos) {
    WEIR_ASSIGN_OR_RETURN(parsed.query, ParseQuery(target.substr(question + 1)));
  }
  return parsed;
}

std::string PercentEncode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded.push_back(c);
    } else {
      encoded.push_back('%');
      encoded.push_back(kHex[byte >> 4]);
      encoded.push_back(kHex[byte & 15]);
    }
  }
  return encoded;
}

}  // namespace weir
