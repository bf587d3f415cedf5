// Async I/O: calls the function for as many records as may be under way, and passes results on in
// the order that its queue allows.
//
// Records not yet called for wait here, at most a batch, as the operator then holds back input.
// What is not passed on is operator state; restored, calls are made again. The task's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <weir/async_function.h>
#include <weir/collector.h>
#include <weir/internal/async/async_element_queue.h>
#include <weir/internal/async/async_options.h>
#include <weir/internal/operators/one_input_operator.h>

namespace weir::internal {

template <class T, class U, class F>
class AsyncWaitOperator final : public OneInputOperator<T, U, F>, private HoldingOperator {
 public:
  static constexpr const char* kStateName = "weir.async";
  static constexpr bool kHandlesErrors = true;
  using Base = OneInputOperator<T, U, F>;

  AsyncWaitOperator(const OperatorContext& context, const AsyncPrototype<F, U>& prototype,
                    Input<U>& output)
      : Base(context, prototype.function, output),
        options_(prototype.options),
        retry_(prototype.retry),
        queue_(options_.mode, options_.capacity),
        mailbox_(std::make_shared<AsyncMailbox<U>>(context.chain->availability())),
        collector_(context, output) {}
  ~AsyncWaitOperator() override { mailbox_->Close(); }

  Status InitializeState(const OperatorStateSnapshot* restored) override {
    std::vector<std::string> names = OperatorStateNamesOf(this->function_);
    names.emplace_back(kStateName);
    WEIR_RETURN_IF_ERROR(CheckAllRestored(restored, names));
    InFlightState in_flight{std::string(kStateName)};
    WEIR_RETURN_IF_ERROR(LoadOperatorState(in_flight, restored));
    for (const auto& [timestamp_ms, record] : in_flight.Get()) {
      waiting_.push_back(Record{record, timestamp_ms});
    }
    return InitializeFunctionState(this->function_, this->context_.chain->runtime(), restored);
  }
  Status SnapshotState(std::uint64_t checkpoint_id, OperatorStateSnapshot& out) override {
    InFlightState in_flight{std::string(kStateName)};
    const auto add = [&](const T& record, std::int64_t time_ms) {
      in_flight.Add({time_ms, record});
    };
    queue_.ForEachRecord(add);
    for (const Element& element : waiting_) {
      if (const auto* waiting = std::get_if<Record>(&element))
        add(waiting->record, waiting->timestamp_ms);
    }
    out.push_back(in_flight.Save());
    return Base::SnapshotState(checkpoint_id, out);
  }
  Status Open() override {
    WEIR_RETURN_IF_ERROR(Base::Open());
    AdmitWaiting();
    return Status::Ok();
  }
  Status Close() override {
    mailbox_->Close();
    return Base::Close();
  }
  HoldingOperator* holding() override { return this; }

  void Push(Batch<T>& in) override {
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      waiting_.push_back(Record{std::move(in[i]), in.timestamp(i)});
    }
    AdmitWaiting();
  }
  void OnWatermark(Watermark watermark) override { AddControl(watermark); }
  void OnWatermarkStatus(WatermarkStatus status) override { AddControl(status); }
  bool HoldsInput() const override { return !waiting_.empty() || queue_.full(); }
  Result<bool> Resume() override {
    bool emitted = false;
    for (;;) {
      WEIR_RETURN_IF_ERROR(TakeCompletions());
      const bool more = EmitReady();
      emitted = emitted || more;
      // Timers that a watermark made due come before what is behind it.
      if (this->context_.timers->any_due()) break;
      if (!AdmitWaiting() && !more) break;
    }
    ArmTimer();
    return emitted;
  }
  Status OnProcessingTime(std::int64_t now_ms) override {
    armed_ms_ = kNoTimer;
    WEIR_RETURN_IF_ERROR(TakeCompletions());  // what is there is not overdue
    WEIR_RETURN_IF_ERROR(EndOverdue(now_ms));
    WEIR_RETURN_IF_ERROR(TakeCompletions());
    while (const auto retry = retries_.TakeDue(now_ms)) {
      if (queue_.holds(retry->entry, retry->call)) Call(retry->entry);
    }
    ArmTimer();
    return Status::Ok();
  }
  Result<bool> Finish() override { return waiting_.empty() && queue_.empty(); }

 private:
  using Queue = AsyncElementQueue<T, U>;
  using InFlightState = ListOfItems<std::pair<std::int64_t, T>, OperatorStateMode::kSplit>;
  struct Record {
    T record;
    std::int64_t timestamp_ms;
  };
  using Control = typename Queue::Control;
  using Element = std::variant<Record, Control>;

