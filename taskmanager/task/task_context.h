// What a chain sees of the engine, and the bookkeeping of the step it is in: the operator entered,
// the time used, the wait of a parked call.
//
// Called by the thread that runs the chain (a step under the baton; Open() and Close() without),
// except MayResume() (whoever holds the baton while the call is parked) and what statistics read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/internal/chain.h>

#include "taskmanager/task/slot_page.h"
#include "taskmanager/task/task_mailbox.h"
#include "taskmanager/task/task_metrics.h"
#include "taskmanager/task/task_outputs.h"
#include "taskmanager/task/task_resources.h"
#include "taskmanager/task/task_runner.h"
#include "taskmanager/task/task_stores.h"
#include "taskmanager/task/time_accounting.h"

namespace weir::task {

class TaskContext final : public internal::ChainContext,
                          public RuntimeContext,
                          public OutputHost,
                          public ParkedCall {
 public:
  // `resources` and `runner` live longer.
  TaskContext(const TaskResources& resources, const TaskAttempt& attempt, std::uint32_t slot,
              TaskRunner& runner, std::shared_ptr<TaskMailbox> mailbox);

  // The chain is going to be run, by the calling thread, since `now_ns`.
  void Enter(RunningPhase phase, SlotPageEntry* entry, std::int64_t now_ns);
  // What the chain sent to its coordinators in Open() goes out. Call it once the task was reported
  // as running: before that the coordinator does not know the attempt and drops its events.
  void SendHeldEvents();
  // Before the chain is opened.
  void SetStartsFromCheckpoint() { starts_from_checkpoint_ = true; }
  // Before the chain is made. `stores` lives longer than the chain.
  void SetStores(TaskStores* stores) { stores_ = stores; }
  // It came back at `now_ns`.
  void Exit(std::int64_t now_ns, TimeUse use);

  // When the chain's timer is due on the monotonic clock; nothing if it has none.
  const std::optional<std::int64_t>& timer_ns() const { return timer_ns_; }
  // Forgets the timer if it is due in the present turn. True: it was.
  bool TakeDueTimer();

  // An error that the chain could not be told: the present call fails with it.
  const std::optional<Status>& failure() const { return failure_; }
  std::uint32_t entered_operator() const { return operator_index_; }
  // The error with the record that user code has thrown it for, where that is known.
  Status NameRecord(Status error);
  TaskOutputs& outputs() { return outputs_; }
  const TaskOutputs& outputs() const { return outputs_; }
  const TaskMetrics& task_metrics() const { return metrics_; }
  TimeAccounting& time() { return time_; }
  const TimeAccounting& time() const { return time_; }

  // internal::ChainContext
  RuntimeContext& runtime() override { return *this; }
  std::uint32_t output_count() const override { return outputs_.output_count(); }
  std::uint32_t channel_count(std::uint32_t output) const override {
    return outputs_.channel_count(output);
  }
  internal::OutputChannel& channel(std::uint32_t output, std::uint32_t channel) override {
    return outputs_.channel(output, channel);
  }
  std::uint32_t batch_capacity(std::uint32_t output) const override {
    return std::min(
        BatchCapacity(outputs_.channel_count(output), resources_.options.output_budget_records),
        resources_.options.maximum_batch_records);
  }
  std::shared_ptr<internal::Availability> availability() override { return mailbox_; }
  bool ParkUntil(const std::function<bool()>& ready) override;
  bool canceled() const override { return dropping(); }
  void EnterOperator(std::uint32_t operator_index) override;
  void NoteRecord(std::uint32_t operator_index, std::string description) override;
  void SendToCoordinator(std::uint32_t operator_index, std::string payload) override;
  std::int64_t processing_time_ms() const override;
  std::int64_t unhindered_time_ns() const override { return turn_began_ns_ - hindered_ns_; }
  void SetTimer(std::int64_t time_ms) override;
  std::int64_t auto_watermark_interval_ms() const override {
    return resources_.options.auto_watermark_interval_ms;
  }
  bool checkpoints_enabled() const override { return resources_.options.checkpoints_enabled; }
  bool starts_from_checkpoint() const override { return starts_from_checkpoint_; }
  internal::KeyedStores* keyed_stores(std::uint32_t operator_index) override {
    return stores_ != nullptr ? stores_->Get(operator_index) : nullptr;
  }

  // RuntimeContext
  const TaskInformation& task() const override { return information_; }
  MetricGroup& metrics() override { return metrics_; }
  Accumulator& accumulator(std::string_view name, Accumulator::Kind kind) override {
    return metrics_.accumulator(name, kind);
  }
  Logger& logger() override { return *logger_; }

  // OutputHost
  bool dropping() const override {
    return failure_.has_value() || mailbox_->canceled() || mailbox_->failed();
  }
  void WaitForRoom(QueuedOutputChannel& channel) override;
  void AfterWrite() override;
  void FailTask(Status status) override;

  // ParkedCall
  bool MayResume() override;

 private:
  enum class Wait : std::uint8_t { kRoom, kNotification, kTurn };

  // Gives the baton away until the wait is over.
  void Park(Wait wait, QueuedOutputChannel* channel);
  void EnterPage(std::int64_t now_ns);

  const TaskResources& resources_;
  const TaskAttempt attempt_;
  const std::uint32_t slot_;
  TaskRunner& runner_;
  const std::shared_ptr<TaskMailbox> mailbox_;
  const TaskInformation information_;
  const std::unique_ptr<Logger> logger_;
  TaskMetrics metrics_;
  TaskOutputs outputs_;
  TimeAccounting time_;

  std::vector<CoordinatorEvent> held_events_;
  std::optional<Status> failure_;
  std::uint32_t operator_index_ = 0;
  std::string noted_record_;
  bool starts_from_checkpoint_ = false;
  TaskStores* stores_ = nullptr;
  RunningPhase phase_ = RunningPhase::kOpen;
  SlotPageEntry* entry_ = nullptr;
  std::int64_t turn_began_ns_ = 0;
  mutable std::optional<std::int64_t> processing_time_ms_;
  std::optional<std::int64_t> timer_ns_;
  std::optional<std::int64_t> held_up_since_ns_;  // between two steps
  std::int64_t hindered_ns_ = 0;
  Wait wait_ = Wait::kTurn;
  QueuedOutputChannel* wait_channel_ = nullptr;
};

}  // namespace weir::task
