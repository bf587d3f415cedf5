// JobMaster: brings one job from submission to its end: slots, workers, deployment, failures,
// restarts, cancel. One per job, owned by the Dispatcher, on the JobManager's event loop only.
//
// Rules it keeps:
//  * At most one attempt of a subtask is alive: a new one is made when the old one is terminal or
//    its process is gone.
//  * What comes from an old attempt, or from a worker that is not (any longer) the job's, changes
//    nothing; it is counted.
//  * Whatever happens, the job gets to FINISHED, CANCELED, FAILED or SUSPENDED, and then all its
//    processes end and its slots are free.
//  * A failure stops and starts again its FailoverScope: the regions it touches, or the whole job
//    where its setting says so; all else runs on. A further failure meanwhile makes the scope
//    larger: there is one restart under way at a time.
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
#include "jobmanager/job/deployment_plan.h"
#include "jobmanager/job/failover_scope.h"
#include "jobmanager/job/job_checkpoints.h"
#include "jobmanager/job/job_failure.h"
#include "jobmanager/job/job_phase.h"
#include "jobmanager/job/job_services.h"
#include "jobmanager/job/job_submission.h"
#include "jobmanager/job/job_workers.h"
#include "jobmanager/job/stuck_tasks.h"
#include "jobmanager/scheduler/restart_strategy.h"

namespace weir::jobmanager {

class JobMaster final : private JobWorkersListener, private JobCheckpointsListener {
 public:
  // `on_ended` is posted to the loop once, when the job has ended, no process of it is left and its
  // slots are free.
  JobMaster(JobServices services, JobSubmission submission, JobTimings timings,
            std::unique_ptr<RestartStrategy> restart_strategy, std::size_t exception_history_size,
            std::function<void()> on_ended);
  ~JobMaster() override;

  // ---- asked by people
  void Start();
  // Ok when the job is being canceled or is canceled; FAILED_PRECONDITION when it ended otherwise.
  Status Cancel();
  // The JobManager stops: the workers end, the job is SUSPENDED.
  void Suspend(const std::string& reason);
  // Takes a checkpoint now; the callback is called once, possibly inside.
  void TriggerCheckpoint(CheckpointCoordinator::TriggerCallback callback);

  // ---- from the resource manager
  void OnSlotsAvailable();
  void OnTaskManagerLost(const std::string& id, const std::string& reason);
  void OnTaskManagerReturned(const proto::TaskManagerHello& hello);

  // ---- from TaskManagers, about workers; false: not this job's worker
  bool OnWorkerStarted(const proto::WorkerStarted& started);
  bool OnWorkerExited(const proto::WorkerExited& exited);
  bool OnStuckStep(const proto::StuckStep& stuck);

  // ---- from workers
  Status AttachWorker(const proto::WorkerHello& hello, std::shared_ptr<WorkerSession> session,
                      proto::Welcome welcome);
  // After its hello. Leader session and job epoch have been compared.
  void OnWorkerEvent(const std::string& worker_id, proto::WorkerEvent event);
  void OnWorkerClosed(const WorkerSession* session, const Status& reason);

  // ---- what can be seen
  const JobSubmission& submission() const { return submission_; }
  const std::string& job_id() const { return submission_.job_id; }
  const ExecutionGraph& graph() const { return graph_; }
  JobState state() const { return graph_.job_state(); }
  JobPhase phase() const { return phase_; }
  const ExceptionHistory& exceptions() const { return exceptions_; }
  // Null: the job takes no checkpoints and started from none, or has not started.
  const JobCheckpoints* checkpoints() const { return checkpoints_.get(); }
  // Of a job that is FINISHED, CANCELED or FAILED: what its end removes of its checkpoints.
  std::optional<proto::CheckpointsToClear> CheckpointsToClear() const;
  const StuckTasks& stuck_tasks() const { return stuck_tasks_; }
  const JobWorkers::Workers& workers() const { return workers_.workers(); }
  const SlotSharingPlan& slot_sharing() const { return slot_sharing_; }
  // Of each shared slot; empty before slots were there. TaskManagers that are lost stay named.
  const std::vector<SlotId>& slots() const { return slots_; }
  // Null when there is none (now).
  const JobWorker* coordinator() const;
  bool has_coordinators() const { return !coordinators_.empty(); }
  int restarts() const { return restarts_; }
  std::uint64_t dropped_messages() const { return dropped_messages_; }
  // Why the job does not get on, in one sentence; empty when it does.
  std::string StatusDetails() const;
  // What a person should know at once.
  std::vector<std::string> Warnings() const;

 private:
  // job_master.cc: scheduling and deployment
  void SetPhase(JobPhase phase);
  void TransitionJob(JobState to);
  bool TransitionTask(Execution& execution, TaskState to);
  void Schedule();
  void TryAllocate();
  void SlotsTimedOut();
  std::string MissingSlots() const;
  std::uint32_t HeldSlots() const;
  void StartWorkers();
  // Ids of those that the present deployment has no use for, and that nobody has told to end.
  std::vector<std::string> UnneededWorkers() const;
  std::string ReuseOrStart(const std::string& task_manager_id, proto::WorkerRole role);
  void StartCoordinatorProcess();
  void CheckWorkersReady();
  void StartCoordinators();
  void DeployTasks();
  void PlaceTasks();
  void StartTasks();

