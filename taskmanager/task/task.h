// One attempt of one subtask: its chain between its channels, from deployment to its end.
//
// Life: constructed and given its channels (Deploying), Start() makes, restores and opens the chain
// on a pooled thread, the slot steps it, and when it is done, canceled or failed the slot retires
// it: the chain is closed and destroyed on a pooled thread and the terminal state is reported.
//
// Thread rules: Step() and next_wake_ns() by whoever holds the baton of its slot. Start(),
// Cancel(), Fail() and the setters by the engine's control thread. Statistics() by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/chain.h>

#include "common/mutex.h"
#include "taskmanager/task/input_gate.h"
#include "taskmanager/task/task_checkpoint.h"
#include "taskmanager/task/task_context.h"
#include "taskmanager/task/task_description.h"
#include "taskmanager/task/task_mailbox.h"
#include "taskmanager/task/task_resources.h"
#include "taskmanager/task/task_runner.h"
#include "taskmanager/task/task_state_machine.h"

namespace weir::task {

enum class StepOutcome : std::uint8_t {
  kProgress,
  kIdle,     // no input
  kBlocked,  // input or not: there is no room for output
  kDone,     // not to be stepped again
};

class Task final : public std::enable_shared_from_this<Task> {
 public:
  // `resources` lives longer.
  Task(const TaskResources& resources, const TaskAttempt& attempt, std::uint32_t slot,
       std::shared_ptr<TaskRunner> runner, std::shared_ptr<TaskMailbox> mailbox);

  const TaskAttempt& attempt() const { return attempt_; }
  TaskMailbox& mailbox() { return *mailbox_; }
  const std::shared_ptr<TaskMailbox>& shared_mailbox() const { return mailbox_; }
  TaskContext& context() { return context_; }
  Counter& bytes_in() { return bytes_in_; }
  // Before Start(). Channels of all incoming edges in the order of JobGraph::edges.
  void SetInputs(std::vector<InputGate::Edge> edges, std::shared_ptr<ReadyList> ready);
  // Before Start(): what the chain starts from.
  void SetRestore(TaskRestore restore) { restore_ = std::move(restore); }
  void Deployed();

  // Outgoing channels are in context().outputs().
  void Start();
  // Bounded by user code: an Open(), a step and a Close() that are under way are waited for.
  void Cancel();
  // Something that the task needs could not be had.
  void Fail(const Status& status);
  bool terminal() const;
  bool running() const;

  // One bounded piece of work: a batch, a control element, some polls, a coordinator's event.
  StepOutcome Step(SlotPageEntry* entry, std::int64_t now_ns);
  // When the task wants to be stepped although nobody wakes it: a blocked one to ship its partly
  // filled batches, another one for its timer.
  std::optional<std::int64_t> next_wake_ns() const;
  // The clock as Step() read it at its end.
  std::int64_t stepped_ns() const { return stepped_ns_; }
  // After kDone: nobody steps it any more.
  void Retire();

  TaskStatistics Statistics() const;

 private:
  // Ending: Finish() said true. What was emitted leaves, a snapshot that is being saved is waited
  // for, and a checkpoint where the chain awaits one.
  enum class Phase : std::uint8_t { kInput, kFinishing, kEnding };

  void Open();
  Status MakeAndOpenChain();
  void Close();
  Status MakeAndRestoreChain();
  void SetMeasuredStores(const TaskStores* stores);
  Status RestoreTables(const std::vector<internal::ChainedKeyedTable>& tables);
  Result<StepOutcome> StepChain();
  Result<bool> TakeMail();
  bool TakesTriggers() const;
  Result<StepOutcome> StepInput();
  Result<StepOutcome> StepCheckpoint();
  Result<StepOutcome> StepEnding();
  Result<StepOutcome> StepSource();
  void FitTurn(std::int64_t turn_ns);
  Status FlushIfDue(StepOutcome outcome, std::int64_t now_ns);
  StepOutcome Fault(const Status& cause);
  Status Named(const Status& cause) const;
  void Handle(TaskEvent event, const Status& error = Status::Ok());
  void Report(TaskState state, const Status& failure);

  const TaskResources& resources_;
  const TaskAttempt attempt_;
  const std::shared_ptr<TaskRunner> runner_;
  const std::shared_ptr<TaskMailbox> mailbox_;
  Counter records_in_;
  Counter bytes_in_;
  std::atomic<std::int64_t> input_watermark_ms_{internal::Watermark().timestamp_ms};
  TaskContext context_;
  TaskCheckpoint checkpoint_;
  const bool is_source_;
  std::unique_ptr<InputGate> gate_;
  std::unique_ptr<TaskStores> stores_;  // of the chain, which ends first
  // For Statistics(): guards the pointer and keeps what it points to, so that the stores end only
  // when nobody reads their metrics. Null unless all tables are open.
  mutable Mutex measured_mutex_;
  const TaskStores* measured_stores_ WEIR_GUARDED_BY(measured_mutex_) = nullptr;
  std::unique_ptr<internal::Chain> chain_;
  std::optional<TaskRestore> restore_;  // until the chain has it

  Phase phase_ = Phase::kInput;
  // The operator that a failure names; nothing where the error is none of the chain's.
  std::optional<std::uint32_t> failed_operator_;
  bool restore_failed_ = false;
  bool drained_ = false;  // Ending: everything but late barriers has left
  bool checkpoint_requested_ = false;
  std::uint32_t blocks_of_a_turn_ = 1;  // at most; of a source
  bool flush_wanted_ = false;
  bool blocked_ = false;
  bool holds_input_ = false;  // that is why it is blocked; timers go on
  std::int64_t flushed_ns_ = 0;
  std::int64_t stepped_ns_ = 0;

  mutable Mutex mutex_;
  TaskStateMachine machine_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::task
