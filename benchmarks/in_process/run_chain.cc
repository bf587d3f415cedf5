#include <algorithm>
#include <ctime>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "benchmarks/in_process/coordinators.h"
#include "benchmarks/in_process/run_job.h"

namespace benchmarks {
namespace {

using weir::Status;
namespace internal = weir::internal;

class Runtime final : public weir::RuntimeContext, weir::MetricGroup, weir::Logger {
 public:
  const weir::TaskInformation& task() const override { return task_; }
  weir::MetricGroup& metrics() override { return *this; }
  weir::Accumulator& accumulator(std::string_view name, weir::Accumulator::Kind kind) override {
    return accumulators_.try_emplace(std::string(name), kind).first->second;
  }
  weir::Logger& logger() override { return *this; }

 private:
  weir::Counter& counter(std::string_view name) override { return counters_[std::string(name)]; }
  weir::Gauge& gauge(std::string_view name) override { return gauges_[std::string(name)]; }
  bool Enabled(weir::LogLevel) const override { return false; }
  void Log(weir::LogLevel, std::string_view) override {}

  weir::TaskInformation task_;
  std::map<std::string, weir::Counter> counters_;
  std::map<std::string, weir::Gauge> gauges_;
  std::map<std::string, weir::Accumulator> accumulators_;
};

struct NoAvailability final : internal::Availability {
  void NotifyAvailable() override {}
};

// Of a chain without outputs.
class LoopContext final : public internal::ChainContext {
 public:
  weir::RuntimeContext& runtime() override { return runtime_; }
  std::uint32_t output_count() const override { return 0; }
  std::uint32_t channel_count(std::uint32_t) const override { return 0; }
  internal::OutputChannel& channel(std::uint32_t, std::uint32_t) override { std::abort(); }
  std::uint32_t batch_capacity(std::uint32_t) const override { return 0; }
  std::shared_ptr<internal::Availability> availability() override { return availability_; }
  bool ParkUntil(const std::function<bool()>& ready) override {
    while (!ready()) {
    }
    return true;
  }
  bool canceled() const override { return false; }
  void EnterOperator(std::uint32_t) override {}
  void SendToCoordinator(std::uint32_t operator_index, std::string payload) override {
    sent.emplace_back(operator_index, std::move(payload));
  }
  std::int64_t processing_time_ms() const override { return 0; }
  std::int64_t unhindered_time_ns() const override { return 0; }
  void SetTimer(std::int64_t) override {}
  std::int64_t auto_watermark_interval_ms() const override { return 0; }

  std::deque<std::pair<std::uint32_t, std::string>> sent;

 private:
  Runtime runtime_;
  std::shared_ptr<internal::Availability> availability_ = std::make_shared<NoAvailability>();
};

struct Delivered {
  std::uint32_t operator_index = 0;
  std::string payload;
};

// Carries events between the chain and its coordinators until there are none.
Status ExchangeEvents(LoopContext& context, Coordinators& coordinators,
                      std::deque<Delivered>& delivered, internal::Chain& chain) {
  while (!context.sent.empty() || !delivered.empty()) {
    if (!context.sent.empty()) {
      const auto [index, payload] = std::move(context.sent.front());
      context.sent.pop_front();
      WEIR_RETURN_IF_ERROR(coordinators.OnEvent(0, index, 0, payload));
    }
    if (!delivered.empty()) {
      const Delivered event = std::move(delivered.front());
      delivered.pop_front();
      WEIR_RETURN_IF_ERROR(chain.OnCoordinatorEvent(event.operator_index, event.payload));
    }
  }
  return Status::Ok();
}

double ThreadCpuMs() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

// Until nothing is pending and no timer is due.
Status Settle(internal::Chain& chain) {
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const bool drained, chain.Drain());
    if (!drained) continue;
    if (!chain.timers_due()) return Status::Ok();
    WEIR_RETURN_IF_ERROR(chain.FireTimers());
  }
}

// Takes a block of records to the end of the chain. False: the input has ended.
weir::Result<bool> Step(internal::Chain& chain) {
  WEIR_ASSIGN_OR_RETURN(const internal::PollStatus polled, chain.Poll());
  if (polled == internal::PollStatus::kEndOfInput) return false;
  WEIR_RETURN_IF_ERROR(Settle(chain));
  return true;
}

}  // namespace

Status RunChain(const internal::CompiledJob& job, double* longest_step_ms) {
  if (job.graph().vertices.size() != 1 || job.graph().vertices[0].parallelism != 1) {
    return Status::InvalidArgument("the job is no single chain of parallelism 1");
  }
  LoopContext context;
  std::deque<Delivered> delivered;
  Coordinators coordinators(
      job, [&delivered](std::uint32_t, std::uint32_t index, std::uint32_t, std::string payload) {
        delivered.push_back({index, std::move(payload)});
      });
  WEIR_RETURN_IF_ERROR(coordinators.Start());
  const std::unique_ptr<internal::Chain> chain = job.CreateChain(0, context);
  WEIR_RETURN_IF_ERROR(chain->Open());
  WEIR_RETURN_IF_ERROR(coordinators.SubtaskReady(0, 0));
  for (;;) {
    WEIR_RETURN_IF_ERROR(ExchangeEvents(context, coordinators, delivered, *chain));
    const double begin_ms = longest_step_ms == nullptr ? 0 : ThreadCpuMs();
    WEIR_ASSIGN_OR_RETURN(const bool more, Step(*chain));
    if (!more) break;
    if (longest_step_ms != nullptr) {
      *longest_step_ms = std::max(*longest_step_ms, ThreadCpuMs() - begin_ms);
    }
  }
  for (;;) {
    WEIR_RETURN_IF_ERROR(Settle(*chain));
    WEIR_ASSIGN_OR_RETURN(const bool finished, chain->Finish());
    if (finished) break;
  }
  return chain->Close();
}

}  // namespace benchmarks
