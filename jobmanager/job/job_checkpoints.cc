#include "jobmanager/job/job_checkpoints.h"

#include <algorithm>
#include <utility>

#include "common/text.h"

namespace weir::jobmanager {
namespace {

// Vertices of the graph all of whose subtasks had ended, by the id of their first operator.
bool AllHadFinished(const proto::CheckpointMetadata& metadata, const proto::JobVertex& vertex) {
  for (const proto::VertexState& old : metadata.vertices()) {
    const bool same = old.operators_size() > 0 && vertex.operators_size() > 0 &&
                      old.operators(0).id() == vertex.operators(0).id();
    if (!same) continue;
    return old.subtasks_size() > 0 &&
           std::ranges::all_of(old.subtasks(), [](const auto& task) { return task.finished(); });
  }
  return false;
}

}  // namespace

JobCheckpoints::JobCheckpoints(const JobServices& services, const JobSubmission& submission,
                               const ExecutionGraph& graph, bool has_operator_coordinators,
                               JobCheckpointsListener& listener)
    : services_(services),
      submission_(submission),
      graph_(graph),
      has_operator_coordinators_(has_operator_coordinators),
      listener_(listener),
      store_(services.loop, *services.checkpoints, submission.checkpoint_start,
             CheckpointOwner{.cluster_id = services.checkpoints->cluster_id,
                             .job_id = submission.job_id,
                             .job_epoch = submission.job_epoch,
                             .leader_session = services.leader.id()}) {
  Open();
}

void JobCheckpoints::Open() {
  store_.Open([this](const Result<std::uint64_t>& next) { OnOpened(next); });
}

void JobCheckpoints::OnOpened(const Result<std::uint64_t>& next_checkpoint_id) {
  // The look-up behind it fails the same way, and fails the job.
  if (!next_checkpoint_id.ok() || !configuration() || coordinator_) return;
  coordinator_ = std::make_unique<CheckpointCoordinator>(
      services_.loop, services_.clock, graph_, configuration()->policy, has_operator_coordinators_,
      *next_checkpoint_id, statistics_, static_cast<CheckpointEffects&>(*this));
  if (tasks_started_) coordinator_->Start();
}

// ---- restoring

void JobCheckpoints::PrepareAttempts() {
  restore_known_ = false;
  restored_.reset();
  assignment_ = {};
  progressed_ = false;
  // What was wrong with the folder may have passed.
  if (!coordinator_) Open();
  store_.FindLatest(
      [this, lookup = ++lookups_](const Result<std::optional<CompletedCheckpoint>>& latest) {
        if (lookup == lookups_) OnLatestFound(latest);
      });
}

void JobCheckpoints::OnLatestFound(const Result<std::optional<CompletedCheckpoint>>& latest) {
  if (!latest.ok()) {
    return listener_.OnCheckpointsFailed(latest.status().WithContext("cannot restore the job"));
  }
  std::optional<std::uint64_t> found;
  if (*latest) found = (*latest)->checkpoint_id;
  restores_older_ = newest_ && newest_ != found;
  if (*latest) {
    const CompletedCheckpoint& checkpoint = **latest;
    Result<StateAssignment> assignment =
        AssignState(*checkpoint.metadata, checkpoint.directory, graph_.job_graph());
    if (!assignment.ok()) {
      return listener_.OnCheckpointsFailed(
          assignment.status().WithContext(Concat("cannot restore ", checkpoint.path)));
    }
    assignment_ = *std::move(assignment);
    for (std::uint32_t vertex = 0; vertex < assignment_.tasks.size(); ++vertex) {
      if (!AllHadFinished(*checkpoint.metadata, graph_.vertex(vertex))) continue;
      for (proto::TaskRestore& task : assignment_.tasks[vertex]) task.set_finished(true);
    }
    restored_ = checkpoint.checkpoint_id;
    statistics_.OnRestored({.id = checkpoint.checkpoint_id,
                            .restore_time_ms = services_.clock.WallMillis(),
                            .path = checkpoint.path});
    log_.Info("job ", submission_.job_id, " starts from ", checkpoint.path);
  }
  restore_known_ = true;
  listener_.OnRestoreKnown();
}

const proto::TaskRestore* JobCheckpoints::RestoreOf(std::uint32_t vertex,
                                                    std::uint32_t subtask) const {
  return restored_ ? assignment_.RestoreOf(vertex, subtask) : nullptr;
}

const proto::CoordinatorRestore* JobCheckpoints::CoordinatorRestoreOf(
    std::uint32_t vertex, std::uint32_t operator_index) const {
  return restored_ ? assignment_.CoordinatorRestoreOf(vertex, operator_index) : nullptr;
}

bool JobCheckpoints::HadFinished(std::uint32_t vertex, std::uint32_t subtask) const {
  const proto::TaskRestore* const restore = RestoreOf(vertex, subtask);
  return restore != nullptr && restore->finished();
}

void JobCheckpoints::OnRestoreFailed(const Status& failure) {
  // Another reason (a schema that differs, a disk that is away) would be the same with an older
  // checkpoint, or passes; going back then would lose what was done since. Whether a file is there
  // the look-up sees for itself: a worker that does not find it may have no way to it.
  if (!restored_ || failure.code() != StatusCode::kCorruption) return;
  log_.Warning("job ", submission_.job_id, " cannot be restored from checkpoint ", *restored_, ": ",
               failure.message());
  store_.MarkUnrestorable(*restored_, failure);
}

// ---- the life of the tasks

void JobCheckpoints::OnTasksStarted() {
  tasks_started_ = true;
  if (!coordinator_) return;
  coordinator_->Start();
  for (const SubtaskIndex task : waiting_for_checkpoint_) coordinator_->OnRequested(task);
}

void JobCheckpoints::OnTaskFinished(SubtaskIndex task) {
  waiting_for_checkpoint_.erase(task);
  if (coordinator_) coordinator_->OnTaskFinished(task);
}

void JobCheckpoints::OnRequested(SubtaskIndex task) {
  waiting_for_checkpoint_.insert(task);
  if (coordinator_) coordinator_->OnRequested(task);
}

void JobCheckpoints::OnTasksStopping(const Status& reason) {
  tasks_started_ = false;
  if (coordinator_) coordinator_->Stop(reason);
}

// A job that failed before it got anywhere, for want of slots or of a disk, can still go on from
// what it was to be restored from.
bool JobCheckpoints::KeepsAll(JobEnd end) const {
  return end == JobEnd::kFailed && !progressed_ && (restored_ || !restore_known_);
}

std::optional<proto::CheckpointsToClear> JobCheckpoints::ToClear(JobEnd end) const {
  if (!configuration() || KeepsAll(end)) return std::nullopt;
  proto::CheckpointsToClear to_clear;
  to_clear.set_directory(configuration()->directory);
  to_clear.set_job_epoch(submission_.job_epoch);
  to_clear.set_leader_session(services_.leader.id());
  to_clear.set_keep_completed(!IsRemovedAfter(end, configuration()->retention));
  return to_clear;
}

void JobCheckpoints::End(JobEnd end, std::function<void()> done) {
  const bool keeps = KeepsAll(end);
  if (keeps) {
    log_.Warning("job ", submission_.job_id,
                 " keeps its checkpoints: it has taken none since it was to be restored");
  }
  // Where the job would run again if its end were not stored, nothing goes before it is: the
  // JobManager sees to it.
  const bool leaves = keeps || services_.checkpoints->metadata.persistent();
  store_.End(leaves ? JobEnd::kSuspended : end, std::move(done));
}

void JobCheckpoints::Trigger(CheckpointCoordinator::TriggerCallback callback) {
  if (coordinator_) return coordinator_->Trigger(std::move(callback));
  callback(Status(StatusCode::kFailedPrecondition,
                  configuration() ? "the tasks of the job do not run"
                                  : "the job takes no checkpoints: "
                                    "execution.checkpointing.interval is not set",
                  ErrorDomain::kUser, RetryHint::kNoRetry));
}

// ---- effects of the coordinator

void JobCheckpoints::PrepareFolder(std::uint64_t checkpoint_id) {
  store_.PrepareFolder(checkpoint_id, [this, checkpoint_id](const Status& status) {
    coordinator_->OnFolderReady(checkpoint_id, status);
  });
}

void JobCheckpoints::SnapshotCoordinators(std::uint64_t checkpoint_id) {
  proto::WorkerCommand command;
  command.mutable_snapshot_coordinators()->set_checkpoint_id(checkpoint_id);
  listener_.SendToCoordinator(std::move(command));
}

void JobCheckpoints::AnnounceToTasks(std::uint64_t checkpoint_id, std::int64_t trigger_time_ms,
                                     const std::vector<CheckpointTask>& announced_to) {
  TriggerTasks(checkpoint_id, trigger_time_ms, {}, announced_to);
}

void JobCheckpoints::TriggerTasks(std::uint64_t checkpoint_id, std::int64_t trigger_time_ms,
                                  const std::vector<CheckpointTask>& tasks,
                                  const std::vector<CheckpointTask>& announced_to) {
  proto::TriggerCheckpoint trigger;
  trigger.set_checkpoint_id(checkpoint_id);
  trigger.set_trigger_time_ms(trigger_time_ms);
  trigger.set_kind(proto::CHECKPOINT);
  trigger.set_unaligned(!announced_to.empty());
  listener_.SendTriggers(trigger, tasks, announced_to);
}

void JobCheckpoints::WriteMetadata(proto::CheckpointMetadata metadata) {
  const std::uint64_t id = metadata.checkpoint_id();
  metadata.set_job_id(submission_.job_id);
  metadata.set_complete_time_ms(services_.clock.WallMillis());
  metadata.set_software_version(WEIR_VERSION);
  store_.Complete(std::move(metadata),
                  [this, id](const Result<JobCheckpointStore::Completed>& completed) {
                    if (!completed.ok()) {
                      return coordinator_->OnMetadataWritten(id, completed.status());
                    }
                    progressed_ = true;
                    newest_ = id;
                    coordinator_->OnMetadataWritten(id, completed->path);
                    for (const std::uint64_t old : completed->subsumed)
                      statistics_.OnDiscarded(old);
                  });
}

void JobCheckpoints::SendToAll(const proto::WorkerCommand& command) {
  listener_.SendToWorkers(command);
  if (has_operator_coordinators_) listener_.SendToCoordinator(command);
}

void JobCheckpoints::NotifyCompleted(std::uint64_t checkpoint_id) {
  proto::WorkerCommand command;
  command.mutable_checkpoint_completed()->set_checkpoint_id(checkpoint_id);
  SendToAll(command);
}

void JobCheckpoints::NotifyAborted(std::uint64_t checkpoint_id) {
  proto::WorkerCommand command;
  command.mutable_checkpoint_aborted()->set_checkpoint_id(checkpoint_id);
  SendToAll(command);
}

void JobCheckpoints::RemoveFolder(std::uint64_t checkpoint_id) {
  store_.Discard(checkpoint_id);
}

void JobCheckpoints::FailJob(Status reason) {
  listener_.OnCheckpointsFailed(std::move(reason));
}

}  // namespace weir::jobmanager
