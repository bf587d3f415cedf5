// What a rich function, a source reader and a sink writer may ask about where they run.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir {

enum class LogLevel : std::uint8_t { kTrace = 0, kDebug = 1, kInfo = 2, kWarning = 3, kError = 4 };

// Writes lines to the worker's log, marked with the task. Any thread.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool Enabled(LogLevel level) const = 0;
  virtual void Log(LogLevel level, std::string_view message) = 0;

  void Debug(std::string_view message) { Log(LogLevel::kDebug, message); }
  void Info(std::string_view message) { Log(LogLevel::kInfo, message); }
  void Warning(std::string_view message) { Log(LogLevel::kWarning, message); }
  void Error(std::string_view message) { Log(LogLevel::kError, message); }
};

// A number that only grows. Written by one thread (the task's), read by any: no locked instruction.
class Counter {
 public:
  void Increment(std::uint64_t by = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A number that somebody sets. Written and read by any thread.
class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Named metrics of one task. Names are unique within a kind; asking twice gives the same object.
// The objects live as long as the task. The task's thread only (use the objects from where their
// own comments allow).
class MetricGroup {
 public:
  virtual ~MetricGroup() = default;
  virtual Counter& counter(std::string_view name) = 0;
  virtual Gauge& gauge(std::string_view name) = 0;
};

// A value that each subtask adds to and the JobManager merges over all subtasks (Flink's
// accumulators). Written by the task's thread, read by any.
class Accumulator {
 public:
  enum class Kind : std::uint8_t { kSum = 0, kMinimum = 1, kMaximum = 2 };
  explicit Accumulator(Kind kind) : kind_(kind) {}
  void Add(double value) {
    if (!touched_.load(std::memory_order_relaxed)) {
      value_.store(value, std::memory_order_relaxed);
      touched_.store(true, std::memory_order_release);
      return;
    }
    const double old = value_.load(std::memory_order_relaxed);
    const double merged = kind_ == Kind::kSum       ? old + value
                          : kind_ == Kind::kMinimum ? (value < old ? value : old)
                                                    : (value > old ? value : old);
    value_.store(merged, std::memory_order_relaxed);
  }
  Kind kind() const { return kind_; }
  bool touched() const { return touched_.load(std::memory_order_acquire); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  const Kind kind_;
  std::atomic<bool> touched_{false};
  std::atomic<double> value_{0};
};

// Who a subtask is.
struct TaskInformation {
  std::string job_id;  // 32 hex digits
  std::string job_name;
  std::string task_name;  // the vertex's name
  std::uint32_t subtask_index = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 128;
  std::uint32_t attempt = 0;  // 0 for the first
};

// Given to Open() of rich functions, readers and writers; lives as long as the task.
class RuntimeContext {
 public:
  virtual ~RuntimeContext() = default;
  virtual const TaskInformation& task() const = 0;
  virtual MetricGroup& metrics() = 0;
  // Asking twice for a name gives the same one; asking with another kind is an error of the program
  // and aborts the task with its name.
  virtual Accumulator& accumulator(std::string_view name, Accumulator::Kind kind) = 0;
  virtual Logger& logger() = 0;

  std::uint32_t subtask_index() const { return task().subtask_index; }
  std::uint32_t parallelism() const { return task().parallelism; }
  std::uint32_t attempt() const { return task().attempt; }
};

}  // namespace weir
