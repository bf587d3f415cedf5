// Checks of what clients name things with.
#pragma once

#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir::rest {

// 32 hex digits in small letters; else kInvalidArgument that begins with `what`.
Status CheckHexId(std::string_view what, std::string_view id);

// A client's file name without its folders, with every character outside [A-Za-z0-9._-] made '_',
// its last 100 at most. Never empty, never "." or "..".
std::string SafeFileName(std::string_view file_name);

}  // namespace weir::rest