  // job_master_events.cc: what workers say
  void OnWorkerReady(JobWorker& worker) override;
  void OnWorkerFailed(JobWorker& worker, JobFailure failure) override;
  void OnWorkerGone(JobWorker& worker) override;
  void OnTaskState(JobWorker& worker, const proto::TaskStateChange& change);
  void OnTaskRunning(Execution& execution);
  void OnTasksDeployed(JobWorker& worker, const proto::TasksDeployed& deployed);
  void OnCoordinatorsStarted(JobWorker& worker, const proto::CoordinatorsStarted& started);
  void OnCoordinatorFailed(JobWorker& worker, const proto::CoordinatorFailed& failed);
  void OnStatistics(JobWorker& worker, proto::WorkerStatistics statistics);
  void RelayToCoordinator(JobWorker& worker, proto::OperatorEvent event);
  void RelayToSubtask(JobWorker& worker, proto::OperatorEvent event);
  bool Relaying(const Execution& execution) const;
  // The worker's own present attempt that a message is about; null (and counted) otherwise.
  Execution* ExecutionOn(const JobWorker& worker, std::uint32_t vertex, std::uint32_t subtask,
                         std::uint32_t attempt);
  JobWorker* ReadyCoordinator();
  void Drop() { ++dropped_messages_; }

  // job_master_checkpoints.cc
  void OpenCheckpoints();
  void OnCheckpointEvent(JobWorker& worker, proto::WorkerEvent event);
  void OnCoordinatorsSnapshotted(JobWorker& worker, proto::CoordinatorsSnapshotted& snapshotted);
  void OnAcknowledged(JobWorker& worker, proto::CheckpointAcknowledged& acknowledged);
  void OnDeclined(JobWorker& worker, const proto::CheckpointDeclined& declined);
  void OnCheckpointRequested(JobWorker& worker, const proto::CheckpointRequested& requested);
  void OnRestoreKnown() override;
  void OnCheckpointsFailed(Status reason) override;
  void SendToCoordinator(proto::WorkerCommand command) override;
  void SendToWorkers(const proto::WorkerCommand& command) override;
  void SendTriggers(const proto::TriggerCheckpoint& trigger,
                    const std::vector<CheckpointTask>& tasks,
                    const std::vector<CheckpointTask>& announced_to) override;
  std::vector<proto::CoordinatorStart> CoordinatorsToStart() const;
  void AddRestores(proto::DeployTasks& deployment) const;
  void StopCheckpoints();
  // Whether the completed checkpoints have been dealt with; if not, begins with it.
  bool EndCheckpoints();

  // job_master_failover.cc: stopping, restarting, ending
  // Of the job's executions, those that are stopped and started again.
  std::vector<Execution*> ExecutionsInScope();
  FailoverScope NoScope() const { return {regions_, CoordinatedVertices(coordinators_)}; }
  FailoverScope ScopeOf(const Execution& execution) const;
  // Of whatever runs in that process.
  FailoverScope ScopeOf(const JobWorker& worker);
  // What has been deployed to the worker and has not ended.
  std::vector<Execution*> DeployedOn(const JobWorker& worker);
  FailoverScope WholeJob() const;
  // `touched`: what cannot go on.
  void Fail(JobFailure failure, FailoverScope touched);
  bool MayRestart(const JobFailure& failure);
  void StopTasks();
  // While tasks are stopped already.
  void StopAlso(const FailoverScope& touched);
  void CancelTasks();
  void CancellationTimedOut();
  // What was handed out to attempts that are gone, and is in no checkpoint, goes back.
  void TellCoordinatorOfLostAttempts();
  void CheckStopped();
  void RestartWhenDue();
  void Restart();
  void End(JobState state);
  void EndWorkers(const std::string& reason);
  void CheckEnded();

  const JobServices services_;
  const JobSubmission submission_;
  const JobTimings timings_;
  const std::unique_ptr<RestartStrategy> restart_strategy_;
  const std::function<void()> on_ended_;
  const ComponentLogger log_{"job-master"};

  ExecutionGraph graph_;
  const SlotSharingPlan slot_sharing_;
  const std::vector<proto::CoordinatorStart> coordinators_;
  const FailoverRegions regions_;
  ExceptionHistory exceptions_;
  StuckTasks stuck_tasks_;
  JobWorkers workers_;
  std::unique_ptr<JobCheckpoints> checkpoints_;
  enum class CheckpointsEnd : std::uint8_t { kNotBegun, kUnderWay, kDone };
  CheckpointsEnd checkpoints_end_ = CheckpointsEnd::kNotBegun;

  JobPhase phase_ = JobPhase::kNotStarted;
  FailoverScope scope_;             // what the phase concerns; empty while all tasks run
  TimerId phase_timer_ = kNoTimer;  // canceled by every change of phase
  std::vector<SlotId> slots_;
  SlotLayout layout_;
  std::map<std::string, std::string> worker_of_task_manager_;  // of the present deployment
  std::string coordinator_id_;                                 // likewise; empty: none
  std::uint64_t deployment_id_ = 0;
  std::set<std::string> deployed_;  // workers that were sent DeployTasks
  std::set<std::string> awaited_;   // those of them that have not answered yet
  // Attempts that the coordinators were told of, by vertex and subtask.
  std::map<SubtaskIndex, std::uint32_t> announced_;
  std::int64_t restart_due_ms_ = 0;  // monotonic
  int restarts_ = 0;
  std::uint64_t dropped_messages_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::jobmanager
