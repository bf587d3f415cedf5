// What the job's workers and coordinators report.
#include <utility>

#include "common/text.h"
#include "jobmanager/job/job_master.h"
#include "proto/conversion/status_conversion.h"

namespace weir::jobmanager {

void JobMaster::OnTaskManagerLost(const std::string& id, const std::string& reason) {
  workers_.OnTaskManagerLost(id, reason);
}

void JobMaster::OnTaskManagerReturned(const proto::TaskManagerHello& hello) {
  workers_.OnTaskManagerReturned(hello);
}

bool JobMaster::OnWorkerStarted(const proto::WorkerStarted& started) {
  if (workers_.Find(started.worker_id()) == nullptr) return false;
  workers_.OnStarted(started);
  return true;
}

bool JobMaster::OnWorkerExited(const proto::WorkerExited& exited) {
  if (workers_.Find(exited.worker_id()) == nullptr) return false;
  workers_.OnExited(exited);
  return true;
}

bool JobMaster::OnStuckStep(const proto::StuckStep& stuck) {
  if (workers_.Find(stuck.worker_id()) == nullptr) return false;
  stuck_tasks_.OnReport(stuck.worker_id(), stuck.step());
  return true;
}

Status JobMaster::AttachWorker(const proto::WorkerHello& hello,
                               std::shared_ptr<WorkerSession> session, proto::Welcome welcome) {
  return workers_.Attach(hello, std::move(session), std::move(welcome));
}

void JobMaster::OnWorkerClosed(const WorkerSession* session, const Status& reason) {
  workers_.OnSessionClosed(session, reason);
}

void JobMaster::OnWorkerEvent(const std::string& worker_id, proto::WorkerEvent event) {
  JobWorker* const worker = workers_.Find(worker_id);
  if (worker == nullptr) return Drop();
  workers_.OnHeard(*worker);
  switch (event.event_case()) {
    case proto::WorkerEvent::kHeartbeat:
      return;
    case proto::WorkerEvent::kJobPrepared:
      return workers_.OnPrepared(*worker, event.job_prepared());
    case proto::WorkerEvent::kTasksDeployed:
      return OnTasksDeployed(*worker, event.tasks_deployed());
    case proto::WorkerEvent::kTaskState:
      return OnTaskState(*worker, event.task_state());
    case proto::WorkerEvent::kOperatorEvent:
      if (worker->role == proto::COORDINATOR) {
        return RelayToSubtask(*worker, std::move(*event.mutable_operator_event()));
      }
      return RelayToCoordinator(*worker, std::move(*event.mutable_operator_event()));
    case proto::WorkerEvent::kStatistics:
      return OnStatistics(*worker, std::move(*event.mutable_statistics()));
    case proto::WorkerEvent::kCoordinatorsStarted:
      return OnCoordinatorsStarted(*worker, event.coordinators_started());
    case proto::WorkerEvent::kCoordinatorFailed:
      return OnCoordinatorFailed(*worker, event.coordinator_failed());
    case proto::WorkerEvent::kWorkerFailed: {
      Status status = proto::StatusFromError(event.worker_failed().error());
      if (status.ok()) status = Status::Internal("failed without saying why");
      JobFailure failure =
          FailureOfJob(status.WithContext(DescribeWorker(worker->role, worker->task_manager_id)),
                       services_.clock.WallMillis());
      failure.task_manager_id = worker->task_manager_id;
      return workers_.Fail(*worker, std::move(failure));
    }
    case proto::WorkerEvent::kCheckpointAcknowledged:
    case proto::WorkerEvent::kCheckpointDeclined:
    case proto::WorkerEvent::kCheckpointRequested:
    case proto::WorkerEvent::kCoordinatorsSnapshotted:
      return OnCheckpointEvent(*worker, std::move(event));
    // A second hello, or an event of a newer version.
    case proto::WorkerEvent::kHello:
    case proto::WorkerEvent::EVENT_NOT_SET:
      return Drop();
  }
}

void JobMaster::OnWorkerReady(JobWorker&) {
  CheckWorkersReady();
}

void JobMaster::OnWorkerFailed(JobWorker& worker, JobFailure failure) {
  FailoverScope touched = ScopeOf(worker);
  if (worker.state == WorkerState::kGone) {
    for (Execution* const execution : DeployedOn(worker)) {
      TransitionTask(*execution, TaskState::kFailed);
    }
  }
  if (phase_ == JobPhase::kExecuting && touched.empty()) {
    log_.Info("job ", job_id(), " goes on, all tasks there had ended: ", failure.status.message());
    return;
  }
  // Nothing that is to run on ran there; what is lost is started again with the rest.
  const bool waits = phase_ == JobPhase::kWaitingForSlots || phase_ == JobPhase::kWaitingToRestart;
  if (waits && scope_.Contains(touched)) {
    log_.Info("job ", job_id(), ", while it waits: ", failure.status.message());
    return;
  }
  Fail(std::move(failure), std::move(touched));
}

void JobMaster::OnWorkerGone(JobWorker& worker) {
  stuck_tasks_.ForgetWorker(worker.id);
  for (Execution* const execution : DeployedOn(worker)) {
    TransitionTask(*execution, worker.failed ? TaskState::kFailed : TaskState::kCanceled);
  }
  CheckStopped();
  CheckEnded();
}

Execution* JobMaster::ExecutionOn(const JobWorker& worker, std::uint32_t vertex,
                                  std::uint32_t subtask, std::uint32_t attempt) {
  Execution* const execution = graph_.Find(vertex, subtask, attempt);
  if (execution != nullptr && execution->place && execution->place->worker_id == worker.id) {
    return execution;
  }
  Drop();
  return nullptr;
}

void JobMaster::OnTaskState(JobWorker& worker, const proto::TaskStateChange& change) {
  Execution* const execution =
      ExecutionOn(worker, change.task().vertex(), change.task().subtask(), change.task().attempt());
  const std::optional<TaskState> to = TaskStateFromNumber(change.state());
  if (execution == nullptr || !to) return;
  if (change.has_final_statistics()) execution->statistics = change.final_statistics();
  // A report can cross a cancel on the wire, and a repeated one says nothing new.
  if (!CanTransition(execution->state(), *to)) return Drop();
  const bool canceling = execution->state() == TaskState::kCanceling;
  TransitionTask(*execution, *to);
  switch (*to) {
    case TaskState::kRunning:
      return OnTaskRunning(*execution);
    case TaskState::kFinished:
      if (checkpoints_) checkpoints_->OnTaskFinished({execution->vertex, execution->subtask});
      if (phase_ == JobPhase::kExecuting && graph_.AllFinished()) return End(JobState::kFinished);
      return CheckStopped();
    case TaskState::kFailed:
      if (checkpoints_ && change.failure().restore_failed()) {
        checkpoints_->OnRestoreFailed(proto::StatusFromError(change.failure().error()));
      }
      Fail(FailureOfTask(graph_, *execution, change.failure(), services_.clock.WallMillis()),
           ScopeOf(*execution));
      return CheckStopped();
    case TaskState::kCanceled:
      if (canceling || phase_ == JobPhase::kStopping) return CheckStopped();
      return Fail(FailureOfJob(Status::Internal(Concat(
                                   "'", graph_.TaskName(execution->vertex, execution->subtask),
                                   "' ended as canceled, but nobody canceled it")),
                               services_.clock.WallMillis()),
                  ScopeOf(*execution));
    default:
      return;
  }
}

void JobMaster::OnTaskRunning(Execution& execution) {
  if (checkpoints_ && checkpoints_->coordinator() != nullptr) {
    checkpoints_->coordinator()->OnTaskRunning();
  }
  JobWorker* const coordinator = ReadyCoordinator();
  const bool had_finished =
      checkpoints_ && checkpoints_->HadFinished(execution.vertex, execution.subtask);
  // Nothing is to be read by a subtask that had ended before the job was restored.
  if (coordinator == nullptr || had_finished) return;
  announced_[{execution.vertex, execution.subtask}] = execution.attempt;
  for (const proto::CoordinatorStart& start : coordinators_) {
    if (start.vertex() != execution.vertex) continue;
    proto::WorkerCommand command;
    proto::SubtaskReady* const ready = command.mutable_subtask_ready();
    ready->set_vertex(execution.vertex);
    ready->set_operator_index(start.operator_index());
    ready->set_subtask(execution.subtask);
    ready->set_attempt(execution.attempt);
    workers_.Send(*coordinator, std::move(command));
  }
}

void JobMaster::OnTasksDeployed(JobWorker& worker, const proto::TasksDeployed& deployed) {
  if (phase_ != JobPhase::kDeploying || deployed.deployment_id() != deployment_id_) return Drop();
  if (const Status status = proto::StatusFromError(deployed.error()); !status.ok()) {
    return workers_.Fail(
        worker,
        FailureOfJob(status.WithContext(Concat(DescribeWorker(worker.role, worker.task_manager_id),
                                               " could not deploy its tasks")),
                     services_.clock.WallMillis()));
  }
  awaited_.erase(worker.id);
  if (awaited_.empty()) StartTasks();
}

void JobMaster::OnCoordinatorsStarted(JobWorker& worker,
                                      const proto::CoordinatorsStarted& started) {
  if (phase_ != JobPhase::kStartingCoordinators || worker.id != coordinator_id_ ||
      started.deployment_id() != deployment_id_) {
    return Drop();
  }
  if (const Status status = proto::StatusFromError(started.error()); !status.ok()) {
    return Fail(FailureOfJob(status.WithContext("the operator coordinators could not be started"),
                             services_.clock.WallMillis()),
                scope_);
  }
  DeployTasks();
}

void JobMaster::OnCoordinatorFailed(JobWorker& worker, const proto::CoordinatorFailed& failed) {
  const bool started = !scope_.coordinators() || phase_ == JobPhase::kStartingCoordinators ||
                       phase_ == JobPhase::kDeploying;
  if (worker.id != coordinator_id_ || !started) return Drop();
  Status status = proto::StatusFromError(failed.error());
  if (status.ok()) status = Status::Internal("failed without saying why");
  JobFailure failure =
      FailureOfJob(status.WithContext(
                       Concat("the coordinator of operator '",
                              graph_.OperatorName(failed.vertex(), failed.operator_index()), "'")),
                   services_.clock.WallMillis());
  failure.operator_name = graph_.OperatorName(failed.vertex(), failed.operator_index());
  failure.task_manager_id = worker.task_manager_id;
  Fail(std::move(failure), ScopeOf(worker));
}

void JobMaster::OnStatistics(JobWorker& worker, proto::WorkerStatistics statistics) {
  for (proto::TaskStatistics& task : *statistics.mutable_tasks()) {
    Execution* const execution =
        ExecutionOn(worker, task.task().vertex(), task.task().subtask(), task.task().attempt());
    // The final statistics of an ended attempt are the better ones.
    if (execution == nullptr || IsTerminal(execution->state())) continue;
    execution->statistics = std::move(task);
  }
}

// Events of an attempt that is being stopped concern nobody any more.
bool JobMaster::Relaying(const Execution& execution) const {
  if (IsTerminal(execution.state()) || phase_ == JobPhase::kEnding) return false;
  return phase_ == JobPhase::kDeploying || phase_ == JobPhase::kExecuting ||
         !scope_.Contains(execution.vertex, execution.subtask);
}

JobWorker* JobMaster::ReadyCoordinator() {
  JobWorker* const worker = workers_.Find(coordinator_id_);
  return worker != nullptr && worker->state == WorkerState::kReady ? worker : nullptr;
}

void JobMaster::RelayToCoordinator(JobWorker& worker, proto::OperatorEvent event) {
  const Execution* const execution =
      ExecutionOn(worker, event.vertex(), event.subtask(), event.attempt());
  if (execution == nullptr) return;
  JobWorker* const coordinator = ReadyCoordinator();
  if (coordinator == nullptr || !Relaying(*execution)) return Drop();
  proto::WorkerCommand command;
  *command.mutable_operator_event() = std::move(event);
  workers_.Send(*coordinator, std::move(command));
}

void JobMaster::RelayToSubtask(JobWorker& worker, proto::OperatorEvent event) {
  const Execution* const execution = graph_.Find(event.vertex(), event.subtask(), event.attempt());
  if (execution == nullptr || worker.id != coordinator_id_ || !execution->place ||
      !Relaying(*execution)) {
    return Drop();
  }
  JobWorker* const target = workers_.Find(execution->place->worker_id);
  if (target == nullptr || target->state != WorkerState::kReady) return Drop();
  proto::WorkerCommand command;
  *command.mutable_operator_event() = std::move(event);
  workers_.Send(*target, std::move(command));
}

}  // namespace weir::jobmanager
