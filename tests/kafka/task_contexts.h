// What the engine gives to readers and writers, for tests that drive those directly.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/runtime_context.h>
#include <weir/sink.h>
#include <weir/source.h>

namespace weir::test {

// Counts the notifications; a driver waits for the next one. Any thread.
class CountingAvailability final : public internal::Availability {
 public:
  void NotifyAvailable() override {
    {
      const std::lock_guard lock(mutex_);
      ++notifications_;
    }
    changed_.notify_all();
  }
  std::uint64_t notifications() const {
    const std::lock_guard lock(mutex_);
    return notifications_;
  }
  // Until there have been more than `seen`; false when the deadline passes first.
  bool WaitForMoreThan(std::uint64_t seen, std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [&] { return notifications_ > seen; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t notifications_ = 0;
};

// Keeps every line. Any thread.
class RecordingLogger final : public Logger {
 public:
  bool Enabled(LogLevel level) const override { return level >= LogLevel::kInfo; }
  void Log(LogLevel level, std::string_view message) override {
    if (!Enabled(level)) return;
    const std::lock_guard lock(mutex_);
    text_ += std::string(message) + "\n";
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

class TestMetricGroup final : public MetricGroup {
 public:
  Counter& counter(std::string_view name) override { return counters_[std::string(name)]; }
  Gauge& gauge(std::string_view name) override { return gauges_[std::string(name)]; }

 private:
  std::map<std::string, Counter> counters_;
  std::map<std::string, Gauge> gauges_;
};

class TestRuntimeContext final : public RuntimeContext {
 public:
  TestRuntimeContext(std::uint32_t subtask, std::uint32_t parallelism) {
    task_.job_id = "fedcba9876543210fedcba9876543210";
    task_.subtask_index = subtask;
    task_.parallelism = parallelism;
  }
  const TaskInformation& task() const override { return task_; }
  TestMetricGroup& metrics() override { return metrics_; }
  Accumulator& accumulator(std::string_view name, Accumulator::Kind kind) override {
    return accumulators_.try_emplace(std::string(name), kind).first->second;
  }
  RecordingLogger& logger() override { return logger_; }

 private:
  TaskInformation task_;
  TestMetricGroup metrics_;
  std::map<std::string, Accumulator> accumulators_;
  RecordingLogger logger_;
};

// One subtask; its availability may be shared, so that one thread can drive several.
class TestReaderContext final : public SourceReaderContext {
 public:
  TestReaderContext(std::uint32_t subtask, std::uint32_t parallelism,
                    std::shared_ptr<CountingAvailability> availability)
      : runtime_(subtask, parallelism), availability_(std::move(availability)) {}
  TestRuntimeContext& runtime() override { return runtime_; }
  std::shared_ptr<internal::Availability> availability() override { return availability_; }
  void RequestSplit() override {}
  std::uint32_t CreateSplitOutput() override { return ++split_outputs_; }
  void ReleaseSplitOutput(std::uint32_t split_output) override {
    released_split_outputs.push_back(split_output);
  }
  Status HandleBadRecord(const BadRecord& record) override {
    bad_records.push_back(record.origin + ": " + std::string(record.bytes));
    return keep_on ? Status::Ok() : SourceReaderContext::HandleBadRecord(record);
  }
  std::vector<std::uint32_t> released_split_outputs;
  std::vector<std::string> bad_records;
  bool keep_on = false;  // as with a policy that drops them

 private:
  std::uint32_t split_outputs_ = 0;
  TestRuntimeContext runtime_;
  std::shared_ptr<CountingAvailability> availability_;
};

class TestWriterContext final : public SinkWriterContext {
 public:
  TestWriterContext(std::uint32_t subtask, std::uint32_t parallelism)
      : runtime_(subtask, parallelism), availability_(std::make_shared<CountingAvailability>()) {}
  TestRuntimeContext& runtime() override { return runtime_; }
  std::shared_ptr<internal::Availability> availability() override { return availability_; }
  std::string_view operator_id() const override { return "0123456789abcdef0123456789abcdef"; }
  CountingAvailability& counting() { return *availability_; }

 private:
  TestRuntimeContext runtime_;
  std::shared_ptr<CountingAvailability> availability_;
};

}  // namespace weir::test
