// Lets so many records pass in a second. What is too early waits here, at most a batch, as the
// operator then holds back input; it is operator state. The task's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <weir/collector.h>
#include <weir/internal/checkpointed_function.h>
#include <weir/internal/input.h>
#include <weir/internal/operator.h>
#include <weir/operator_state.h>
#include <weir/rate_limiter.h>

namespace weir::internal {

// Of all subtasks together.
struct RecordRate {
  double records_per_second = 0;
};

template <class T>
class RateLimitOperator final : public Operator, public Input<T>, private HoldingOperator {
 public:
  static constexpr const char* kStateName = "weir.rate-limit";

  RateLimitOperator(const OperatorContext& context, const RecordRate& rate, Input<T>& output)
      : context_(context),
        output_(output),
        records_per_second_(rate.records_per_second / context.chain->runtime().parallelism()),
        collector_(context, output) {}

  AnyInput* input(std::uint32_t) override { return this; }
  HoldingOperator* holding() override { return this; }

  Status InitializeState(const OperatorStateSnapshot* restored) override {
    WEIR_RETURN_IF_ERROR(CheckAllRestored(restored, {kStateName}));
    WaitingState waiting{kStateName};
    WEIR_RETURN_IF_ERROR(LoadOperatorState(waiting, restored));
    for (const auto& [timestamp_ms, record] : waiting.Get()) {
      waiting_.push_back(Record{record, timestamp_ms});
    }
    return Status::Ok();
  }
  Status SnapshotState(std::uint64_t, OperatorStateSnapshot& out) override {
    WaitingState waiting{kStateName};
    for (const Element& element : waiting_) {
      const auto* record = std::get_if<Record>(&element);
      if (record != nullptr) waiting.Add({record->timestamp_ms, record->record});
    }
    out.push_back(waiting.Save());
    return Status::Ok();
  }

  void Push(Batch<T>& in) override {
    if (waiting_.empty() && Available() >= in.size()) {
      limiter_->Take(in.size());
      return output_.Push(in);
    }
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      waiting_.push_back(Record{std::move(in[i]), in.timestamp(i)});
    }
    Emit();
  }
  void OnWatermark(Watermark watermark) override {
    if (waiting_.empty()) return output_.OnWatermark(watermark);
    waiting_.push_back(watermark);
  }
  void OnWatermarkStatus(WatermarkStatus status) override {
    if (waiting_.empty()) return output_.OnWatermarkStatus(status);
    waiting_.push_back(status);
  }

  bool HoldsInput() const override { return !waiting_.empty(); }
  Result<bool> Resume() override { return Emit(); }
  // Resume() comes before the next step.
  Status OnProcessingTime(std::int64_t) override { return Status::Ok(); }
  Result<bool> Finish() override { return waiting_.empty(); }

 private:
  using WaitingState = ListOfItems<std::pair<std::int64_t, T>, OperatorStateMode::kSplit>;
  struct Record {
    T record;
    std::int64_t timestamp_ms;
  };
  using Element = std::variant<Record, Watermark, WatermarkStatus>;
  static constexpr std::int64_t kNanosPerMilli = 1'000'000;

  std::int64_t Available() {
    const std::int64_t now_ns = context_.chain->processing_time_ms() * kNanosPerMilli;
    // A wall clock that was set back holds up nothing.
    if (!limiter_ || now_ns < last_ns_)
      limiter_.emplace(records_per_second_, now_ns, kNanosPerMilli);
    last_ns_ = now_ns;
    return limiter_->Available(now_ns);
  }

  // Whether anything was emitted.
  bool Emit() {
    if (waiting_.empty()) return false;
    const std::int64_t available = Available();
    std::int64_t left = available;
    bool emitted = false;
    // Timers that a watermark made due come before what is behind it.
    while (!waiting_.empty() && !context_.timers->any_due()) {
      if (auto* record = std::get_if<Record>(&waiting_.front())) {
        if (left == 0) break;
        --left;
        collector_.CollectWithTimestamp(std::move(record->record), record->timestamp_ms);
      } else {
        EmitControl();
      }
      waiting_.pop_front();
      emitted = true;
    }
    collector_.Finish();
    limiter_->Take(available - left);
    Arm();
    return emitted;
  }
  void EmitControl() {
    collector_.Finish();
    if (const auto* watermark = std::get_if<Watermark>(&waiting_.front())) {
      output_.OnWatermark(*watermark);
    } else {
      output_.OnWatermarkStatus(std::get<WatermarkStatus>(waiting_.front()));
    }
  }
  void Arm() {
    if (waiting_.empty()) return context_.SetTimer(kNoTimer);
    context_.SetTimer((limiter_->next_portion_ns() + kNanosPerMilli - 1) / kNanosPerMilli);
  }

  const OperatorContext context_;
  Input<T>& output_;
  const double records_per_second_;
  std::optional<RateLimiter> limiter_;  // since the first record
  std::int64_t last_ns_ = 0;
  std::deque<Element> waiting_;
  Collector<T> collector_;
};

}  // namespace weir::internal
