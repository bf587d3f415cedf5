#include "jobmanager/rest/identifiers.h"

#include <algorithm>

#include "common/text.h"

namespace weir::rest {

namespace {

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kFileNameBytes = 100;

bool IsSmallHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool IsSafe(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

Status CheckHexId(std::string_view what, std::string_view id) {
  if (id.size() == kIdDigits && std::all_of(id.begin(), id.end(), IsSmallHexDigit)) {
    return Status::Ok();
  }
  return Status::InvalidArgument(Concat(what, " '", id, "' is not 32 hex digits"));
}

std::string SafeFileName(std::string_view file_name) {
  std::size_t slash = file_name.find_last_of("/\\");
  if (slash != std::string_view::npos) file_name.remove_prefix(slash + 1);
  if (file_name.size() > kFileNameBytes) {
    file_name.remove_prefix(file_name.size() - kFileNameBytes);
  }
  std::string safe(file_name);
  for (char& c : safe) c = IsSafe(c) ? c : '_';
  if (safe.find_first_not_of('.') == std::string::npos) safe = "plugin.so";
  return safe;
}

}  // namespace weir::rest
