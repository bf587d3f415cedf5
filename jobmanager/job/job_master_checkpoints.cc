// Checkpoints: between the job's processes and its JobCheckpoints.
#include <utility>

#include "common/text.h"
#include "jobmanager/job/job_master.h"
#include "proto/conversion/status_conversion.h"

namespace weir::jobmanager {
namespace {

JobEnd EndOf(JobState state) {
  switch (state) {
    case JobState::kFinished:
      return JobEnd::kFinished;
    case JobState::kCanceled:
      return JobEnd::kCanceled;
    case JobState::kFailed:
      return JobEnd::kFailed;
    default:
      return JobEnd::kSuspended;
  }
}

}  // namespace

void JobMaster::OpenCheckpoints() {
  if (!submission_.checkpoint_start.present()) return;
  checkpoints_ =
      std::make_unique<JobCheckpoints>(services_, submission_, graph_, !coordinators_.empty(),
                                       static_cast<JobCheckpointsListener&>(*this));
}

void JobMaster::TriggerCheckpoint(CheckpointCoordinator::TriggerCallback callback) {
  if (checkpoints_) return checkpoints_->Trigger(std::move(callback));
  callback(Status(StatusCode::kFailedPrecondition,
                  Concat("job ", job_id(),
                         " takes no checkpoints: execution.checkpointing.interval is not set"),
                  ErrorDomain::kUser, RetryHint::kNoRetry));
}

// ---- what the next attempts start from

void JobMaster::OnRestoreKnown() {
  // The newest cannot be read. Coordinators that run on have let go of what it held, and what is
  // restored now belongs to an older cut.
  const bool starts = phase_ == JobPhase::kWaitingForSlots || phase_ == JobPhase::kStartingWorkers;
  if (starts && checkpoints_->restores_older() && !scope_.all()) {
    log_.Warning("job ", job_id(), " goes back beyond its newest checkpoint: all tasks restart");
    scope_.AddAll();
    TransitionJob(JobState::kRestarting);
    return StopTasks();
  }
  CheckWorkersReady();
}

std::vector<proto::CoordinatorStart> JobMaster::CoordinatorsToStart() const {
  std::vector<proto::CoordinatorStart> starts = coordinators_;
  if (!checkpoints_) return starts;
  for (proto::CoordinatorStart& start : starts) {
    const proto::CoordinatorRestore* const restore =
        checkpoints_->CoordinatorRestoreOf(start.vertex(), start.operator_index());
    if (restore != nullptr) *start.mutable_restore() = *restore;
  }
  return starts;
}

void JobMaster::AddRestores(proto::DeployTasks& deployment) const {
  if (!checkpoints_) return;
  for (proto::TaskDeployment& task : *deployment.mutable_tasks()) {
    const proto::TaskRestore* const restore =
        checkpoints_->RestoreOf(task.vertex(), task.subtask());
    if (restore != nullptr) *task.mutable_restore() = *restore;
  }
}

// ---- commands

void JobMaster::SendToCoordinator(proto::WorkerCommand command) {
  JobWorker* const coordinator = ReadyCoordinator();
  if (coordinator != nullptr) workers_.Send(*coordinator, std::move(command));
}

void JobMaster::SendToWorkers(const proto::WorkerCommand& command) {
  for (const auto& [task_manager_id, worker_id] : worker_of_task_manager_) {
    JobWorker* const worker = workers_.Find(worker_id);
    if (worker != nullptr && worker->state == WorkerState::kReady) workers_.Send(*worker, command);
  }
}

void JobMaster::SendTriggers(const proto::TriggerCheckpoint& trigger,
                             const std::vector<CheckpointTask>& tasks,
                             const std::vector<CheckpointTask>& announced_to) {
  std::map<std::string, proto::WorkerCommand> commands;  // by worker
  const auto trigger_of = [&](const CheckpointTask& task) {
    const Execution& execution = graph_.At(task.index.vertex, task.index.subtask);
    proto::WorkerCommand& command = commands[execution.place->worker_id];
    if (!command.has_trigger_checkpoint()) *command.mutable_trigger_checkpoint() = trigger;
    return command.mutable_trigger_checkpoint();
  };
  const auto set = [](const CheckpointTask& task, proto::TaskAttempt* attempt) {
    attempt->set_vertex(task.index.vertex);
    attempt->set_subtask(task.index.subtask);
    attempt->set_attempt(task.attempt);
  };
  for (const CheckpointTask& task : tasks) set(task, trigger_of(task)->add_tasks());
  for (const CheckpointTask& task : announced_to) set(task, trigger_of(task)->add_announced_to());
  for (auto& [worker_id, command] : commands) {
    if (JobWorker* const worker = workers_.Find(worker_id)) {
      workers_.Send(*worker, std::move(command));
    }
  }
}

// ---- events

void JobMaster::OnCheckpointEvent(JobWorker& worker, proto::WorkerEvent event) {
  if (!checkpoints_ || checkpoints_->coordinator() == nullptr) return Drop();
  switch (event.event_case()) {
    case proto::WorkerEvent::kCoordinatorsSnapshotted:
      return OnCoordinatorsSnapshotted(worker, *event.mutable_coordinators_snapshotted());
    case proto::WorkerEvent::kCheckpointAcknowledged:
      return OnAcknowledged(worker, *event.mutable_checkpoint_acknowledged());
    case proto::WorkerEvent::kCheckpointDeclined:
      return OnDeclined(worker, event.checkpoint_declined());
    case proto::WorkerEvent::kCheckpointRequested:
      return OnCheckpointRequested(worker, event.checkpoint_requested());
    default:
      return Drop();
  }
}

void JobMaster::OnCoordinatorsSnapshotted(JobWorker& worker,
                                          proto::CoordinatorsSnapshotted& snapshotted) {
  if (worker.id != coordinator_id_) return Drop();
  checkpoints_->coordinator()->OnCoordinatorsSnapshotted(
      snapshotted.checkpoint_id(), proto::StatusFromError(snapshotted.error()),
      {std::make_move_iterator(snapshotted.mutable_states()->begin()),
       std::make_move_iterator(snapshotted.mutable_states()->end())});
}

void JobMaster::OnAcknowledged(JobWorker& worker, proto::CheckpointAcknowledged& acknowledged) {
  const proto::TaskAttempt& task = acknowledged.task();
  if (ExecutionOn(worker, task.vertex(), task.subtask(), task.attempt()) == nullptr) return;
  // One that runs for its neighbours only says nothing of that; none of its operators is to run in
  // what is restored from this checkpoint either.
  if (checkpoints_->HadFinished(task.vertex(), task.subtask())) {
    acknowledged.mutable_state()->set_finished(true);
  }
  if (!checkpoints_->coordinator()->OnAcknowledged(std::move(acknowledged))) Drop();
}

void JobMaster::OnDeclined(JobWorker& worker, const proto::CheckpointDeclined& declined) {
  const proto::TaskAttempt& task = declined.task();
  if (ExecutionOn(worker, task.vertex(), task.subtask(), task.attempt()) == nullptr) return;
  if (!checkpoints_->coordinator()->OnDeclined(declined)) Drop();
}

void JobMaster::OnCheckpointRequested(JobWorker& worker,
                                      const proto::CheckpointRequested& requested) {
  const proto::TaskAttempt& task = requested.task();
  const Execution* const execution =
      ExecutionOn(worker, task.vertex(), task.subtask(), task.attempt());
  if (execution == nullptr) return;
  if (execution->state() != TaskState::kRunning) return Drop();
  checkpoints_->OnRequested({task.vertex(), task.subtask()});
}

// ---- ends

void JobMaster::OnCheckpointsFailed(Status reason) {
  Fail(FailureOfJob(std::move(reason), services_.clock.WallMillis()), WholeJob());
}

void JobMaster::StopCheckpoints() {
  if (!checkpoints_) return;
  checkpoints_->OnTasksStopping(
      Status(StatusCode::kCanceled, Concat("the job is ", ToString(state()))));
}

std::optional<proto::CheckpointsToClear> JobMaster::CheckpointsToClear() const {
  return checkpoints_ ? checkpoints_->ToClear(EndOf(state())) : std::nullopt;
}

bool JobMaster::EndCheckpoints() {
  if (!checkpoints_ || checkpoints_end_ == CheckpointsEnd::kDone) return true;
  if (checkpoints_end_ == CheckpointsEnd::kUnderWay) return false;
  checkpoints_end_ = CheckpointsEnd::kUnderWay;
  checkpoints_->End(EndOf(state()), [this] {
    checkpoints_end_ = CheckpointsEnd::kDone;
    CheckEnded();
  });
  return false;
}

}  // namespace weir::jobmanager
