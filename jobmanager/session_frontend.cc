#include "jobmanager/session_frontend.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "proto/conversion/status_conversion.h"

namespace weir::jobmanager {
namespace {

// taskmanager.numberOfTaskSlots has the same bound.
constexpr std::uint32_t kMostSlots = 65536;

Status Refusal(std::string message) {
  return Status(StatusCode::kFailedPrecondition, std::move(message), ErrorDomain::kSystem,
                RetryHint::kNoRetry);
}

// How long a comparison takes says nothing about where the texts part.
bool SameSecret(const std::string& given, const std::string& expected) {
  unsigned difference = given.size() == expected.size() ? 0 : 1;
  for (std::size_t index = 0; index < given.size(); ++index) {
    const char other = expected.empty() ? '\0' : expected[index % expected.size()];
    difference |= static_cast<unsigned char>(given[index] ^ other);
  }
  return difference == 0;
}

}  // namespace

SessionFrontend::SessionFrontend(const JobManagerOptions& options, proto::LeaderSession leader,
                                 JobRegistry& registry, KnownTaskManagers& known)
    : options_(options), leader_(std::move(leader)), registry_(registry), known_(known) {}

Result<std::uint32_t> SessionFrontend::CheckHello(const proto::Hello& hello) const {
  const std::uint32_t minimum = std::max(hello.protocol().minimum(), kMinimumProtocolVersion);
  const std::uint32_t maximum = std::min(hello.protocol().maximum(), kMaximumProtocolVersion);
  if (minimum > maximum) {
    return Refusal(Concat("it speaks protocol versions ", hello.protocol().minimum(), " to ",
                          hello.protocol().maximum(), "; this JobManager speaks ",
                          kMinimumProtocolVersion, " to ", kMaximumProtocolVersion));
  }
  if (hello.cluster_id() != options_.cluster_id) {
    return Refusal(Concat("it belongs to cluster '", hello.cluster_id(),
                          "'; this is the JobManager of cluster '", options_.cluster_id, "'"));
  }
  if (!SameSecret(hello.credential(), options_.credential)) {
    return Refusal("its credential is not the one this cluster asks for");
  }
  return maximum;
}

Status SessionFrontend::CheckLeader(const proto::LeaderSession& met) const {
  // Without a metadata store epochs are 0 and say nothing.
  if (leader_.epoch() == 0 || met.epoch() <= leader_.epoch()) return Status::Ok();
  return Status(StatusCode::kFailedPrecondition,
                Concat("this JobManager has leader epoch ", leader_.epoch(),
                       "; it has met a later one, ", met.epoch()),
                ErrorDomain::kExternal, RetryHint::kRetry);
}

proto::Welcome SessionFrontend::MakeWelcome(std::uint32_t protocol) const {
  proto::Welcome welcome;
  welcome.set_protocol(protocol);
  welcome.set_heartbeat_interval_ms(options_.timings.heartbeat_interval_ms);
  welcome.set_heartbeat_timeout_ms(options_.timings.heartbeat_timeout_ms);
  welcome.set_lease_ms(options_.timings.lease_ms);
  return welcome;
}

void SessionFrontend::OnTaskManagerEvent(const std::shared_ptr<TaskManagerSession>& session,
                                         proto::TaskManagerEvent event) {
  const auto known = task_managers_.find(session.get());
  if (known == task_managers_.end()) {
    if (arriving_.contains(session.get())) {
      ++dropped_messages_;  // it has not been welcomed
      return;
    }
    if (leaving_.contains(session.get())) return OnFarewell(session, event);
    if (!event.has_hello()) return Reject(*session, Refusal("its first message is no hello"));
    return AdmitTaskManager(session, event);
  }
  const RegisteredTaskManager* const registered = registry_.resources().Find(known->second);
  if (registered == nullptr || registered->session != session ||
      event.leader().id() != leader_.id()) {
    ++dropped_messages_;
    return;
  }
  registry_.resources().OnHeard(known->second);
  switch (event.event_case()) {
    case proto::TaskManagerEvent::kHeartbeat:
      return;
    case proto::TaskManagerEvent::kWorkerStarted:
      return registry_.OnWorkerStarted(event.worker_started());
    case proto::TaskManagerEvent::kWorkerExited:
      return registry_.OnWorkerExited(event.worker_exited());
    case proto::TaskManagerEvent::kStatistics:
      return registry_.resources().OnStatistics(known->second,
                                                std::move(*event.mutable_statistics()));
    case proto::TaskManagerEvent::kStuckStep:
      return registry_.OnStuckStep(event.stuck_step());
    case proto::TaskManagerEvent::kLeaving:
      return OnLeaving(session, event.leaving().reason());
    // A second hello, a farewell unannounced, or an event of a newer version.
    case proto::TaskManagerEvent::kHello:
    case proto::TaskManagerEvent::kLeft:
    case proto::TaskManagerEvent::EVENT_NOT_SET:
      ++dropped_messages_;
      return;
  }
}

Status SessionFrontend::CheckTaskManagerHello(const proto::TaskManagerEvent& event) const {
  const proto::TaskManagerHello& hello = event.hello();
  WEIR_RETURN_IF_ERROR(CheckHello(hello.hello()).status());
  WEIR_RETURN_IF_ERROR(CheckLeader(event.leader()));
  for (const proto::WorkerIdentity& worker : hello.workers()) {
    WEIR_RETURN_IF_ERROR(CheckLeader(worker.leader()));
  }
  if (hello.task_manager_id().empty() || hello.host().empty() || hello.data_port() > 65535 ||
      hello.slot_count() == 0 || hello.slot_count() > kMostSlots) {
    return Refusal("its hello has no id, no host, no valid port or no slots");
  }
  return Status::Ok();
}

// A later leader must know where workers may run before the first of them is started.
void SessionFrontend::AdmitTaskManager(const std::shared_ptr<TaskManagerSession>& session,
                                       const proto::TaskManagerEvent& event) {
  if (const Status status = CheckTaskManagerHello(event); !status.ok()) {
    return Reject(*session, status);
  }
  const std::string& id = event.hello().task_manager_id();
  if (known_.Contains(id)) return RegisterTaskManager(session, event.hello());
  arriving_.emplace(session.get(), id);
  known_.Add(id, [this, session, hello = event.hello()](const Status& status) {
    if (arriving_.erase(session.get()) == 0) return;  // it has gone again
    if (status.ok()) return RegisterTaskManager(session, hello);
    Reject(*session, Status(status.code(), status.message(), status.domain(), RetryHint::kRetry)
                         .WithContext("the metadata store cannot take it"));
  });
}

void SessionFrontend::RegisterTaskManager(const std::shared_ptr<TaskManagerSession>& session,
                                          proto::TaskManagerHello hello) {
  task_managers_[session.get()] = hello.task_manager_id();
  registry_.resources().Register(hello, session, MakeWelcome(*CheckHello(hello.hello())));
  StopStrayWorkers(hello);
}

// What runs there without a job that counts on it: of another leader, or given up meanwhile.
void SessionFrontend::StopStrayWorkers(const proto::TaskManagerHello& hello) {
  std::vector<std::string> of_earlier_leaders;
  for (const proto::WorkerIdentity& worker : hello.workers()) {
    const bool ours = worker.leader().id() == leader_.id();
    if (ours && registry_.KnowsWorker(worker.worker_id())) continue;
    if (!ours) of_earlier_leaders.push_back(worker.worker_id());
    log_.Warning("TaskManager ", hello.task_manager_id(), " still runs worker ", worker.worker_id(),
                 " of job ", worker.job_id(), ": stopped");
    proto::TaskManagerCommand command;
    command.mutable_stop_worker()->set_worker_id(worker.worker_id());
    command.mutable_stop_worker()->set_grace_ms(0);
    registry_.resources().Send(hello.task_manager_id(), std::move(command));
  }
  registry_.OnTaskManagerRegistered(hello.task_manager_id(), of_earlier_leaders);
}

void SessionFrontend::OnLeaving(const std::shared_ptr<TaskManagerSession>& session,
                                const std::string& reason) {
  const auto leaver = leaving_.insert(task_managers_.extract(session.get())).position;
  registry_.resources().OnLeaving(leaver->second, reason);
}

void SessionFrontend::OnFarewell(const std::shared_ptr<TaskManagerSession>& session,
                                 const proto::TaskManagerEvent& event) {
  const auto leaver = leaving_.find(session.get());
  if (!event.has_left() || event.leader().id() != leader_.id()) {
    ++dropped_messages_;
    return;
  }
  const std::string id = std::move(leaver->second);
  leaving_.erase(leaver);
  const auto close = [session, id] {
    session->Close(Status::Unavailable(Concat("TaskManager ", id, " has left the cluster")));
  };
  // A new process of the same id has workers of its own.
  if (IsPresent(id)) return close();
  log_.Info("TaskManager ", id, " has left: nothing runs there any more");
  registry_.OnTaskManagerLeft(id);
  known_.Remove(id, close);
}

bool SessionFrontend::IsPresent(const std::string& task_manager_id) const {
  if (registry_.resources().Find(task_manager_id) != nullptr) return true;
  return std::ranges::any_of(
      arriving_, [&](const auto& arriving) { return arriving.second == task_manager_id; });
}

void SessionFrontend::OnWorkerEvent(const std::shared_ptr<WorkerSession>& session,
                                    proto::WorkerEvent event) {
  const auto known = workers_.find(session.get());
  if (known == workers_.end()) {
    const Status admitted = AdmitWorker(session, event);
    if (!admitted.ok()) Reject(*session, event.job_epoch(), admitted);
    return;
  }
  JobMaster* const job = registry_.Find(known->second.job_id);
  if (job == nullptr || event.leader().id() != leader_.id() ||
      event.job_epoch() != known->second.job_epoch) {
    ++dropped_messages_;
    return;
  }
  const std::string worker_id = known->second.worker_id;
  job->OnWorkerEvent(worker_id, std::move(event));
}

Status SessionFrontend::AdmitWorker(const std::shared_ptr<WorkerSession>& session,
                                    const proto::WorkerEvent& event) {
  if (!event.has_hello()) return Refusal("its first message is no hello");
  const proto::WorkerHello& hello = event.hello();
  WEIR_ASSIGN_OR_RETURN(const std::uint32_t protocol, CheckHello(hello.hello()));
  WEIR_RETURN_IF_ERROR(CheckLeader(event.leader()));
  if (event.leader().id() != leader_.id()) return Refusal("unknown leader session");
  JobMaster* const job = registry_.Find(hello.job_id());
  if (job == nullptr) return Refusal(Concat("job ", hello.job_id(), " is not running"));
  const std::uint64_t job_epoch = job->submission().job_epoch;
  if (event.job_epoch() != job_epoch) {
    return Refusal(Concat("it belongs to epoch ", event.job_epoch(), " of job ", hello.job_id(),
                          ", which is in epoch ", job_epoch));
  }
  workers_[session.get()] = {
      .job_id = hello.job_id(), .worker_id = hello.worker_id(), .job_epoch = job_epoch};
  const Status attached = job->AttachWorker(hello, session, MakeWelcome(protocol));
  if (!attached.ok()) workers_.erase(session.get());
  return attached;
}

void SessionFrontend::Reject(TaskManagerSession& session, const Status& reason) {
  log_.Warning("refused a TaskManager: ", reason.message());
  proto::TaskManagerCommand command;
  *command.mutable_leader() = leader_;
  *command.mutable_rejected()->mutable_error() = proto::ErrorFromStatus(reason);
  command.mutable_rejected()->set_final(reason.retry() == RetryHint::kNoRetry);
  session.Send(std::move(command));
  session.Close(reason);
}

void SessionFrontend::Reject(WorkerSession& session, std::uint64_t job_epoch,
                             const Status& reason) {
  log_.Warning("refused a worker: ", reason.message());
  proto::WorkerCommand command;
  *command.mutable_leader() = leader_;
  command.set_job_epoch(job_epoch);
  *command.mutable_rejected()->mutable_error() = proto::ErrorFromStatus(reason);
  command.mutable_rejected()->set_final(reason.retry() == RetryHint::kNoRetry);
  session.Send(std::move(command));
  session.Close(reason);
}

void SessionFrontend::OnTaskManagerClosed(const TaskManagerSession* session, const Status& reason) {
  arriving_.erase(session);
  leaving_.erase(session);
  if (task_managers_.erase(session) > 0) registry_.resources().OnSessionClosed(session, reason);
}

void SessionFrontend::OnWorkerClosed(const WorkerSession* session, const Status& reason) {
  if (workers_.erase(session) > 0) registry_.OnWorkerClosed(session, reason);
}

}  // namespace weir::jobmanager
