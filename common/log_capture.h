// LogCapture: what the process logs, for tests that check what is said (or that a secret is not).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/logging.h"
#include "common/mutex.h"

namespace weir {

// While it lives, every line of the process at or above `level` comes here instead of the
// configured place. One at a time (a second aborts). Any thread may log meanwhile.
class LogCapture {
 public:
  struct Line {
    LogLevel level;
    std::string component;
    std::string message;
  };

  explicit LogCapture(LogLevel level = LogLevel::kTrace);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  std::vector<Line> lines() const;
  // Whether a line's message holds `text`.
  bool Contains(std::string_view text) const;

  // For logging.cc: keeps one line.
  void Add(LogLevel level, std::string_view component, std::string_view message);

 private:
  const LogLevel previous_level_;
  mutable Mutex mutex_;
  std::vector<Line> lines_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir
