#include "jobmanager/rest/json_text.h"

#include <nlohmann/json.hpp>

namespace weir::rest {

std::string JsonText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir::rest
