// JobCheckpoints: what a JobMaster has to do with checkpoints: it drives the CheckpointCoordinator,
// knows what the next attempts restore, and lets the completed checkpoints go at the job's end. On
// the event loop. Without checkpoints and without anything to start from, a job has none of this.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/logging.h"
#include "jobmanager/checkpoint/checkpoint_coordinator.h"
#include "jobmanager/checkpoint/state_assignment.h"
#include "jobmanager/job/job_checkpoint_store.h"
#include "jobmanager/job/job_services.h"
#include "jobmanager/job/job_submission.h"

namespace weir::jobmanager {

// What it needs of its JobMaster.
class JobCheckpointsListener {
 public:
  virtual ~JobCheckpointsListener() = default;
  // What the next attempts restore is known now.
  virtual void OnRestoreKnown() = 0;
  // Nothing can be restored, or more checkpoints failed than are tolerated.
  virtual void OnCheckpointsFailed(Status reason) = 0;
  virtual void SendToCoordinator(proto::WorkerCommand command) = 0;
  // To every worker that has a task of the present deployment.
  virtual void SendToWorkers(const proto::WorkerCommand& command) = 0;
  // Adds the tasks' attempts to `trigger` and sends each worker its own.
  virtual void SendTriggers(const proto::TriggerCheckpoint& trigger,
                            const std::vector<CheckpointTask>& tasks,
                            const std::vector<CheckpointTask>& announced_to) = 0;
};

class JobCheckpoints final : private CheckpointEffects {
 public:
  // Everything outlives the object. The submission's checkpoint_start is present(). Claims the
  // job's checkpoint folder.
  JobCheckpoints(const JobServices& services, const JobSubmission& submission,
                 const ExecutionGraph& graph, bool has_operator_coordinators,
                 JobCheckpointsListener& listener);

  // New attempts are going to be made: looks up what they restore.
  void PrepareAttempts();
  bool restore_known() const { return restore_known_; }
  // Not the newest one that was completed: that, which others run on from, cannot be read. Once
  // `restore_known`.
  bool restores_older() const { return restores_older_; }
  // All tasks and coordinators start from what is restored now.
  void OnWholeJobRestored() { newest_ = restored_; }
  // Null: it starts afresh. Once `restore_known`.
  const proto::TaskRestore* RestoreOf(std::uint32_t vertex, std::uint32_t subtask) const;
  const proto::CoordinatorRestore* CoordinatorRestoreOf(std::uint32_t vertex,
                                                        std::uint32_t operator_index) const;
  // A task failed before it ran: if that is because its checkpoint cannot be read, the next
  // attempts restore an older one.
  void OnRestoreFailed(const Status& failure);
  // Its vertex had finished: it runs for its neighbours only.
  bool HadFinished(std::uint32_t vertex, std::uint32_t subtask) const;

  void OnTasksStarted();
  void OnTasksStopping(const Status& reason);
  void OnTaskFinished(SubtaskIndex task);
  // It has ended its input and waits for one more checkpoint. Asked for again when the tasks that
  // failed beside it have been started; a new attempt asks for itself.
  void OnRequested(SubtaskIndex task);
  void OnNewAttempt(SubtaskIndex task) { waiting_for_checkpoint_.erase(task); }
  // Nothing of the job runs any more; `done` is called once. With a metadata store that outlives
  // the JobManager nothing is removed here (see ToClear). A job that failed without having taken a
  // checkpoint since it was (to be) restored keeps those that it has.
  void End(JobEnd end, std::function<void()> done);
  // What such an end removes, for a JobManager that has to do it in this one's place; none:
  // nothing.
  std::optional<proto::CheckpointsToClear> ToClear(JobEnd end) const;

  // Null while the job takes no checkpoints (yet).
  CheckpointCoordinator* coordinator() { return coordinator_.get(); }
  // FAILED_PRECONDITION when the job takes no checkpoints.
  void Trigger(CheckpointCoordinator::TriggerCallback callback);
  // None: the job takes no checkpoints.
  const std::optional<CheckpointConfiguration>& configuration() const {
    return submission_.checkpoint_start.configuration;
  }
  const CheckpointStatistics& statistics() const { return statistics_; }
  std::string Details() const { return coordinator_ ? coordinator_->Details() : std::string(); }

 private:
  // CheckpointEffects
  void PrepareFolder(std::uint64_t checkpoint_id) override;
  void SnapshotCoordinators(std::uint64_t checkpoint_id) override;
  void TriggerTasks(std::uint64_t checkpoint_id, std::int64_t trigger_time_ms,
                    const std::vector<CheckpointTask>& tasks,
                    const std::vector<CheckpointTask>& announced_to) override;
  void AnnounceToTasks(std::uint64_t checkpoint_id, std::int64_t trigger_time_ms,
                       const std::vector<CheckpointTask>& announced_to) override;
  void WriteMetadata(proto::CheckpointMetadata metadata) override;
  void NotifyCompleted(std::uint64_t checkpoint_id) override;
  void NotifyAborted(std::uint64_t checkpoint_id) override;
  void RemoveFolder(std::uint64_t checkpoint_id) override;
  void FailJob(Status reason) override;

  bool KeepsAll(JobEnd end) const;
  void Open();
  void OnOpened(const Result<std::uint64_t>& next_checkpoint_id);
  void OnLatestFound(const Result<std::optional<CompletedCheckpoint>>& latest);
  void SendToAll(const proto::WorkerCommand& command);

  const JobServices& services_;
  const JobSubmission& submission_;
  const ExecutionGraph& graph_;
  const bool has_operator_coordinators_;
  JobCheckpointsListener& listener_;
  const ComponentLogger log_{"job-checkpoints"};
  CheckpointStatistics statistics_;
  JobCheckpointStore store_;
  std::unique_ptr<CheckpointCoordinator> coordinator_;
  bool tasks_started_ = false;
  bool restore_known_ = false;
  StateAssignment assignment_;             // of restored_
  std::optional<std::uint64_t> restored_;  // by the present attempts
  std::uint64_t lookups_ = 0;              // answers to older ones are stale
  bool progressed_ = false;                // one was completed since the last look-up
  std::optional<std::uint64_t> newest_;    // that coordinators and tasks know of
  bool restores_older_ = false;
  std::set<SubtaskIndex> waiting_for_checkpoint_;
};

}  // namespace weir::jobmanager