  void AddControl(const Control& control) {
    waiting_.push_back(control);
    AdmitWaiting();
  }
  bool AdmitWaiting() {  // whether any was
    bool admitted = false;
    while (!waiting_.empty()) {
      if (auto* record = std::get_if<Record>(&waiting_.front())) {
        if (queue_.full()) break;
        const std::uint32_t index = queue_.Add(std::move(record->record), record->timestamp_ms);
        if (options_.timeout_ms > 0) {
          queue_.entry(index).deadline_ms =
              this->context_.chain->processing_time_ms() + options_.timeout_ms;
        }
        waiting_.pop_front();
        Call(index);
      } else {
        queue_.Add(std::get<Control>(waiting_.front()));
        waiting_.pop_front();
      }
      admitted = true;
    }
    if (admitted) ArmTimer();
    return admitted;
  }

  // From now on only this call of the entry counts.
  std::shared_ptr<AsyncCall<U>> NewCall(std::uint32_t index) {
    queue_.entry(index).call = ++calls_;
    return std::make_shared<AsyncCall<U>>(mailbox_, index, calls_);
  }
  void Call(std::uint32_t index) {
    this->context_.Enter();
    BeginCall<T>(this->context_, this->function_, queue_.entry(index).record, NewCall(index));
  }

  Status TakeCompletions() {
    for (const auto& completion : mailbox_->TakeAll()) {
      if (!queue_.holds(completion->entry, completion->call)) continue;  // it was too late
      auto& entry = queue_.entry(completion->entry);
      this->context_.Enter();
      if (!entry.timed_out &&
          retry_.ShallRetry(entry.retries, completion->results, completion->error)) {
        Postpone(completion->entry);
      } else if (completion->error.ok()) {
        queue_.Complete(completion->entry, std::move(completion->results));
      } else {
        WEIR_RETURN_IF_ERROR(Reject(completion->entry, completion->error));
      }
    }
    return Status::Ok();
  }
  // A call has failed for good. With an error policy its record has no results.
  Status Reject(std::uint32_t index, const Status& error) {
    WEIR_RETURN_IF_ERROR(HandleFailedCall(this->context_, queue_.entry(index), error));
    queue_.Complete(index, {});
    return Status::Ok();
  }
  void Postpone(std::uint32_t index) {
    auto& entry = queue_.entry(index);
    entry.call = ++calls_;
    retries_.Add({this->context_.chain->processing_time_ms() + retry_.DelayMs(entry.retries), index,
                  entry.call});
    ++entry.retries;
  }

  // Gives up the calls whose time is over, retries and all.
  Status EndOverdue(std::int64_t now_ms) {
    if (options_.timeout_ms <= 0) return Status::Ok();
    std::uint32_t next = queue_.oldest_incomplete();
    while (next != Queue::kNone && queue_.entry(next).deadline_ms <= now_ms) {
      const std::uint32_t index = std::exchange(next, queue_.entry(next).next);
      WEIR_RETURN_IF_ERROR(EndOverdueEntry(index));
    }
    return Status::Ok();
  }
  Status EndOverdueEntry(std::uint32_t index) {
    auto& entry = queue_.entry(index);
    entry.timed_out = true;  // what Timeout() says is not retried
    this->context_.Enter();
    const Status ended = EndOverdueCall<T>(this->context_, this->function_, entry.record,
                                           NewCall(index), options_.timeout_ms);
    return ended.ok() ? ended : Reject(index, ended);
  }

  void PassOn(Watermark watermark) { this->output_.OnWatermark(watermark); }
  void PassOn(WatermarkStatus status) { this->output_.OnWatermarkStatus(status); }
  bool EmitReady() {
    bool emitted = false;
    queue_.EmitReady(
        [&](typename Queue::Entry& entry) {
          for (U& result : entry.results) {
            collector_.CollectWithTimestamp(std::move(result), entry.timestamp_ms);
          }
          emitted = true;
        },
        [&](const Control& control) {
          collector_.Finish();
          std::visit([this](const auto& element) { this->PassOn(element); }, control);
          emitted = true;
          return !this->context_.timers->any_due();
        });
    collector_.Finish();
    return emitted;
  }

  // For the next retry, or the next call that may be overdue.
  void ArmTimer() {
    std::int64_t next_ms = retries_.next_ms();
    const std::uint32_t oldest = queue_.oldest_incomplete();
    if (options_.timeout_ms > 0 && oldest != Queue::kNone) {
      next_ms = std::min(next_ms, queue_.entry(oldest).deadline_ms);
    }
    if (next_ms != std::exchange(armed_ms_, next_ms)) this->context_.SetTimer(next_ms);
  }

  const AsyncOptions options_;
  const AsyncRetryStrategy<U> retry_;
  Queue queue_;
  std::deque<Element> waiting_;  // behind what is in the queue
  const std::shared_ptr<AsyncMailbox<U>> mailbox_;
  std::uint64_t calls_ = 0;
  AsyncRetries retries_;
  std::int64_t armed_ms_ = kNoTimer;
  Collector<U> collector_;
};

}  // namespace weir::internal
