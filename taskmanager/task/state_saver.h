// Writes what a task has frozen into a state file, on a thread of the engine's pool, while the task
// goes on; then acknowledges the checkpoint, or declines it.
//
// Tables in stores come first: what has changed in memory goes into the stores, and the files of
// these are linked. Then the state file; with it nothing reads the tables any more. Then the files
// that no earlier checkpoint has are copied to where checkpoints are.
//
// In an unaligned checkpoint the records of the channels follow, in a file of their own, when the
// task has them all; no thread waits for that.
//
// Which of both is said from the saver's thread, so that a task which sits in a long call holds up
// nothing that it has nothing to do with.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/status.h>

#include "common/mutex.h"
#include "taskmanager/task/channel_state.h"
#include "taskmanager/task/checkpoint_description.h"
#include "taskmanager/task/task_mailbox.h"
#include "taskmanager/task/task_resources.h"
#include "taskmanager/task/task_stores.h"

namespace weir::task {

// The state of a chain as it was at a barrier.
struct FrozenState {
  std::vector<internal::ChainedKeyedTable> tables;  // frozen; they outlive the saver's work
  std::vector<internal::ChainedOperatorState> operator_state;
  TaskStores* stores = nullptr;   // below the tables that are in_store
  bool records_channels = false;  // ChannelsRecorded() follows
  bool empty() const { return tables.empty() && operator_state.empty(); }
};

class StateSaver final : public std::enable_shared_from_this<StateSaver> {
 public:
  // `resources` lives longer. `metrics`: what is known of the checkpoint until now.
  StateSaver(const TaskResources& resources, const TaskAttempt& attempt,
             std::shared_ptr<TaskMailbox> mailbox, std::uint64_t checkpoint_id, FrozenState state,
             const CheckpointMetrics& metrics);

  // At once where there is nothing to write; else on a thread, and the mailbox hears of the end.
  // An error: the checkpoint was not answered, and there is nothing to wait for.
  Status Start();
  // Once, with FrozenState::records_channels, unless it was aborted. `alignment_ms`: until the last
  // barrier.
  void ChannelsRecorded(ChannelState channels, std::int64_t alignment_ms);
  std::uint64_t checkpoint_id() const { return checkpoint_id_; }

  // Any thread. The tables may be thawed: nobody reads them any more. The mailbox hears of it.
  bool tables_saved() const { return tables_saved_.load(std::memory_order_acquire); }
  // Any thread. It has ended; tables_saved() as well.
  bool done() const { return done_.load(std::memory_order_acquire); }
  // Writes no more; nothing is acknowledged or declined, unless that has happened already. Done
  // when the write under way has returned. Not beside ChannelsRecorded().
  void Abort();
  bool aborted() const { return aborted_.load(std::memory_order_relaxed); }
  void WaitUntilDone();

 private:
  void Run();
  bool AwaitsChannels(const SubtaskState& saved);
  void Finish(Result<SubtaskState> saved);
  void End();
  Result<SubtaskState> Save();
  Status SaveChannels(SubtaskState& state);
  Status SaveTable(const internal::ChainedKeyedTable& table, internal::StateWriter& writer);
  Result<std::vector<TaskStores::Export>> SaveStores();
  Status SaveFile(SubtaskState& state);
  Status SaveTables(checkpoint::StateFileWriter& writer);
  Status SaveOperatorState(checkpoint::StateFileWriter& writer);
  void Answer(Result<SubtaskState> saved);
  const internal::JobVertex& vertex() const;
  std::string FileName() const;
  Status CheckAborted() const;
  void TablesSaved();

  const TaskResources& resources_;
  const TaskAttempt attempt_;
  const std::shared_ptr<TaskMailbox> mailbox_;
  const std::uint64_t checkpoint_id_;
  const FrozenState state_;
  CheckpointMetrics metrics_;
  std::atomic<bool> aborted_{false};
  std::atomic<bool> tables_saved_{false};
  std::atomic<bool> done_{false};
  Mutex mutex_;  // for WaitUntilDone() as well
  ChannelState channels_ WEIR_GUARDED_BY(mutex_);
  bool channels_recorded_ WEIR_GUARDED_BY(mutex_) = false;
  std::optional<SubtaskState> saved_ WEIR_GUARDED_BY(mutex_);  // awaits the channels
  CondVar changed_;
};

// "subtask 3 (attempt 0) of 'Map -> Sink'"
std::string DescribeTask(const internal::JobVertex& vertex, const TaskAttempt& attempt);

}  // namespace weir::task
