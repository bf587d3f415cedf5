// The SDK's Logger on the worker's log.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <weir/runtime_context.h>

#include "common/logging.h"

namespace weir::worker {

// Any thread.
class ComponentTaskLogger final : public Logger {
 public:
  explicit ComponentTaskLogger(std::string component) : log_(std::move(component)) {}
  bool Enabled(LogLevel level) const override { return ComponentLogger::Enabled(level); }
  void Log(LogLevel level, std::string_view message) override { log_.Log(level, message); }

 private:
  const ComponentLogger log_;
};

}  // namespace weir::worker
