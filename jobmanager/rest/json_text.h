// The JSON of answers.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace weir::rest {

// Members keep the order in which they are written, as people compare answers by eye.
using Json = nlohmann::ordered_json;

// Bytes that are not UTF-8 (a job's name, a message of a library) are replaced, not thrown about.
std::string JsonText(const Json& json);

}  // namespace weir::rest
