// A ChainContext without an engine: channels that keep what is written to them, credit that the
// test sets. For tests of operators and of anything that drives a chain.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/runtime_context.h>

namespace weir::testing {

// Keeps the lines. Any thread logs; look at them when none does.
class FakeLogger final : public Logger {
 public:
  bool Enabled(LogLevel) const override { return true; }
  void Log(LogLevel, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    lines.emplace_back(message);
  }
  std::vector<std::string> lines;

 private:
  std::mutex mutex_;
};

class FakeRuntimeContext final : public RuntimeContext, private MetricGroup {
 public:
  TaskInformation information;
  FakeLogger fake_logger;
  std::map<std::string, Counter, std::less<>> counters;
  std::map<std::string, Gauge, std::less<>> gauges;
  std::map<std::string, std::unique_ptr<Accumulator>, std::less<>> accumulators;

  const TaskInformation& task() const override { return information; }
  MetricGroup& metrics() override { return *this; }
  Accumulator& accumulator(std::string_view name, Accumulator::Kind kind) override {
    auto& found = accumulators[std::string(name)];
    if (!found) found = std::make_unique<Accumulator>(kind);
    return *found;
  }
  Logger& logger() override { return fake_logger; }

 private:
  Counter& counter(std::string_view name) override { return counters[std::string(name)]; }
  Gauge& gauge(std::string_view name) override { return gauges[std::string(name)]; }
};

class FakeOutputChannel final : public internal::OutputChannel {
 public:
  using Element = std::variant<std::unique_ptr<internal::AnyBatch>, internal::ControlElement>;

  void Write(std::unique_ptr<internal::AnyBatch> batch) override {
    written.emplace_back(std::move(batch));
    if (credit > 0) --credit;
  }
  void WriteControl(const internal::ControlElement& element) override {
    written.emplace_back(element);
  }
  bool HasCredit() const override { return credit != 0; }
  std::uint32_t Backlog() const override { return backlog; }
  std::unique_ptr<internal::AnyBatch> TakeRecycled() override {
    if (recycled.empty()) return nullptr;
    auto batch = std::move(recycled.back());
    recycled.pop_back();
    return batch;
  }

  std::deque<Element> written;
  std::vector<std::unique_ptr<internal::AnyBatch>> recycled;
  int credit = -1;  // batches; negative: no end
  std::uint32_t backlog = 0;
};

// Counts notifications of any number of tasks. Any thread.
class NotificationCount {
 public:
  void Increment() {
    {
      const std::lock_guard lock(mutex_);
      ++count_;
    }
    changed_.notify_all();
  }
  std::uint64_t value() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  // Until the count is no more `seen`. False: the time is up.
  bool WaitForMore(std::uint64_t seen, std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [&] { return count_ != seen; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t count_ = 0;
};

// Any thread.
class FakeAvailability final : public internal::Availability {
 public:
  explicit FakeAvailability(std::shared_ptr<NotificationCount> also_counts = nullptr)
      : also_counts_(std::move(also_counts)) {}
  void NotifyAvailable() override {
    ++notified;
    if (also_counts_) also_counts_->Increment();
  }
  std::atomic<int> notified{0};

 private:
  const std::shared_ptr<NotificationCount> also_counts_;
};

class FakeChainContext final : public internal::ChainContext {
 public:
  // `channels[i]`: how many channels output i has.
  explicit FakeChainContext(const std::vector<std::uint32_t>& channels = {},
                            std::uint32_t capacity = internal::kMaximumBatchCapacity)
      : capacity_(capacity) {
    for (std::uint32_t count : channels) {
      auto& output = outputs.emplace_back();
      for (std::uint32_t i = 0; i < count; ++i) {
        output.push_back(std::make_unique<FakeOutputChannel>());
      }
    }
  }

  RuntimeContext& runtime() override { return fake_runtime; }
  std::uint32_t output_count() const override { return static_cast<std::uint32_t>(outputs.size()); }
  std::uint32_t channel_count(std::uint32_t output) const override {
    return static_cast<std::uint32_t>(outputs[output].size());
  }
  internal::OutputChannel& channel(std::uint32_t output, std::uint32_t channel) override {
    return *outputs[output][channel];
  }
  std::uint32_t batch_capacity(std::uint32_t) const override { return capacity_; }
  std::shared_ptr<internal::Availability> availability() override { return fake_availability; }
  // Asks at most `park_patience` times, as if each time something had become available.
  bool ParkUntil(const std::function<bool()>& ready) override {
    ++parked;
    if (is_canceled) return false;
    for (int i = 0; i < park_patience; ++i) {
      if (while_parked) while_parked();
      if (ready()) return true;
    }
    is_canceled = true;
    return false;
  }
  bool canceled() const override { return is_canceled; }
  void EnterOperator(std::uint32_t operator_index) override { entered.push_back(operator_index); }
  void SendToCoordinator(std::uint32_t operator_index, std::string payload) override {
    sent.emplace_back(operator_index, std::move(payload));
  }
  std::int64_t processing_time_ms() const override { return processing_time; }
  std::int64_t unhindered_time_ns() const override { return unhindered_ms * 1'000'000; }
  void SetTimer(std::int64_t time_ms) override { timer_ms = time_ms; }
  std::int64_t auto_watermark_interval_ms() const override { return watermark_interval_ms; }
  // Made where a test says how; else keyed state is in memory.
  internal::KeyedStores* keyed_stores(std::uint32_t operator_index) override {
    auto& stores = stores_[operator_index];
    if (!stores && make_stores) stores = make_stores();
    return stores.get();
  }
  bool checkpoints_enabled() const override { return takes_checkpoints; }
  bool starts_from_checkpoint() const override { return from_checkpoint; }

  FakeRuntimeContext fake_runtime;
  std::vector<std::vector<std::unique_ptr<FakeOutputChannel>>> outputs;
  std::shared_ptr<FakeAvailability> fake_availability = std::make_shared<FakeAvailability>();
  using MakeStores = std::unique_ptr<internal::KeyedStores> (*)();
  // Of the contexts that are made from now on, also in other parts of the process.
  inline static MakeStores make_stores_by_default = nullptr;
  MakeStores make_stores = make_stores_by_default;  // of an operator
  int park_patience = 1000;
  int parked = 0;
  std::function<void()> while_parked;
  bool is_canceled = false;
  std::vector<std::uint32_t> entered;
  std::vector<std::pair<std::uint32_t, std::string>> sent;
  std::int64_t processing_time = 1'700'000'000'000;
  std::int64_t unhindered_ms = 0;
  std::int64_t timer_ms = internal::kNoTimer;
  std::int64_t watermark_interval_ms = 200;
  bool takes_checkpoints = false;
  bool from_checkpoint = false;

 private:
  const std::uint32_t capacity_;
  std::map<std::uint32_t, std::unique_ptr<internal::KeyedStores>> stores_;  // by operator
};

}  // namespace weir::testing
