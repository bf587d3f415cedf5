// Logging: lines for the people who run a server.
//
//   const ComponentLogger log("scheduler");
//   log.Info("job ", job_id, " needs ", slots, " slots");
//
// writes `2026-01-02 03:04:05.678 INFO  scheduler  job 12ab… needs 4 slots` (local time). The
// arguments are put together (Concat) only when the level is on. Secrets are never handed to a
// logger: it cannot know them. Line ends inside a message are written as `\n`, so that no text from
// outside can forge a line.
//
// Everything here is safe from any thread. Where lines go and from which level on is one setting
// for the process.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <weir/runtime_context.h>
#include <weir/status.h>

#include "common/log_format.h"
#include "common/text.h"

namespace weir {

// "TRACE", "DEBUG", "INFO", "WARN", "ERROR".
std::string_view LogLevelName(LogLevel level);

struct LoggingOptions {
  LogLevel level = LogLevel::kInfo;
  // Appended to, made if missing (its folders too); empty is standard error.
  std::string file;
  LogFormat format = LogFormat::kText;
};

// Replaces where lines go and from which level on. Before the first call: INFO to standard error,
// as text. An error (the file cannot be written) leaves everything as it was.
Status ConfigureLogging(const LoggingOptions& options);

// Writes out what is buffered (lines below INFO can be). Called before `_exit`.
void FlushLogs();

// A component's name and the way to its lines: a cheap value, held by whoever logs. (`weir::Logger`
// is the SDK's interface for user functions; the worker implements that one with this class.)
class ComponentLogger {
 public:
  explicit ComponentLogger(std::string component) : component_(std::move(component)) {}

  const std::string& component() const { return component_; }

  // For arguments that are costly to make: `if (log.Enabled(LogLevel::kDebug)) …`.
  static bool Enabled(LogLevel level);

  template <class... Args>
  void Trace(const Args&... args) const {
    Log(LogLevel::kTrace, args...);
  }
  template <class... Args>
  void Debug(const Args&... args) const {
    Log(LogLevel::kDebug, args...);
  }
  template <class... Args>
  void Info(const Args&... args) const {
    Log(LogLevel::kInfo, args...);
  }
  template <class... Args>
  void Warning(const Args&... args) const {
    Log(LogLevel::kWarning, args...);
  }
  template <class... Args>
  void Error(const Args&... args) const {
    Log(LogLevel::kError, args...);
  }

  template <class... Args>
  void Log(LogLevel level, const Args&... args) const {
    if (Enabled(level)) Write(level, Concat(args...));
  }

 private:
  void Write(LogLevel level, std::string_view message) const;

  std::string component_;
};

}  // namespace weir
