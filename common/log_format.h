// How a server writes the lines of its log.
#pragma once

namespace weir {

enum class LogFormat {
  kText,  // the line that common/logging.h documents
  kJson,  // common/json_log_formatter.h
};

}  // namespace weir
