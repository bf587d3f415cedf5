// Parsing of the request target "/path?name=value" and of percent-encoding (RFC 3986; in queries
// "+" is a blank).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir {

struct HttpTarget {
  std::string path;                          // decoded, begins with "/"
  std::map<std::string, std::string> query;  // decoded; of repeated names the last counts
};

// kInvalidArgument when the target does not begin with "/" (after scheme and authority, if it has
// them) or holds a broken escape or a zero byte.
Result<HttpTarget> ParseHttpTarget(std::string_view target);

// Everything but letters, digits and "-._~" as %XX: safe in a path segment and in a query.
std::string PercentEncode(std::string_view text);

}  // namespace weir
