// CheckpointCoordinator: decides when a job's checkpoints are taken, follows each to its end, and
// tells everybody how it ended. One per job, on the JobManager's event loop.
//
// What it keeps to:
//  * A checkpoint completes only with an acknowledgement of every task that had not finished when
//    it was triggered, from the attempt that was triggered.
//  * Of every checkpoint that was announced its end is told exactly once: completed (its metadata
//    is durable by then) or aborted.
//  * Never more under way than the policy allows.
//  * Where more is on its way to a task than an unaligned checkpoint may have, the next one is
//    aligned, and the one after it unaligned again.
//  * A checkpoint whose metadata is being written is not aborted: it may hold already. Whoever
//    restarts the job waits for it (`settled`).
// Coordinators are snapshotted first; the triggers leave in the same turn of the loop in which
// their answer came, so no event that a coordinator sends after its snapshot can get before the
// barrier.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/logging.h"
#include "jobmanager/checkpoint/checkpoint_statistics.h"
#include "jobmanager/checkpoint/pending_checkpoint.h"
#include "proto/session.pb.h"

namespace weir::jobmanager {

// Settings execution.checkpointing.*; durations in milliseconds.
struct CheckpointPolicy {
  std::int64_t interval_ms = 0;
  std::int64_t min_pause_ms = 0;  // above 0: never two at once
  std::int64_t timeout_ms = 600'000;
  std::int64_t max_concurrent = 1;
  std::int64_t tolerable_failures = 0;  // in a row
  // Tasks do not wait for barriers: they hear of the checkpoint from the coordinator, at once or
  // when it has taken so long. Exactly-once only, with one at a time.
  bool unaligned = false;
  std::int64_t aligned_timeout_ms = 0;
};

struct CheckpointOutcome {
  std::uint64_t id = 0;
  std::string path;  // of its folder
};

// What the coordinator has others do. Calls neither block nor call back inside; answers come by the
// coordinator's On… methods.
class CheckpointEffects {
 public:
  virtual ~CheckpointEffects() = default;
  // Makes the checkpoint's folder; answer: OnFolderReady.
  virtual void PrepareFolder(std::uint64_t checkpoint_id) = 0;
  // To the coordinator process; answer: OnCoordinatorsSnapshotted.
  virtual void SnapshotCoordinators(std::uint64_t checkpoint_id) = 0;
  // `tasks`: where the barrier starts. `announced_to`: tasks that wait for no barriers; none in an
  // aligned checkpoint.
  virtual void TriggerTasks(std::uint64_t checkpoint_id, std::int64_t trigger_time_ms,
                            const std::vector<CheckpointTask>& tasks,
                            const std::vector<CheckpointTask>& announced_to) = 0;
  // The same for a checkpoint that was triggered and is not acknowledged by these yet.
  virtual void AnnounceToTasks(std::uint64_t checkpoint_id, std::int64_t trigger_time_ms,
                               const std::vector<CheckpointTask>& announced_to) = 0;
  // Makes the checkpoint hold; answer: OnMetadataWritten.
  virtual void WriteMetadata(proto::CheckpointMetadata metadata) = 0;
  // To all workers and the coordinator process.
  virtual void NotifyCompleted(std::uint64_t checkpoint_id) = 0;
  virtual void NotifyAborted(std::uint64_t checkpoint_id) = 0;
  // Of a checkpoint that does not hold. Can come twice for one: a late acknowledgement may have
  // brought new files.
  virtual void RemoveFolder(std::uint64_t checkpoint_id) = 0;
  // More checkpoints failed than are tolerated.
  virtual void FailJob(Status reason) = 0;
};

class CheckpointCoordinator {
 public:
  using TriggerCallback = std::function<void(Result<CheckpointOutcome>)>;

