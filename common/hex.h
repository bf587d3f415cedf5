// Bytes as lower-case hex digits, and back.
#pragma once

#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir {

std::string ToHex(std::string_view bytes);

// Either case; an odd number of digits or anything else is an error.
Result<std::string> FromHex(std::string_view digits);

}  // namespace weir
