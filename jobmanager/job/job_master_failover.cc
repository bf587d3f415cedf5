// Stopping, restarting and ending a job.
#include <algorithm>
#include <utility>

#include "common/text.h"
#include "jobmanager/job/job_master.h"

namespace weir::jobmanager {

Status JobMaster::Cancel() {
  const JobState now = state();
  if (now == JobState::kCanceled || now == JobState::kCancelling) return Status::Ok();
  if (!CanTransition(now, JobState::kCancelling)) {
    return Status(StatusCode::kFailedPrecondition,
                  Concat("job ", job_id(), " cannot be canceled: it is ", ToString(now)),
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  TransitionJob(JobState::kCancelling);
  // While it stops already, it now stops for another reason, and all of it.
  if (phase_ == JobPhase::kStopping) {
    StopAlso(WholeJob());
    return Status::Ok();
  }
  scope_.AddAll();
  if (phase_ == JobPhase::kNotStarted) {
    // What an earlier JobMaster has left is removed or kept as the job says.
    OpenCheckpoints();
    End(JobState::kCanceled);
  } else {
    StopTasks();
  }
  return Status::Ok();
}

void JobMaster::Suspend(const std::string& reason) {
  if (phase_ == JobPhase::kEnding || phase_ == JobPhase::kEnded) return;
  TransitionJob(JobState::kSuspended);
  StopCheckpoints();
  SetPhase(JobPhase::kEnding);
  EndWorkers(reason);
}

// ---- what a failure concerns

std::vector<Execution*> JobMaster::ExecutionsInScope() {
  std::vector<Execution*> executions;
  for (std::uint32_t vertex = 0; vertex < graph_.vertex_count(); ++vertex) {
    for (std::uint32_t subtask = 0; subtask < graph_.executions(vertex).size(); ++subtask) {
      if (scope_.Contains(vertex, subtask)) executions.push_back(&graph_.At(vertex, subtask));
    }
  }
  return executions;
}

FailoverScope JobMaster::ScopeOf(const Execution& execution) const {
  FailoverScope scope = NoScope();
  scope.Add(execution.vertex, execution.subtask);
  return scope;
}

FailoverScope JobMaster::ScopeOf(const JobWorker& worker) {
  FailoverScope scope = NoScope();
  if (worker.id == coordinator_id_) scope.AddCoordinators();
  for (const Execution* const execution : DeployedOn(worker)) {
    scope.Add(execution->vertex, execution->subtask);
  }
  return scope;
}

std::vector<Execution*> JobMaster::DeployedOn(const JobWorker& worker) {
  std::vector<Execution*> deployed;
  for (std::uint32_t vertex = 0; vertex < graph_.vertex_count(); ++vertex) {
    for (std::uint32_t subtask = 0; subtask < graph_.executions(vertex).size(); ++subtask) {
      Execution& execution = graph_.At(vertex, subtask);
      const bool there = execution.place && execution.place->worker_id == worker.id;
      if (there && IsDeployed(execution.state())) deployed.push_back(&execution);
    }
  }
  return deployed;
}

FailoverScope JobMaster::WholeJob() const {
  FailoverScope scope = NoScope();
  scope.AddAll();
  return scope;
}

// ---- failing

bool JobMaster::MayRestart(const JobFailure& failure) {
  const std::int64_t now_ms = services_.clock.MonotonicMillis();
  std::optional<std::int64_t> delay_ms;
  // A peer that lost its connection to a dead process can be the first to say so.
  const bool lost = failure.process_ended || failure.status.code() == StatusCode::kUnavailable;
  if (!SuppressesRestart(failure.status)) {
    delay_ms = restart_strategy_->OnFailure(
        now_ms, lost ? FailureKind::kProcessLost : FailureKind::kOrdinary);
  }
  log_.Warning("job ", job_id(), " failed: ", failure.status.message(), " (",
               restart_strategy_->Describe(), ")");
  if (delay_ms) restart_due_ms_ = std::max(restart_due_ms_, now_ms + *delay_ms);
  return delay_ms.has_value();
}

void JobMaster::Fail(JobFailure failure, FailoverScope touched) {
  if (submission_.failover_strategy == FailoverStrategy::kFull) touched.AddAll();
  switch (phase_) {
    case JobPhase::kEnding:
    case JobPhase::kEnded:
      log_.Info("job ", job_id(), ", after its end: ", failure.status.message());
      return;
    case JobPhase::kStopping:
      log_.Info("job ", job_id(), ", while it stops: ", failure.status.message());
      if (state() != JobState::kCancelling) exceptions_.AddConcurrent(std::move(failure));
      return StopAlso(touched);
    default:
      break;
  }
  const bool restarts = MayRestart(failure);
  exceptions_.AddRoot(std::move(failure));
  if (restarts) {
    scope_.Add(touched);
    log_.Info("job ", job_id(), ": ", scope_.region_count(), " of ", regions_.count(),
              " failover regions restart");
    if (state() != JobState::kRestarting) TransitionJob(JobState::kRestarting);
  } else {
    scope_.AddAll();
    TransitionJob(JobState::kFailing);
  }
  StopTasks();
}

// Has everything of the scope's present attempts end; CheckStopped goes on when nothing is left.
void JobMaster::StopTasks() {
  SetPhase(JobPhase::kStopping);
  StopCheckpoints();
  CancelTasks();
  std::vector<std::string> unready;
  for (const auto& [id, worker] : workers_.workers()) {
    const bool coming_up =
        worker.state == WorkerState::kStarting || worker.state == WorkerState::kPreparing;
    if (coming_up) unready.push_back(id);
  }
  for (const std::string& id : unready) {
    workers_.Stop(*workers_.Find(id), timings_.exit_report_wait_ms);
  }
  CheckStopped();
}

void JobMaster::StopAlso(const FailoverScope& touched) {
  if (scope_.Contains(touched)) return;
  scope_.Add(touched);
  CancelTasks();
  CheckStopped();
}

void JobMaster::CancelTasks() {
  std::map<std::string, proto::CancelTasks> cancels;  // by worker
  for (Execution* const execution : ExecutionsInScope()) {
    const TaskState now = execution->state();
    if (IsTerminal(now) || now == TaskState::kCanceling) continue;
    if (!IsDeployed(now)) {
      TransitionTask(*execution, TaskState::kCanceled);
      continue;
    }
    TransitionTask(*execution, TaskState::kCanceling);
    proto::TaskAttempt* const task = cancels[execution->place->worker_id].add_tasks();
    task->set_vertex(execution->vertex);
    task->set_subtask(execution->subtask);
    task->set_attempt(execution->attempt);
  }
  for (auto& [id, cancel] : cancels) {
    JobWorker* const worker = workers_.Find(id);
    if (worker == nullptr) continue;
    proto::WorkerCommand command;
    *command.mutable_cancel_tasks() = std::move(cancel);
    workers_.Send(*worker, std::move(command));
  }
  services_.loop.Cancel(phase_timer_);
  phase_timer_ = services_.loop.Schedule(timings_.cancellation_timeout_ms, [this] {
    phase_timer_ = kNoTimer;
    CancellationTimedOut();
  });
}

// The workers had their time: whoever still holds a task is killed.
void JobMaster::CancellationTimedOut() {
  std::set<std::string> late;
  for (const Execution* const execution : ExecutionsInScope()) {
    if (IsDeployed(execution->state())) late.insert(execution->place->worker_id);
  }
  for (const auto& [id, worker] : workers_.workers()) {
    if (worker.state == WorkerState::kStopping) late.insert(id);
  }
  for (const std::string& id : late) {
    JobWorker* const worker = workers_.Find(id);
    if (worker == nullptr) continue;
    log_.Warning("job ", job_id(), ": the ", DescribeWorker(worker->role, worker->task_manager_id),
                 " did not cancel its tasks in time: killed");
    // Tasks of other regions die with it.
    StopAlso(ScopeOf(*worker));
    workers_.Stop(*worker, 0);
  }
}

// Not when they end, but when it is known what the next ones restore: a checkpoint that completes
// in between holds what was handed out before it, and only what came later goes back (Flink's
// SourceCoordinator.subtaskReset with the restored checkpoint).
void JobMaster::TellCoordinatorOfLostAttempts() {
  JobWorker* const coordinator = ReadyCoordinator();
  for (const Execution* const execution : ExecutionsInScope()) {
    const auto announced = announced_.extract({execution->vertex, execution->subtask});
    if (announced.empty() || coordinator == nullptr) continue;
    for (const proto::CoordinatorStart& start : coordinators_) {
      if (start.vertex() != execution->vertex) continue;
      proto::WorkerCommand command;
      proto::SubtaskFailed* const failed = command.mutable_subtask_failed();
      failed->set_vertex(execution->vertex);
      failed->set_operator_index(start.operator_index());
      failed->set_subtask(execution->subtask);
      failed->set_attempt(announced.mapped());
      workers_.Send(*coordinator, std::move(command));
    }
  }
}

void JobMaster::CheckStopped() {
  if (phase_ != JobPhase::kStopping || workers_.AnyUnsettled()) return;
  for (const Execution* const execution : ExecutionsInScope()) {
    if (!IsTerminal(execution->state())) return;
  }
  switch (state()) {
    case JobState::kCancelling:
      return End(JobState::kCanceled);
    case JobState::kFailing:
      return End(JobState::kFailed);
    case JobState::kRestarting:
      return RestartWhenDue();
    default:
      log_.Error("job ", job_id(), " stopped in state ", ToString(state()));
      return;
  }
}

void JobMaster::RestartWhenDue() {
  const std::int64_t wait_ms = restart_due_ms_ - services_.clock.MonotonicMillis();
  SetPhase(JobPhase::kWaitingToRestart);
  // Never inside the call that made the last attempt end: the caller still looks at it.
  phase_timer_ = services_.loop.Schedule(std::max<std::int64_t>(0, wait_ms), [this] {
    phase_timer_ = kNoTimer;
    Restart();
  });
}

void JobMaster::Restart() {
  ++restarts_;
  awaited_.clear();
  for (Execution* const execution : ExecutionsInScope()) {
    graph_.ResetForRestart(*execution, services_.clock.WallMillis());
    if (checkpoints_) checkpoints_->OnNewAttempt({execution->vertex, execution->subtask});
  }
  TransitionJob(JobState::kRunning);
  Schedule();
}

void JobMaster::End(JobState final_state) {
  TransitionJob(final_state);
  StopCheckpoints();
  SetPhase(JobPhase::kEnding);
  EndWorkers(Concat("the job is ", ToString(final_state)));
}

void JobMaster::EndWorkers(const std::string& reason) {
  std::vector<std::string> ids;
  for (const auto& [id, worker] : workers_.workers()) ids.push_back(id);
  for (const std::string& id : ids) {
    JobWorker* const worker = workers_.Find(id);
    if (worker == nullptr) continue;
    if (worker->state == WorkerState::kReady) {
      workers_.Shutdown(*worker, reason);
    } else if (worker->state != WorkerState::kStopping) {
      workers_.Stop(*worker, timings_.exit_report_wait_ms);
    }
  }
  CheckEnded();
}

void JobMaster::CheckEnded() {
  if (phase_ != JobPhase::kEnding || !workers_.empty() || !EndCheckpoints()) return;
  SetPhase(JobPhase::kEnded);
  services_.resources.ReleaseAll(job_id());
  services_.loop.Post([alive = std::weak_ptr<bool>(alive_), on_ended = on_ended_] {
    if (!alive.expired()) on_ended();
  });
}

}  // namespace weir::jobmanager
