// A task's part in checkpoints: from the barrier, by way of the snapshot, to the acknowledgement.
//
//   none ── barrier aligned, or triggered ──▶ preparing ── snapshot ──▶ none
//                                                             └──▶ saving ── thawed ──▶ none
//
// Unaligned, the snapshot comes before some barriers. What their channels bring before them is
// recorded while it is saved (`recording`) and saved behind it. Recording reads the channels ahead
// of the chain, so that no sender waits for room with its barrier behind what it wants to send.
//
// Preparing: the task takes no input; what must leave the process before the snapshot leaves
// (Chain::PrepareCheckpoint). Once the chain was asked for that, nothing may make it emit: what is
// prepared, a sink, would get records that are in no checkpoint. The snapshot is one call on the
// task's thread. Saving goes on beside the task. Tables can only be frozen once, so a checkpoint
// waits as preparing while another one is saving.
//
// A checkpoint that fails is declined and leaves the task as it is: it is the JobManager that
// decides what that means. Only Advance() fails the task, with what PrepareCheckpoint() says:
// records that did not leave would be missing in every later checkpoint.
//
// Called by the task's thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/status.h>

#include "taskmanager/task/barrier_aligner.h"
#include "taskmanager/task/input_gate.h"
#include "taskmanager/task/state_saver.h"
#include "taskmanager/task/task_mailbox.h"
#include "taskmanager/task/task_outputs.h"
#include "taskmanager/task/task_resources.h"
#include "taskmanager/task/task_stores.h"

namespace weir::task {

class TaskCheckpoint final : public BarrierHandler, private ChannelRecorder {
 public:
  // `resources` lives longer.
  TaskCheckpoint(const TaskResources& resources, const TaskAttempt& attempt,
                 std::shared_ptr<TaskMailbox> mailbox);

  // Before anything else. `gate` lives longer.
  void SetGate(InputGate& gate);
  // Once the chain is made: its tables and what lies below some, which live until Close().
  void SetTables(std::vector<internal::ChainedKeyedTable> tables, TaskStores& stores) {
    tables_ = std::move(tables);
    stores_ = &stores;
  }

  // BarrierHandler
  void OnBarrier(std::uint32_t channel, const internal::Barrier& barrier) override;
  void OnChannelEnd(std::uint32_t channel) override;
  void OnLastRecorded(std::uint32_t channel) override;

  // Whether a snapshot is to be taken: no input before that, and nothing of a coordinator.
  bool preparing() const { return preparing_.has_value(); }
  // Whether the chain was asked to prepare for it: no timers and no held records before that.
  bool chain_preparing() const { return chain_preparing_; }
  // The snapshot need not wait until the task's outputs have room.
  bool urgent() const { return preparing_ && preparing_->unaligned; }
  // The task's channels are read ahead: InputGate::ReadAhead() before anything else.
  bool recording() const { return gate_->recording(); }
  bool saving() const { return saver_ != nullptr; }
  // The saver reads the tables.
  bool tables_frozen() const { return tables_frozen_; }
  // A trigger can be taken: there is none of both, or what is saving was aborted. That ends when a
  // write returns, which may take for ever; another checkpoint is declined meanwhile.
  bool takes_triggers() const { return !preparing() && (!saving() || saver_->aborted()); }

  // Without a barrier in a channel. takes_triggers() before. Means nothing where the checkpoint has
  // reached the task already.
  void Trigger(const internal::Barrier& barrier);
  // The checkpoint does not wait for barriers, where the channels allow it. Not while an older one
  // is preparing().
  void Announce(const internal::Barrier& barrier);
  // The newest that may be announced now.
  std::uint64_t takes_announced() const {
    return preparing_ ? preparing_->checkpoint_id : ~std::uint64_t{0};
  }
  // The coordinator has decided on a checkpoint.
  void OnAborted(std::uint64_t checkpoint_id);

  // While preparing(), after the chain's Drain() said true; the first time while no timers are due.
  // False: nothing happened, the chain has to wait. True: it was taken or declined.
  // `ended_outputs`: of a chain that has finished, else null. The barrier follows the ends: who is
  // behind may stay on, and nobody else tells it of the checkpoint.
  Result<bool> Advance(internal::Chain& chain, TaskOutputs* ended_outputs);
  // While saving(): thaws the tables if they are saved, which is before files that tables in stores
  // consist of are copied to where checkpoints are.
  void ThawIfSaved();
  // The task's end, before the chain is closed: gives up what is under way and waits for the
  // thread that saves. Triggers that still wait are declined.
  void Close();

 private:
  struct Began {
    std::int64_t at_ns = 0;
    std::int64_t start_delay_ms = 0;
  };

  // What was read ahead, for the checkpoint that is saving.
  struct Recording {
    std::uint64_t checkpoint_id = 0;
    std::int64_t began_ns = 0;
    ChannelState channels;
  };

  void OnBatch(std::uint32_t edge, const internal::AnyBatch& batch) override;
  void StartRecording(std::uint64_t checkpoint_id);
  void FinishRecording();
  void AbandonRecording();
  Began Begin(const internal::Barrier& barrier) const;
  void Follow(const BarrierAligner::Outcome& outcome, std::uint32_t channel);
  void Prepare(const internal::Barrier& barrier, const Began& began);
  void EndPreparation();
  bool DeclineIfHeldUp();
  Status TakeSnapshot(internal::Chain& chain, const internal::Barrier& barrier,
                      TaskOutputs* ended_outputs);
  void Thaw();
  void EndSaving();
  void Decline(std::uint64_t checkpoint_id, const Status& cause);

  const TaskResources& resources_;
  const TaskAttempt attempt_;
  const std::shared_ptr<TaskMailbox> mailbox_;
  InputGate* gate_ = nullptr;
  std::vector<std::uint32_t> edges_;  // of the gate
  std::optional<BarrierAligner> aligner_;
  std::map<std::uint64_t, Began> began_;  // by checkpoint that is being aligned
  std::vector<internal::ChainedKeyedTable> tables_;
  TaskStores* stores_ = nullptr;

  std::uint64_t newest_ = 0;  // that was prepared
  std::optional<internal::Barrier> preparing_;
  bool chain_preparing_ = false;
  std::uint64_t announced_ = 0;           // the newest; what is triggered is as urgent
  std::vector<std::uint32_t> to_record_;  // channels, of the one that is preparing
  std::int64_t alignment_began_ns_ = 0;   // of the same
  std::optional<Recording> recording_;
  CheckpointMetrics metrics_;  // of the one that is preparing
  bool tables_frozen_ = false;
  std::shared_ptr<StateSaver> saver_;
};

}  // namespace weir::task