  // References outlive the object. `first_checkpoint_id`: above every one the job ever had.
  CheckpointCoordinator(EventLoop& loop, Clock& clock, const ExecutionGraph& graph,
                        CheckpointPolicy policy, bool has_operator_coordinators,
                        std::uint64_t first_checkpoint_id, CheckpointStatistics& statistics,
                        CheckpointEffects& effects);
  ~CheckpointCoordinator();

  // The tasks of a deployment were started; the first checkpoint comes an interval later.
  void Start();
  // The tasks are being stopped: aborts what is under way (but see above) and starts nothing until
  // the next Start().
  void Stop(const Status& reason);
  // No metadata is being written.
  bool settled() const;

  // Some task runs now.
  void OnTaskRunning() { Evaluate(); }
  void OnTaskFinished(SubtaskIndex task);
  // The task has ended its input and waits for a checkpoint that starts after this.
  void OnRequested(SubtaskIndex task);
  // By hand; the callback is called exactly once, when the checkpoint has ended. One that cannot be
  // started (now) is FAILED_PRECONDITION, inside the call.
  void Trigger(TriggerCallback callback);

  void OnFolderReady(std::uint64_t checkpoint_id, const Status& status);
  // `status`: why there is no snapshot.
  void OnCoordinatorsSnapshotted(std::uint64_t checkpoint_id, const Status& status,
                                 std::vector<proto::CoordinatorState> states);
  // Of a present attempt; false: it changed nothing, to be counted by the caller.
  bool OnAcknowledged(proto::CheckpointAcknowledged acknowledged);
  bool OnDeclined(const proto::CheckpointDeclined& declined);
  // The path of the checkpoint's folder, or why it does not hold.
  void OnMetadataWritten(std::uint64_t checkpoint_id, const Result<std::string>& path);

  const CheckpointPolicy& policy() const { return policy_; }
  // "checkpoint 7 waits for 'Map' (2/4)"; empty when none is under way.
  std::string Details() const;

 private:
  enum class Counts : std::uint8_t { kNo, kYes };  // among the failures that are tolerated or not
  struct Pending {
    PendingCheckpoint checkpoint;
    TimerId timeout = kNoTimer;
    TimerId announcement = kNoTimer;
    bool announced = false;
    std::vector<TriggerCallback> callbacks;
    std::set<SubtaskIndex> requested_by;  // asked again when it fails
  };

  void Evaluate();
  std::int64_t EarliestStartMs() const;
  bool AtConcurrencyBound() const;
  void Begin();
  void TriggerTasks(Pending& pending);
  void Announce(std::uint64_t checkpoint_id);
  void CancelTimers(Pending& pending);
  void CheckAcknowledged(Pending& pending);
  void AbortAll(const Status& reason);
  void Abort(std::uint64_t checkpoint_id, Status reason, Counts counts);
  // Takes it off the list of what is under way.
  Pending Remove(std::uint64_t checkpoint_id);
  Pending* Find(std::uint64_t checkpoint_id);
  std::int64_t ElapsedMs(const PendingCheckpoint& checkpoint) const;

  EventLoop& loop_;
  Clock& clock_;
  const ExecutionGraph& graph_;
  const CheckpointPolicy policy_;
  const bool has_operator_coordinators_;
  CheckpointStatistics& statistics_;
  CheckpointEffects& effects_;
  const ComponentLogger log_{"checkpoint-coordinator"};

  bool active_ = false;
  std::uint64_t next_id_;
  std::map<std::uint64_t, Pending> pending_;
  TimerId timer_ = kNoTimer;
  std::int64_t next_periodic_ms_ = 0;  // monotonic, as all below
  std::int64_t last_end_ms_;           // of a checkpoint, for the least pause
  std::int64_t retry_after_ms_ = 0;    // of checkpoints asked for, after one was given up
  std::int64_t failures_in_a_row_ = 0;
  bool aligned_next_ = false;  // too much was on its way for the last one
  std::vector<TriggerCallback> asked_by_hand_;
  std::set<SubtaskIndex> requested_by_;
};

}  // namespace weir::jobmanager
