#include "taskmanager/supervisor/task_manager.h"

#include <utility>

#include <unistd.h>

#include "common/process_statistics.h"
#include "common/text.h"
#include "proto/conversion/status_conversion.h"
#include "proto/session.pb.h"

namespace weir::supervisor {
namespace {

WorkerLaunch ToLaunch(const proto::LeaderSession& leader, const proto::StartWorker& command) {
  return {
      .worker_id = command.worker_id(),
      .job_id = command.job_id(),
      .job_name = command.job_name(),
      .job_epoch = command.job_epoch(),
      .leader_epoch = leader.epoch(),
      .leader_id = leader.id(),
      .role = command.role() == proto::COORDINATOR ? WorkerRole::kCoordinator : WorkerRole::kWorker,
      .plugin_path = "",
      .abi_number = command.plugin().abi_number(),
      .slot_count = command.slot_count(),
      .job_slot_count = command.job_slot_count(),
      .configuration = {command.configuration().begin(), command.configuration().end()}};
}

void ToProto(const RunningStep& step, proto::RunningStep* message) {
  message->set_slot(step.slot);
  message->set_vertex(step.vertex);
  message->set_subtask(step.subtask);
  message->set_attempt(step.attempt);
  message->set_operator_index(step.operator_index);
  message->set_running_ms(step.running_ms);
}

}  // namespace

TaskManager::TaskManager(TaskManagerOptions options, TaskManagerWorld world,
                         std::function<void(Status)> on_fatal)
    : options_(std::move(options)),
      world_(world),
      on_fatal_(std::move(on_fatal)),
      start_time_ms_(world.clock.WallMillis()),
      stuck_steps_(options_.stuck_threshold_ms),
      registration_(world.loop, world.clock, world.client, options_.redial_delay_ms, *this) {}

TaskManager::~TaskManager() {
  world_.loop.Cancel(look_timer_);
}

void TaskManager::Start() {
  registration_.Start();
  look_timer_ = world_.loop.Schedule(options_.look_interval_ms, [this] { LookAtWorkers(); });
}

void TaskManager::Stop(std::int64_t grace_ms, std::function<void()> done) {
  stopped_ = std::move(done);
  // First of all, so that what restarts for want of our workers does not come back here.
  registration_.Leave("it was asked to stop");
  std::vector<std::string> ids;
  for (const auto& [id, entry] : workers_.workers()) ids.push_back(id);
  for (const std::string& id : ids) StopWorker(id, grace_ms);
  CheckStopped();
}

void TaskManager::CheckStopped() {
  const bool reported = registration_.state() == RegistrationState::kLeft;
  if (!stopped_ || reported || !workers_.workers().empty()) return;
  registration_.ReportLeft([this] {
    registration_.Stop();
    std::exchange(stopped_, nullptr)();
  });
}

void TaskManager::FillHello(proto::TaskManagerHello* hello) {
  hello->mutable_hello()->set_cluster_id(options_.cluster_id);
  hello->set_task_manager_id(options_.task_manager_id);
  hello->set_host(options_.host);
  hello->set_data_port(options_.data_port);
  hello->set_slot_count(options_.slot_count);
  hello->set_cpu_cores(options_.cpu_cores);
  hello->set_memory_bytes(options_.memory_bytes);
  hello->set_start_time_ms(start_time_ms_);
  hello->set_process_id(options_.process_id);
  for (const std::uint32_t abi_number : world_.launcher.abi_numbers())
    hello->add_abi_numbers(abi_number);
  for (const auto& [id, entry] : workers_.workers()) {
    proto::WorkerIdentity* const worker = hello->add_workers();
    worker->set_worker_id(id);
    worker->set_job_id(entry.launch.job_id);
    worker->set_job_epoch(entry.launch.job_epoch);
    worker->mutable_leader()->set_epoch(entry.launch.leader_epoch);
    worker->mutable_leader()->set_id(entry.launch.leader_id);
  }
}

void TaskManager::OnRegistered() {
  ReportStatistics();
}

void TaskManager::OnRefused(Status reason) {
  on_fatal_(std::move(reason));
}

void TaskManager::OnStartWorker(const proto::LeaderSession& leader,
                                const proto::StartWorker& command) {
  if (stopped_) {
    return ReportStarted(command.worker_id(), 0,
                         Status::Unavailable("this TaskManager is stopping"));
  }
  const std::string worker_id = command.worker_id();
  if (const Status added = workers_.Add(ToLaunch(leader, command)); !added.ok()) {
    return ReportStarted(worker_id, 0, added);
  }
  world_.blocking.Post([this, alive = std::weak_ptr<bool>(alive_), worker_id, &world = world_,
                        hash = command.plugin().content_hash(),
                        size = command.plugin().size_bytes()] {
    // The cache outlives us; `this` is touched on the loop only.
    auto path = std::make_shared<Result<std::string>>(world.plugins.Fetch(hash, size));
    world.loop.Post([this, alive, worker_id, path] {
      if (!alive.expired()) PluginFetched(worker_id, *path);
    });
  });
}

void TaskManager::PluginFetched(const std::string& worker_id, const Result<std::string>& path) {
  WorkerEntry* const entry = workers_.Find(worker_id);
  if (entry == nullptr || entry->stop_requested) {
    workers_.Remove(worker_id);
    ReportStarted(worker_id, 0, Status(StatusCode::kCanceled, "stopped before it was started"));
    return CheckStopped();
  }
  Status status = path.status();
  if (path.ok()) {
    entry->launch.plugin_path = *path;
    auto process = world_.launcher.Launch(
        entry->launch,
        [this, alive = std::weak_ptr<bool>(alive_), worker_id, &loop = world_.loop](WorkerEnd end) {
          loop.Post([this, alive, worker_id, end = std::move(end)] {
            if (!alive.expired()) WorkerEnded(worker_id, end);
          });
        });
    status = process.status();
    if (process.ok()) {
      const std::int32_t process_id = (*process)->process_id();
      workers_.Started(worker_id, *std::move(process));
      log_.Info("started ", entry->launch.role == WorkerRole::kWorker ? "worker " : "coordinator ",
                worker_id, " of job ", entry->launch.job_id, " as process ", process_id);
      return ReportStarted(worker_id, process_id, Status::Ok());
    }
  }
  log_.Error("cannot start worker ", worker_id, ": ", status.message());
  workers_.Remove(worker_id);
  ReportStarted(worker_id, 0, status);
}

void TaskManager::ReportStarted(const std::string& worker_id, std::int32_t process_id,
                                const Status& status) {
  proto::TaskManagerEvent event;
  event.mutable_worker_started()->set_worker_id(worker_id);
  event.mutable_worker_started()->set_process_id(process_id);
  if (!status.ok())
    *event.mutable_worker_started()->mutable_error() = proto::ErrorFromStatus(status);
  registration_.Send(std::move(event));
}

void TaskManager::OnStopWorker(const proto::StopWorker& command) {
  if (workers_.Find(command.worker_id()) != nullptr) {
    return StopWorker(command.worker_id(), command.grace_ms());
  }
  // Its end could not be told: it fell between a hello, which named it, and the welcome.
  proto::TaskManagerEvent event;
  proto::WorkerExited* const exited = event.mutable_worker_exited();
  exited->set_worker_id(command.worker_id());
  exited->set_reason("is not here (any more)");
  exited->set_requested(true);
  registration_.Send(std::move(event));
}

void TaskManager::StopWorker(const std::string& worker_id, std::int64_t grace_ms) {
  WorkerEntry* const entry = workers_.Find(worker_id);
  if (entry == nullptr) return;
  entry->stop_requested = true;
  if (entry->state == WorkerState::kFetching) return;  // PluginFetched sees the request
  if (grace_ms <= 0) return entry->process->Kill();
  // A second request may shorten the grace period: each has a timer of its own.
  entry->state = WorkerState::kTerminating;
  entry->process->Terminate();
  world_.loop.Schedule(grace_ms, [this, alive = std::weak_ptr<bool>(alive_), worker_id] {
    if (alive.expired()) return;
    WorkerEntry* const late = workers_.Find(worker_id);
    if (late == nullptr) return;
    log_.Warning("worker ", worker_id, " did not end within its grace period: killed");
    late->process->Kill();
  });
}

void TaskManager::WorkerEnded(const std::string& worker_id, const WorkerEnd& end) {
  WorkerEntry* const entry = workers_.Find(worker_id);
  if (entry == nullptr) return;
  const bool requested = entry->stop_requested;
  log_.Info("worker ", worker_id, " of job ", entry->launch.job_id, " ", end.reason,
            requested ? " (requested)" : "");
  workers_.Remove(worker_id);
  stuck_steps_.Forget(worker_id);
  proto::TaskManagerEvent event;
  proto::WorkerExited* const exited = event.mutable_worker_exited();
  exited->set_worker_id(worker_id);
  exited->set_reason(end.reason);
  exited->set_exit_status(end.exit_status);
  exited->set_signal(end.signal);
  exited->set_requested(requested);
  exited->set_last_output(end.last_output);
  for (const RunningStep& step : end.running) ToProto(step, exited->add_running());
  registration_.Send(std::move(event));
  CheckStopped();
}

void TaskManager::LookAtWorkers() {
  ReportStuckSteps();
  if (registration_.Idle()) ReportStatistics();
  look_timer_ = world_.loop.Schedule(options_.look_interval_ms, [this] { LookAtWorkers(); });
}

void TaskManager::ReportStuckSteps() {
  for (const auto& [id, entry] : workers_.workers()) {
    if (!entry.process) continue;
    for (const RunningStep& step : stuck_steps_.Look(id, entry.process->RunningSteps())) {
      proto::TaskManagerEvent event;
      event.mutable_stuck_step()->set_worker_id(id);
      ToProto(step, event.mutable_stuck_step()->mutable_step());
      registration_.Send(std::move(event));
    }
  }
}

void TaskManager::ReportStatistics() {
  proto::TaskManagerEvent event;
  proto::TaskManagerStatistics* const statistics = event.mutable_statistics();
  if (const auto own = ReadProcessStatistics(::getpid()); own.ok()) {
    proto::ProcessStatistics* const process = statistics->mutable_process();
    process->set_resident_bytes(static_cast<std::uint64_t>(own->resident_bytes));
    process->set_cpu_seconds(own->cpu_seconds);
    process->set_threads(static_cast<std::uint32_t>(own->threads));
    process->set_open_files(static_cast<std::uint32_t>(own->open_descriptors));
  }
  for (const auto& [id, entry] : workers_.workers()) {
    if (!entry.process) continue;
    const auto resources = entry.process->Resources();
    if (!resources.ok()) continue;  // it has just ended: its end is on the way
    proto::ProcessStatistics& process = (*statistics->mutable_workers())[id];
    process.set_resident_bytes(resources->resident_bytes);
    process.set_cpu_seconds(resources->cpu_seconds);
    process.set_threads(resources->threads);
    process.set_open_files(resources->open_files);
  }
  registration_.Send(std::move(event));
}

}  // namespace weir::supervisor
