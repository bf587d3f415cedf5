#include "taskmanager/task/task_checkpoint.h"

#include <algorithm>
#include <string>
#include <utility>

#include "taskmanager/task/user_code.h"

namespace weir::task {

using internal::Barrier;

TaskCheckpoint::TaskCheckpoint(const TaskResources& resources, const TaskAttempt& attempt,
                               std::shared_ptr<TaskMailbox> mailbox)
    : resources_(resources), attempt_(attempt), mailbox_(std::move(mailbox)) {}

void TaskCheckpoint::SetGate(InputGate& gate) {
  gate_ = &gate;
  aligner_.emplace(gate.channel_count(), resources_.options.exactly_once
                                             ? BarrierAligner::Mode::kExactlyOnce
                                             : BarrierAligner::Mode::kAtLeastOnce);
}

TaskCheckpoint::Began TaskCheckpoint::Begin(const Barrier& barrier) const {
  const std::int64_t delay_ms = resources_.clock.WallMillis() - barrier.trigger_time_ms;
  return {.at_ns = resources_.clock.MonotonicNanos(),
          .start_delay_ms = std::max<std::int64_t>(delay_ms, 0)};
}

void TaskCheckpoint::OnBarrier(std::uint32_t channel, const Barrier& barrier) {
  const BarrierAligner::Outcome outcome = aligner_->OnBarrier(channel, barrier);
  if (outcome.began) began_[barrier.checkpoint_id] = Begin(barrier);
  Follow(outcome, channel);
}

void TaskCheckpoint::OnChannelEnd(std::uint32_t channel) {
  Follow(aligner_->OnEnd(channel), channel);
}

void TaskCheckpoint::Follow(const BarrierAligner::Outcome& outcome, std::uint32_t channel) {
  for (const std::uint64_t checkpoint_id : outcome.given_up) {
    began_.erase(checkpoint_id);
    Decline(checkpoint_id,
            Status(StatusCode::kCanceled, "a newer checkpoint overtook it while it was aligned"));
  }
  if (outcome.unblock) gate_->UnblockAll();
  if (outcome.block) gate_->Block(channel);
  if (!outcome.aligned) return;
  const Began began = began_.extract(outcome.aligned->checkpoint_id).mapped();
  if (outcome.aligned->checkpoint_id <= newest_) {
    // It was triggered, too.
    gate_->UnblockAll();
    return;
  }
  Prepare(*outcome.aligned, began);
}

void TaskCheckpoint::Prepare(const Barrier& barrier, const Began& began) {
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  preparing_ = barrier;
  newest_ = barrier.checkpoint_id;
  metrics_ = {.start_delay_ms = began.start_delay_ms,
              .alignment_ms = (resources_.clock.MonotonicNanos() - began.at_ns) / kNanosPerMilli};
}

void TaskCheckpoint::Trigger(const Barrier& barrier) {
  if (barrier.checkpoint_id > newest_) Prepare(barrier, Begin(barrier));
}

void TaskCheckpoint::OnAborted(std::uint64_t checkpoint_id) {
  began_.erase(checkpoint_id);
  if (aligner_->OnAborted(checkpoint_id).unblock) gate_->UnblockAll();
  if (preparing_ && preparing_->checkpoint_id == checkpoint_id) {
    EndPreparation();
    gate_->UnblockAll();
  }
  if (saver_ != nullptr && saver_->checkpoint_id() == checkpoint_id) saver_->Abort();
}

void TaskCheckpoint::EndPreparation() {
  preparing_.reset();
  chain_preparing_ = false;
}

// Input would wait for a write of whose end nobody knows.
bool TaskCheckpoint::DeclineIfHeldUp() {
  if (!saver_->aborted()) return false;
  const std::uint64_t checkpoint_id = preparing_->checkpoint_id;
  EndPreparation();
  gate_->UnblockAll();
  Decline(checkpoint_id, Status(StatusCode::kCanceled,
                                "a write of checkpoint " + std::to_string(saver_->checkpoint_id()) +
                                    ", which was aborted, has not returned"));
  return true;
}

Result<bool> TaskCheckpoint::Advance(internal::Chain& chain, TaskOutputs* ended_outputs) {
  if (saving()) return DeclineIfHeldUp();
  chain_preparing_ = true;
  WEIR_ASSIGN_OR_RETURN(const bool prepared, chain.PrepareCheckpoint(*preparing_));
  if (!prepared) return false;
  const Barrier barrier = *preparing_;
  EndPreparation();
  const Status taken = TakeSnapshot(chain, barrier, ended_outputs);
  gate_->UnblockAll();
  if (!taken.ok()) Decline(barrier.checkpoint_id, taken);
  return true;
}

Status TaskCheckpoint::TakeSnapshot(internal::Chain& chain, const Barrier& barrier,
                                    TaskOutputs* ended_outputs) {
  if (resources_.storage == nullptr) {
    return Status::InvalidArgument(
        "there is no place for checkpoints: execution.checkpointing.dir is not set");
  }
  const std::int64_t began_ns = resources_.clock.MonotonicNanos();
  const std::int64_t now_ms = resources_.clock.WallMillis();
  auto operator_state =
      RunUserCode([&] { return chain.SnapshotOperatorState(barrier.checkpoint_id); });
  if (!operator_state.ok()) return operator_state.status();
  for (const internal::ChainedKeyedTable& table : tables_) {
    table.table->SetSnapshotTime(now_ms);
    table.table->Freeze();
  }
  tables_frozen_ = true;
  chain.EmitBarrier(barrier);
  if (ended_outputs != nullptr) ended_outputs->WriteControl(barrier);
  constexpr std::int64_t kNanosPerMicro = 1'000;
  metrics_.sync_us = (resources_.clock.MonotonicNanos() - began_ns) / kNanosPerMicro;
  saver_ = std::make_shared<StateSaver>(
      resources_, attempt_, mailbox_, barrier.checkpoint_id,
      FrozenState{
          .tables = tables_, .operator_state = *std::move(operator_state), .stores = stores_},
      metrics_);
  const Status started = saver_->Start();
  if (started.ok()) {
    ThawIfSaved();
  } else {
    EndSaving();
  }
  return started;
}

void TaskCheckpoint::Thaw() {
  tables_frozen_ = false;
  for (const internal::ChainedKeyedTable& table : tables_) table.table->Thaw();
}

void TaskCheckpoint::EndSaving() {
  if (tables_frozen_) Thaw();
  saver_.reset();
}

void TaskCheckpoint::Close() {
  EndPreparation();
  for (const Barrier& trigger : mailbox_->CloseTriggers()) {
    Decline(trigger.checkpoint_id, Status(StatusCode::kFailedPrecondition, "the task has ended"));
  }
  if (!saving()) return;
  saver_->Abort();
  saver_->WaitUntilDone();
  EndSaving();
}

void TaskCheckpoint::Decline(std::uint64_t checkpoint_id, const Status& cause) {
  const internal::JobVertex& vertex = resources_.job.graph().vertices[attempt_.vertex];
  resources_.events.OnCheckpointDeclined(
      {.task = attempt_,
       .checkpoint_id = checkpoint_id,
       .cause = cause.WithContext(DescribeTask(vertex, attempt_))});
}

}  // namespace weir::task
