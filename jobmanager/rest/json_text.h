// The JSON of answers. For .cc files: it brings the whole of nlohmann's library.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace weir::rest {

// Members keep the order in which they are written, as people compare answers by eye.
using Json = nlohmann::ordered_json;

// Bytes that are not UTF-8 (a job's name, a message of a library) are replaced, not thrown about.
inline std::string JsonText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir::rest
