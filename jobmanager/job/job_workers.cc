#include "jobmanager/job/job_workers.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "common/configuration_value.h"
#include "common/text.h"
#include "proto/conversion/status_conversion.h"

namespace weir::jobmanager {

JobWorkers::JobWorkers(const JobServices& services, const JobSubmission& submission,
                       const JobTimings& timings, const ExecutionGraph& graph,
                       JobWorkersListener& listener)
    : services_(services),
      submission_(submission),
      timings_(timings),
      graph_(graph),
      listener_(listener) {
  Tick();
}

JobWorkers::~JobWorkers() {
  services_.loop.Cancel(tick_timer_);
  for (const auto& [id, worker] : workers_) services_.loop.Cancel(worker.timer);
}

std::string JobWorkers::Start(const std::string& task_manager_id, proto::WorkerRole role,
                              const Slots& slots) {
  const std::string id = RandomHexId(services_.random);
  const std::int64_t now_ms = services_.clock.MonotonicMillis();
  workers_[id] = {.id = id,
                  .task_manager_id = task_manager_id,
                  .role = role,
                  .slot_count = slots.count,
                  .last_heard_ms = now_ms,
                  .started_ms = now_ms};
  proto::TaskManagerCommand command;
  proto::StartWorker* const start = command.mutable_start_worker();
  start->set_worker_id(id);
  start->set_job_id(submission_.job_id);
  start->set_job_name(submission_.graph.name());
  start->set_job_epoch(submission_.job_epoch);
  start->set_role(role);
  *start->mutable_plugin() = submission_.plugin;
  start->set_slot_count(slots.count);
  start->set_job_slot_count(slots.of_job);
  start->mutable_configuration()->insert(submission_.configuration.begin(),
                                         submission_.configuration.end());
  services_.resources.Send(task_manager_id, std::move(command));
  return id;
}

JobWorker* JobWorkers::Find(const std::string& id) {
  const auto found = workers_.find(id);
  return found == workers_.end() ? nullptr : &found->second;
}

bool JobWorkers::AnyUnsettled() const {
  return std::ranges::any_of(workers_, [](const auto& entry) {
    return entry.second.state != WorkerState::kReady || entry.second.awaits_exit_report;
  });
}

void JobWorkers::Send(JobWorker& worker, proto::WorkerCommand command) {
  if (worker.session == nullptr) return;
  *command.mutable_leader() = services_.leader;
  command.set_job_epoch(submission_.job_epoch);
  worker.session->Send(std::move(command));
}

void JobWorkers::Shutdown(JobWorker& worker, const std::string& reason) {
  if (worker.state == WorkerState::kStopping || worker.state == WorkerState::kGone) return;
  if (worker.session == nullptr) return Stop(worker, 0);
  SetState(worker, WorkerState::kStopping);
  proto::WorkerCommand command;
  command.mutable_shutdown()->set_reason(reason);
  Send(worker, std::move(command));
  services_.loop.Cancel(worker.timer);
  worker.timer = services_.loop.Schedule(timings_.shutdown_grace_ms, [this, id = worker.id] {
    JobWorker* const late = Find(id);
    if (late == nullptr) return;
    late->timer = kNoTimer;
    log_.Warning(DescribeWorker(late->role, late->task_manager_id), " of job ", submission_.job_id,
                 " did not shut down in time: killed");
    SendStop(*late, 0);
  });
}

void JobWorkers::Stop(JobWorker& worker, std::int64_t grace_ms) {
  if (worker.state == WorkerState::kGone) return;
  if (worker.state != WorkerState::kStopping) SetState(worker, WorkerState::kStopping);
  worker.awaits_exit_report = false;
  services_.loop.Cancel(std::exchange(worker.timer, kNoTimer));
  SendStop(worker, grace_ms);
}

void JobWorkers::SendStop(const JobWorker& worker, std::int64_t grace_ms) {
  proto::TaskManagerCommand command;
  command.mutable_stop_worker()->set_worker_id(worker.id);
  command.mutable_stop_worker()->set_grace_ms(grace_ms);
  services_.resources.Send(worker.task_manager_id, std::move(command));
}

void JobWorkers::Fail(JobWorker& worker, JobFailure failure) {
  if (worker.state == WorkerState::kStopping) return;
  Stop(worker, timings_.exit_report_wait_ms);
  ReportFailure(worker, std::move(failure));
}

Status JobWorkers::Attach(const proto::WorkerHello& hello, std::shared_ptr<WorkerSession> session,
                          proto::Welcome welcome) {
  JobWorker* const worker = Find(hello.worker_id());
  if (worker != nullptr && worker->awaits_exit_report) {
    // The process lives, but what it said in between is lost.
    ExitReportOverdue(worker->id, "it broke and was dialled again");
  }
  if (worker == nullptr || worker->state != WorkerState::kStarting ||
      worker->role != hello.role() || worker->task_manager_id != hello.task_manager_id()) {
    return Status(
        StatusCode::kFailedPrecondition,
        Concat("worker ", hello.worker_id(), " is not expected by job ", submission_.job_id),
        ErrorDomain::kSystem, RetryHint::kNoRetry);
  }
  worker->session = std::move(session);
  worker->process_id = hello.process_id();
  OnHeard(*worker);
  SetState(*worker, WorkerState::kPreparing);
  proto::WorkerCommand welcomed;
  *welcomed.mutable_welcome() = std::move(welcome);
  Send(*worker, std::move(welcomed));
  proto::WorkerCommand lease;
  lease.mutable_lease()->set_lease_ms(timings_.lease_ms);
  Send(*worker, std::move(lease));
  proto::WorkerCommand prepare;
  proto::PrepareJob* const job = prepare.mutable_prepare_job();
  job->set_entry(submission_.entry);
  *job->mutable_graph() = submission_.graph;
  *job->mutable_inputs() = submission_.inputs;
  job->mutable_configuration()->insert(submission_.configuration.begin(),
                                       submission_.configuration.end());
  Send(*worker, std::move(prepare));
  return Status::Ok();
}

void JobWorkers::OnHeard(JobWorker& worker) {
  worker.last_heard_ms = services_.clock.MonotonicMillis();
}

void JobWorkers::OnPrepared(JobWorker& worker, const proto::JobPrepared& prepared) {
  if (worker.state != WorkerState::kPreparing) return;
  if (const Status status = proto::StatusFromError(prepared.error()); !status.ok()) {
    JobFailure failure =
        FailureOfJob(status.WithContext(Concat(DescribeWorker(worker.role, worker.task_manager_id),
                                               " could not prepare the job")),
                     services_.clock.WallMillis());
    failure.task_manager_id = worker.task_manager_id;
    return Fail(worker, std::move(failure));
  }
  SetState(worker, WorkerState::kReady);
  listener_.OnWorkerReady(worker);
}

void JobWorkers::OnSessionClosed(const WorkerSession* session, const Status& reason) {
  for (auto& [id, worker] : workers_) {
    if (worker.session.get() != session) continue;
    worker.session = nullptr;
    if (worker.orphaned) return Gone(worker);
    if (worker.state == WorkerState::kStopping) return;
    worker.awaits_exit_report = true;
    worker.timer = services_.loop.Schedule(
        timings_.exit_report_wait_ms,
        [this, key = id, text = reason.message()] { ExitReportOverdue(key, text); });
    return;
  }
}

void JobWorkers::ExitReportOverdue(const std::string& id, const std::string& reason) {
  JobWorker* const worker = Find(id);
  if (worker == nullptr || !worker->awaits_exit_report) return;
  // Also takes the timer back, when a new dial is why we are here.
  Stop(*worker, 0);
  JobFailure failure =
      FailureOfJob(Status::Unavailable(Concat("lost the connection to the ",
                                              DescribeWorker(worker->role, worker->task_manager_id),
                                              ": ", reason)),
                   services_.clock.WallMillis());
  failure.task_manager_id = worker->task_manager_id;
  ReportFailure(*worker, std::move(failure));
}

void JobWorkers::OnStarted(const proto::WorkerStarted& started) {
  JobWorker* const worker = Find(started.worker_id());
  if (worker == nullptr) return;
  const Status status = proto::StatusFromError(started.error());
  if (status.ok()) {
    worker->process_id = started.process_id();
    return;
  }
  JobFailure failure =
      FailureOfJob(status.WithContext(Concat(DescribeWorker(worker->role, worker->task_manager_id),
                                             " could not be started")),
                   services_.clock.WallMillis());
  failure.task_manager_id = worker->task_manager_id;
  const bool asked_to_end = worker->state == WorkerState::kStopping;
  SetState(*worker, WorkerState::kGone);
  if (!asked_to_end) ReportFailure(*worker, std::move(failure));
  Gone(*worker);
}

void JobWorkers::OnExited(const proto::WorkerExited& exited) {
  JobWorker* const worker = Find(exited.worker_id());
  if (worker == nullptr) return;
  const bool asked_to_end = worker->state == WorkerState::kStopping;
  SetState(*worker, WorkerState::kGone);
  if (!asked_to_end) {
    ReportFailure(*worker, FailureOfWorkerExit(graph_, worker->role, worker->task_manager_id,
                                               exited, services_.clock.WallMillis()));
  }
  Gone(*worker);
}

void JobWorkers::OnTaskManagerLost(const std::string& id, const std::string& reason) {
  std::vector<std::string> lost;
  for (const auto& [worker_id, worker] : workers_) {
    if (worker.task_manager_id == id) lost.push_back(worker_id);
  }
  for (const std::string& worker_id : lost) {
    JobWorker* const worker = Find(worker_id);
    if (worker == nullptr) continue;
    const bool asked_to_end = worker->state == WorkerState::kStopping;
    const bool connected = worker->session != nullptr;
    worker->orphaned = true;
    SetState(*worker, connected ? WorkerState::kStopping : WorkerState::kGone);
    if (!asked_to_end) {
      JobFailure failure = FailureOfJob(Status::Unavailable(reason), services_.clock.WallMillis());
      failure.task_manager_id = id;
      ReportFailure(*worker, std::move(failure));
    }
    if (!connected) {
      Gone(*worker);
      continue;
    }
    // Its supervisor is away but it still talks to us: it ends by itself.
    proto::WorkerCommand command;
    command.mutable_shutdown()->set_reason(reason);
    Send(*worker, std::move(command));
    worker->session->Close(Status::Unavailable(reason));
  }
}

void JobWorkers::OnTaskManagerReturned(const proto::TaskManagerHello& hello) {
  std::set<std::string> running;
  for (const proto::WorkerIdentity& worker : hello.workers()) running.insert(worker.worker_id());
  std::vector<std::string> ended;
  for (const auto& [id, worker] : workers_) {
    if (worker.task_manager_id != hello.task_manager_id()) continue;
    if (!running.contains(id)) {
      ended.push_back(id);
    } else if (worker.state == WorkerState::kStopping && worker.timer == kNoTimer) {
      // The order that it be stopped may have been lost with the old connection.
      SendStop(worker, 0);
    }
  }
  for (const std::string& id : ended) {
    proto::WorkerExited exited;
    exited.set_worker_id(id);
    exited.set_reason("was gone when its TaskManager registered again");
    OnExited(exited);
  }
}

void JobWorkers::SetState(JobWorker& worker, WorkerState state) {
  if (worker.state == state) return;
  if (!CanTransition(worker.state, state)) {
    log_.Error("worker ", worker.id, " cannot go from ", ToString(worker.state), " to ",
               ToString(state));
    return;
  }
  worker.state = state;
}

void JobWorkers::ReportFailure(JobWorker& worker, JobFailure failure) {
  if (std::exchange(worker.failed, true)) return;
  listener_.OnWorkerFailed(worker, std::move(failure));
}

void JobWorkers::Gone(JobWorker& worker) {
  const auto found = workers_.find(worker.id);
  JobWorker gone = std::move(found->second);
  workers_.erase(found);
  services_.loop.Cancel(gone.timer);
  gone.state = WorkerState::kGone;
  if (gone.session != nullptr) gone.session->Close(Status::Unavailable("the worker has ended"));
  listener_.OnWorkerGone(gone);
}

// Leases every third of their length; heartbeats and their time-outs at their own interval.
void JobWorkers::Tick() {
  const std::int64_t now_ms = services_.clock.MonotonicMillis();
  const bool beat = now_ms - last_heartbeats_ms_ >= timings_.heartbeat_interval_ms;
  if (beat) last_heartbeats_ms_ = now_ms;
  std::vector<std::pair<std::string, std::string>> overdue;
  for (auto& [id, worker] : workers_) {
    const bool coming_up =
        worker.state == WorkerState::kStarting || worker.state == WorkerState::kPreparing;
    if (coming_up && now_ms - worker.started_ms >= timings_.slot_request_timeout_ms) {
      overdue.emplace_back(
          id, Concat("was not ready within ",
                     FormatDuration(std::chrono::milliseconds(timings_.slot_request_timeout_ms))));
    }
    if (worker.session == nullptr) continue;
    if (now_ms - worker.last_heard_ms >= timings_.heartbeat_timeout_ms) {
      overdue.emplace_back(id,
                           Concat("sent no heartbeat for ", timings_.heartbeat_timeout_ms, " ms"));
      continue;
    }
    if (worker.state == WorkerState::kStopping) continue;
    proto::WorkerCommand lease;
    lease.mutable_lease()->set_lease_ms(timings_.lease_ms);
    Send(worker, std::move(lease));
    if (!beat) continue;
    proto::WorkerCommand heartbeat;
    heartbeat.mutable_heartbeat()->set_sequence(++worker.heartbeats_sent);
    Send(worker, std::move(heartbeat));
  }
  tick_timer_ = services_.loop.Schedule(
      std::max<std::int64_t>(1, std::min(timings_.lease_ms / 3, timings_.heartbeat_interval_ms)),
      [this] { Tick(); });
  for (const auto& [id, text] : overdue) {
    JobWorker* const worker = Find(id);
    if (worker == nullptr || worker->state == WorkerState::kStopping) continue;
    JobFailure failure =
        FailureOfJob(Status::Unavailable(
                         Concat(DescribeWorker(worker->role, worker->task_manager_id), " ", text)),
                     services_.clock.WallMillis());
    failure.task_manager_id = worker->task_manager_id;
    Stop(*worker, 0);
    ReportFailure(*worker, std::move(failure));
  }
}

}  // namespace weir::jobmanager
