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
  edges_ = IncomingEdges(resources_.job.graph(), attempt_.vertex);
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

void TaskCheckpoint::OnLastRecorded(std::uint32_t channel) {
  Follow(aligner_->OnLastRecorded(channel), channel);
}

void TaskCheckpoint::Announce(const Barrier& barrier) {
  announced_ = std::max(announced_, barrier.checkpoint_id);
  if (preparing_ && preparing_->checkpoint_id == barrier.checkpoint_id) {
    preparing_->unaligned = true;
  }
  // Where barriers start the trigger says when: in its order with a coordinator's events.
  if (gate_->channel_count() == 0) return;
  const BarrierAligner::Outcome outcome = aligner_->OnAnnounced(barrier);
  if (outcome.began) began_[barrier.checkpoint_id] = Begin(barrier);
  Follow(outcome, 0);
}

void TaskCheckpoint::Follow(const BarrierAligner::Outcome& outcome, std::uint32_t channel) {
  for (const std::uint64_t checkpoint_id : outcome.given_up) {
    began_.erase(checkpoint_id);
    if (recording_ && recording_->checkpoint_id == checkpoint_id) AbandonRecording();
    Decline(checkpoint_id,
            Status(StatusCode::kCanceled, "a newer checkpoint overtook it while it was aligned"));
  }
  if (outcome.unblock) gate_->UnblockAll();
  if (outcome.block) gate_->Block(channel);
  if (outcome.stop_recording) gate_->StopRecording(channel);
  if (outcome.recorded) FinishRecording();
  const std::optional<Barrier>& barrier = outcome.overtaken ? outcome.overtaken : outcome.aligned;
  if (!barrier) return;
  const Began began = began_.extract(barrier->checkpoint_id).mapped();
  if (barrier->checkpoint_id <= newest_) {
    // It was triggered, too.
    gate_->UnblockAll();
    return;
  }
  Prepare(*barrier, began);
  to_record_ = outcome.record;
}

void TaskCheckpoint::Prepare(const Barrier& barrier, const Began& began) {
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  preparing_ = barrier;
  newest_ = barrier.checkpoint_id;
  to_record_.clear();
  alignment_began_ns_ = began.at_ns;
  metrics_ = {.start_delay_ms = began.start_delay_ms,
              .alignment_ms = (resources_.clock.MonotonicNanos() - began.at_ns) / kNanosPerMilli};
}

// ---- what unaligned checkpoints record

void TaskCheckpoint::StartRecording(std::uint64_t checkpoint_id) {
  recording_ = Recording{.checkpoint_id = checkpoint_id, .began_ns = alignment_began_ns_};
  gate_->StartRecording(checkpoint_id, std::exchange(to_record_, {}), *this);
}

void TaskCheckpoint::OnBatch(std::uint32_t edge, const internal::AnyBatch& batch) {
  const std::uint32_t job_edge = edges_[edge];
  recording_->channels.Add(resources_.job.channel_type(job_edge), job_edge, batch);
  const std::uint64_t most = resources_.options.maximum_channel_state_bytes;
  if (recording_->channels.size_bytes() <= most) return;
  const std::uint64_t checkpoint_id = recording_->checkpoint_id;
  static_cast<void>(aligner_->OnAborted(checkpoint_id));
  AbandonRecording();
  Decline(checkpoint_id,
          Status(StatusCode::kResourceExhausted,
                 "more than " + std::to_string(most) +
                     " bytes of records are on their way to it "
                     "(execution.checkpointing.unaligned.maximum-channel-state-size)"));
}

void TaskCheckpoint::FinishRecording() {
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  gate_->StopRecording();
  // Without a saver the snapshot has failed and was declined.
  if (!recording_) return;
  Recording recording = *std::exchange(recording_, std::nullopt);
  const std::int64_t took_ns = resources_.clock.MonotonicNanos() - recording.began_ns;
  saver_->ChannelsRecorded(std::move(recording.channels), took_ns / kNanosPerMilli);
}

void TaskCheckpoint::AbandonRecording() {
  gate_->StopRecording();
  recording_.reset();
  saver_->Abort();
}

void TaskCheckpoint::ThawIfSaved() {
  if (tables_frozen_ && saver_->tables_saved()) Thaw();
  if (!saver_->done()) return;
  if (recording_) {
    // What was saved first has failed.
    static_cast<void>(aligner_->OnAborted(recording_->checkpoint_id));
    gate_->StopRecording();
    recording_.reset();
  }
  saver_.reset();
}

void TaskCheckpoint::Trigger(const Barrier& barrier) {
  if (barrier.checkpoint_id <= newest_) return;
  Prepare(barrier, Begin(barrier));
  preparing_->unaligned |= barrier.checkpoint_id <= announced_;
}

void TaskCheckpoint::OnAborted(std::uint64_t checkpoint_id) {
  began_.erase(checkpoint_id);
  if (aligner_->OnAborted(checkpoint_id).unblock) gate_->UnblockAll();
  if (preparing_ && preparing_->checkpoint_id == checkpoint_id) {
    EndPreparation();
    gate_->UnblockAll();
  }
  if (recording_ && recording_->checkpoint_id == checkpoint_id) return AbandonRecording();
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
  static_cast<void>(aligner_->OnAborted(checkpoint_id));
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
  if (!taken.ok()) {
    static_cast<void>(aligner_->OnAborted(barrier.checkpoint_id));
    Decline(barrier.checkpoint_id, taken);
  }
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
  saver_ = std::make_shared<StateSaver>(resources_, attempt_, mailbox_, barrier.checkpoint_id,
                                        FrozenState{.tables = tables_,
                                                    .operator_state = *std::move(operator_state),
                                                    .stores = stores_,
                                                    .records_channels = !to_record_.empty()},
                                        metrics_);
  const Status started = saver_->Start();
  if (started.ok()) {
    if (!to_record_.empty()) StartRecording(barrier.checkpoint_id);
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
  if (recording_) AbandonRecording();
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
