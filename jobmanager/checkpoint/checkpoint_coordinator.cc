#include "jobmanager/checkpoint/checkpoint_coordinator.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/configuration_value.h"
#include "common/text.h"
#include "proto/conversion/status_conversion.h"

namespace weir::jobmanager {
namespace {

// What is asked for (by hand, by tasks that end) starts at once, but not at once again: the task
// that declined needs a moment to end.
constexpr std::int64_t kRetryPauseMs = 100;

// Declines that say "not now": the task has ended, is not there yet, or gave up an older checkpoint
// for a newer one. As in Flink, they are no failures of the job.
bool IsNotNow(const Status& status) {
  return status.code() == StatusCode::kFailedPrecondition || status.code() == StatusCode::kCanceled;
}

// Tasks that have to acknowledge it still.
std::vector<CheckpointTask> Awaited(const PendingCheckpoint& checkpoint) {
  std::vector<CheckpointTask> awaited;
  std::ranges::copy_if(checkpoint.plan(), std::back_inserter(awaited),
                       [&](const CheckpointTask& task) { return checkpoint.Awaits(task.index); });
  return awaited;
}

}  // namespace

CheckpointCoordinator::CheckpointCoordinator(EventLoop& loop, Clock& clock,
                                             const ExecutionGraph& graph, CheckpointPolicy policy,
                                             bool has_operator_coordinators,
                                             std::uint64_t first_checkpoint_id,
                                             CheckpointStatistics& statistics,
                                             CheckpointEffects& effects)
    : loop_(loop),
      clock_(clock),
      graph_(graph),
      policy_(policy),
      has_operator_coordinators_(has_operator_coordinators),
      statistics_(statistics),
      effects_(effects),
      next_id_(first_checkpoint_id),
      last_end_ms_(clock.MonotonicMillis() - policy.min_pause_ms) {}

CheckpointCoordinator::~CheckpointCoordinator() {
  loop_.Cancel(timer_);
  for (auto& [id, pending] : pending_) CancelTimers(pending);
}

void CheckpointCoordinator::Start() {
  active_ = true;
  failures_in_a_row_ = 0;
  next_periodic_ms_ = clock_.MonotonicMillis() + policy_.interval_ms;
  Evaluate();
}

void CheckpointCoordinator::Stop(const Status& reason) {
  active_ = false;
  loop_.Cancel(std::exchange(timer_, kNoTimer));
  AbortAll(reason);
  requested_by_.clear();
  for (const TriggerCallback& callback : std::exchange(asked_by_hand_, {})) callback(reason);
}

bool CheckpointCoordinator::settled() const {
  return pending_.empty();
}

// ---- when

bool CheckpointCoordinator::AtConcurrencyBound() const {
  const std::int64_t bound = policy_.min_pause_ms > 0 ? 1 : policy_.max_concurrent;
  return static_cast<std::int64_t>(pending_.size()) >= bound;
}

std::int64_t CheckpointCoordinator::EarliestStartMs() const {
  if (!asked_by_hand_.empty() || !requested_by_.empty()) return retry_after_ms_;
  return std::max(next_periodic_ms_, last_end_ms_ + policy_.min_pause_ms);
}

void CheckpointCoordinator::Evaluate() {
  loop_.Cancel(std::exchange(timer_, kNoTimer));
  // The end of one evaluates again.
  if (!active_ || AtConcurrencyBound()) return;
  const std::int64_t wait_ms = EarliestStartMs() - clock_.MonotonicMillis();
  if (wait_ms > 0) {
    timer_ = loop_.Schedule(wait_ms, [this] {
      timer_ = kNoTimer;
      Evaluate();
    });
    return;
  }
  // So does a task that begins to run.
  if (!PlanCheckpoint(graph_).ok()) return;
  Begin();
}

void CheckpointCoordinator::Begin() {
  const std::int64_t now_ms = clock_.MonotonicMillis();
  const std::uint64_t id = next_id_++;
  next_periodic_ms_ = now_ms + policy_.interval_ms;
  Pending& pending =
      pending_
          .emplace(id, Pending{.checkpoint = PendingCheckpoint(id, clock_.WallMillis(), now_ms),
                               .callbacks = std::exchange(asked_by_hand_, {}),
                               .requested_by = std::exchange(requested_by_, {})})
          .first->second;
  pending.timeout = loop_.Schedule(policy_.timeout_ms, [this, id] {
    Pending* const late = Find(id);
    if (late == nullptr) return;
    late->timeout = kNoTimer;
    std::string text = Concat("checkpoint ", id, " took longer than ",
                              FormatDuration(std::chrono::milliseconds(policy_.timeout_ms)),
                              " (execution.checkpointing.timeout): ", Details());
    Abort(id, Status(StatusCode::kTimedOut, std::move(text)), Counts::kYes);
  });
  statistics_.OnStarted(id, pending.checkpoint.trigger_time_ms());
  effects_.PrepareFolder(id);
  Evaluate();
}

void CheckpointCoordinator::Trigger(TriggerCallback callback) {
  if (!active_) {
    return callback(Status(StatusCode::kFailedPrecondition, "the tasks of the job do not run",
                           ErrorDomain::kUser));
  }
  if (const auto plan = PlanCheckpoint(graph_); !plan.ok()) return callback(plan.status());
  asked_by_hand_.push_back(std::move(callback));
  Evaluate();
}

void CheckpointCoordinator::OnRequested(SubtaskIndex task) {
  if (!active_) return;
  for (auto& [id, pending] : pending_) {
    // Its triggers leave after this: it is what the task asks for.
    const PendingCheckpointState state = pending.checkpoint.state();
    if (state == PendingCheckpointState::kPreparingFolder ||
        state == PendingCheckpointState::kSnapshottingCoordinators) {
      pending.requested_by.insert(task);
      return;
    }
  }
  requested_by_.insert(task);
  Evaluate();
}

// ---- on its way

CheckpointCoordinator::Pending* CheckpointCoordinator::Find(std::uint64_t checkpoint_id) {
  const auto found = pending_.find(checkpoint_id);
  return found == pending_.end() ? nullptr : &found->second;
}

std::int64_t CheckpointCoordinator::ElapsedMs(const PendingCheckpoint& checkpoint) const {
  return clock_.MonotonicMillis() - checkpoint.started_ms();
}

void CheckpointCoordinator::OnFolderReady(std::uint64_t checkpoint_id, const Status& status) {
  Pending* const pending = Find(checkpoint_id);
  if (pending == nullptr ||
      pending->checkpoint.state() != PendingCheckpointState::kPreparingFolder) {
    return;
  }
  if (!status.ok()) {
    return Abort(checkpoint_id, status.WithContext("cannot make the checkpoint's folder"),
                 Counts::kYes);
  }
  if (!has_operator_coordinators_) return TriggerTasks(*pending);
  pending->checkpoint.SnapshotCoordinators();
  effects_.SnapshotCoordinators(checkpoint_id);
}

void CheckpointCoordinator::OnCoordinatorsSnapshotted(std::uint64_t checkpoint_id,
                                                      const Status& status,
                                                      std::vector<proto::CoordinatorState> states) {
  Pending* const pending = Find(checkpoint_id);
  if (pending == nullptr ||
      pending->checkpoint.state() != PendingCheckpointState::kSnapshottingCoordinators) {
    return;
  }
  if (!status.ok()) {
    return Abort(checkpoint_id, status.WithContext("snapshot of the operator coordinators"),
                 Counts::kYes);
  }
  pending->checkpoint.SetCoordinatorStates(std::move(states));
  TriggerTasks(*pending);
}

void CheckpointCoordinator::TriggerTasks(Pending& pending) {
  const std::uint64_t id = pending.checkpoint.id();
  Result<CheckpointPlan> plan = PlanCheckpoint(graph_);
  if (!plan.ok()) return Abort(id, plan.status(), Counts::kNo);
  std::vector<CheckpointTask> starting;
  std::ranges::copy_if(*plan, std::back_inserter(starting), &CheckpointTask::starts_barrier);
  statistics_.OnTriggered(id, *plan);
  pending.checkpoint.Collect(*std::move(plan));
  const bool unaligned = policy_.unaligned && !std::exchange(aligned_next_, false);
  pending.announced = unaligned && policy_.aligned_timeout_ms == 0;
  if (unaligned && !pending.announced) {
    pending.announcement = loop_.Schedule(policy_.aligned_timeout_ms, [this, id] { Announce(id); });
  }
  effects_.TriggerTasks(
      id, pending.checkpoint.trigger_time_ms(), starting,
      pending.announced ? Awaited(pending.checkpoint) : std::vector<CheckpointTask>());
}

void CheckpointCoordinator::Announce(std::uint64_t checkpoint_id) {
  Pending* const pending = Find(checkpoint_id);
  if (pending == nullptr) return;
  pending->announcement = kNoTimer;
  pending->announced = true;
  effects_.AnnounceToTasks(checkpoint_id, pending->checkpoint.trigger_time_ms(),
                           Awaited(pending->checkpoint));
}

void CheckpointCoordinator::CancelTimers(Pending& pending) {
  loop_.Cancel(std::exchange(pending.timeout, kNoTimer));
  loop_.Cancel(std::exchange(pending.announcement, kNoTimer));
}

bool CheckpointCoordinator::OnAcknowledged(proto::CheckpointAcknowledged acknowledged) {
  const std::uint64_t id = acknowledged.checkpoint_id();
  const SubtaskIndex task{acknowledged.task().vertex(), acknowledged.task().subtask()};
  Pending* const pending = Find(id);
  if (pending == nullptr) {
    // It wrote files for a checkpoint that was given up. What completed is not touched.
    const CheckpointRecord* const record = statistics_.Find(id);
    if (record != nullptr && record->status == CheckpointStatus::kFailed) effects_.RemoveFolder(id);
    return false;
  }
  if (pending->checkpoint.Acknowledge(task, acknowledged.task().attempt(),
                                      std::move(*acknowledged.mutable_state())) !=
      AcknowledgeOutcome::kAccepted) {
    return false;
  }
  statistics_.OnAcknowledged(id, task, acknowledged.metrics(), clock_.WallMillis(),
                             ElapsedMs(pending->checkpoint));
  CheckAcknowledged(*pending);
  return true;
}

void CheckpointCoordinator::CheckAcknowledged(Pending& pending) {
  if (!pending.checkpoint.WriteMetadata()) return;
  // It may hold from here on: only the writer knows how it ends.
  CancelTimers(pending);
  effects_.WriteMetadata(pending.checkpoint.TakeMetadata(graph_.job_graph()));
}

bool CheckpointCoordinator::OnDeclined(const proto::CheckpointDeclined& declined) {
  Pending* const pending = Find(declined.checkpoint_id());
  const SubtaskIndex task{declined.task().vertex(), declined.task().subtask()};
  if (pending == nullptr || !pending->checkpoint.Awaits(task)) return false;
  Status status = proto::StatusFromError(declined.error());
  if (status.ok()) status = Status::Internal("without saying why");
  // Nothing is wrong with the job: what is on its way will be less, or is waited for.
  const bool too_much = pending->announced && status.code() == StatusCode::kResourceExhausted;
  aligned_next_ |= too_much;
  const Counts counts = too_much || IsNotNow(status) ? Counts::kNo : Counts::kYes;
  Abort(declined.checkpoint_id(),
        status.WithContext(Concat("'", graph_.TaskName(task.vertex, task.subtask), "' declined")),
        counts);
  return true;
}

void CheckpointCoordinator::OnTaskFinished(SubtaskIndex task) {
  requested_by_.erase(task);
  std::vector<std::uint64_t> without;
  for (auto& [id, pending] : pending_) {
    pending.requested_by.erase(task);
    if (pending.checkpoint.Awaits(task)) without.push_back(id);
  }
  for (const std::uint64_t id : without) {
    Abort(id,
          Status(StatusCode::kFailedPrecondition,
                 Concat("'", graph_.TaskName(task.vertex, task.subtask),
                        "' finished before it had acknowledged the checkpoint")),
          Counts::kNo);
  }
  Evaluate();
}

// ---- its end

CheckpointCoordinator::Pending CheckpointCoordinator::Remove(std::uint64_t checkpoint_id) {
  Pending removed = std::move(pending_.extract(checkpoint_id).mapped());
  CancelTimers(removed);
  return removed;
}

void CheckpointCoordinator::OnMetadataWritten(std::uint64_t checkpoint_id,
                                              const Result<std::string>& path) {
  Pending* const pending = Find(checkpoint_id);
  if (pending == nullptr ||
      pending->checkpoint.state() != PendingCheckpointState::kWritingMetadata) {
    return;
  }
  if (!path.ok()) {
    return Abort(checkpoint_id, path.status().WithContext("cannot complete the checkpoint"),
                 Counts::kYes);
  }
  Pending completed = Remove(checkpoint_id);
  completed.checkpoint.Complete();
  failures_in_a_row_ = 0;
  last_end_ms_ = clock_.MonotonicMillis();
  const std::int64_t duration_ms = ElapsedMs(completed.checkpoint);
  statistics_.OnCompleted(checkpoint_id, *path, clock_.WallMillis(), duration_ms);
  log_.Info("checkpoint ", checkpoint_id, " completed in ", duration_ms, " ms: ", *path);
  effects_.NotifyCompleted(checkpoint_id);
  std::vector<std::uint64_t> older;
  for (const auto& [id, other] : pending_) {
    if (id < checkpoint_id &&
        other.checkpoint.state() != PendingCheckpointState::kWritingMetadata) {
      older.push_back(id);
    }
  }
  for (const std::uint64_t id : older) {
    Abort(id,
          Status(StatusCode::kCanceled, Concat("checkpoint ", checkpoint_id, " completed first")),
          Counts::kNo);
  }
  for (const TriggerCallback& callback : completed.callbacks) {
    callback(CheckpointOutcome{.id = checkpoint_id, .path = *path});
  }
  Evaluate();
}

void CheckpointCoordinator::Abort(std::uint64_t checkpoint_id, Status reason, Counts counts) {
  if (Find(checkpoint_id) == nullptr) return;
  Pending aborted = Remove(checkpoint_id);
  const bool announced = aborted.checkpoint.state() != PendingCheckpointState::kPreparingFolder;
  aborted.checkpoint.Abort(reason);
  last_end_ms_ = clock_.MonotonicMillis();
  retry_after_ms_ = last_end_ms_ + kRetryPauseMs;
  statistics_.OnFailed(checkpoint_id, reason.message(), clock_.WallMillis(),
                       ElapsedMs(aborted.checkpoint));
  log_.Warning("checkpoint ", checkpoint_id, " was given up: ", reason.message());
  if (announced) effects_.NotifyAborted(checkpoint_id);
  effects_.RemoveFolder(checkpoint_id);
  if (active_) requested_by_.merge(aborted.requested_by);
  for (const TriggerCallback& callback : aborted.callbacks) callback(reason);
  if (counts == Counts::kYes && active_ && ++failures_in_a_row_ > policy_.tolerable_failures) {
    return effects_.FailJob(reason.WithContext(
        Concat("checkpoint ", checkpoint_id, " failed, ", failures_in_a_row_,
               " in a row (execution.checkpointing.tolerable-failed-checkpoints: ",
               policy_.tolerable_failures, ")")));
  }
  Evaluate();
}

void CheckpointCoordinator::AbortAll(const Status& reason) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, pending] : pending_) {
    if (pending.checkpoint.state() != PendingCheckpointState::kWritingMetadata) ids.push_back(id);
  }
  for (const std::uint64_t id : ids) Abort(id, reason, Counts::kNo);
}

std::string CheckpointCoordinator::Details() const {
  if (pending_.empty()) return {};
  const PendingCheckpoint& oldest = pending_.begin()->second.checkpoint;
  switch (oldest.state()) {
    case PendingCheckpointState::kPreparingFolder:
      return Concat("checkpoint ", oldest.id(), " waits for its folder");
    case PendingCheckpointState::kSnapshottingCoordinators:
      return Concat("checkpoint ", oldest.id(), " waits for the operator coordinators");
    case PendingCheckpointState::kCollecting: {
      for (const CheckpointTask& task : oldest.plan()) {
        if (!oldest.Awaits(task.index)) continue;
        const std::string name = graph_.TaskName(task.index.vertex, task.index.subtask);
        return oldest.missing() == 1 ? Concat("checkpoint ", oldest.id(), " waits for '", name, "'")
                                     : Concat("checkpoint ", oldest.id(), " waits for ",
                                              oldest.missing(), " tasks, '", name, "' among them");
      }
      return {};
    }
    default:
      return Concat("checkpoint ", oldest.id(), " waits for its metadata to be written");
  }
}

}  // namespace weir::jobmanager
