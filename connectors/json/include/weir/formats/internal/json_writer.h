// The untyped half of writing JSON: escapes, and the checks of text.
#pragma once

#include <string>
#include <string_view>

namespace weir::json::internal {

// Appends `text` in quotes. False, with `out` as it was, when it is not UTF-8: JSON has no other.
bool AppendString(std::string_view text, std::string& out);
// Numbers that JSON lacks are strings: "NaN", "Infinity", "-Infinity".
void AppendDouble(double value, std::string& out);
void AppendFloat(float value, std::string& out);
// False unless it is one of those strings.
bool ParseSpecialDouble(std::string_view text, double& value);

}  // namespace weir::json::internal
