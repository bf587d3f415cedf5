// The log of what serves HTTP.
#pragma once

#include "common/logging.h"

namespace weir {

// Any thread.
inline const ComponentLogger& HttpLog() {
  static const ComponentLogger log("http");
  return log;
}

}  // namespace weir
