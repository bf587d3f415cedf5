// Scheduling and deployment: from "start" to tasks that run.
#include "jobmanager/job/job_master.h"

#include <algorithm>
#include <utility>

#include "common/configuration_value.h"
#include "common/text.h"

namespace weir::jobmanager {

JobMaster::JobMaster(JobServices services, JobSubmission submission, JobTimings timings,
                     std::unique_ptr<RestartStrategy> restart_strategy,
                     std::size_t exception_history_size, std::function<void()> on_ended)
    : services_(std::move(services)),
      submission_(std::move(submission)),
      timings_(timings),
      restart_strategy_(std::move(restart_strategy)),
      on_ended_(std::move(on_ended)),
      graph_(submission_.graph, services_.clock.WallMillis(),
             FirstAttemptOf(submission_.job_epoch)),
      slot_sharing_(submission_.graph),
      coordinators_(CoordinatorsOf(submission_.graph)),
      regions_(submission_.graph),
      exceptions_(exception_history_size),
      workers_(services_, submission_, timings_, graph_, *this),
      scope_(NoScope()) {}

JobMaster::~JobMaster() {
  services_.loop.Cancel(phase_timer_);
}

void JobMaster::Start() {
  OpenCheckpoints();
  TransitionJob(JobState::kCreated);
  TransitionJob(JobState::kRunning);
  scope_.AddAll();
  Schedule();
}

void JobMaster::SetPhase(JobPhase phase) {
  services_.loop.Cancel(std::exchange(phase_timer_, kNoTimer));
  if (phase == phase_) return;
  if (!CanTransition(phase_, phase)) {
    log_.Error("job ", job_id(), " cannot go from ", ToString(phase_), " to ", ToString(phase));
  }
  log_.Debug("job ", job_id(), ": ", ToString(phase_), " -> ", ToString(phase));
  phase_ = phase;
}

void JobMaster::TransitionJob(JobState to) {
  const JobState from = state();
  if (const Status status = graph_.TransitionJob(to, services_.clock.WallMillis()); !status.ok()) {
    log_.Error("job ", job_id(), ": ", status.message());
    return;
  }
  log_.Info("job ", job_id(), " '", submission_.graph.name(), "': ", ToString(from), " -> ",
            ToString(to));
  if (IsTerminal(to) && services_.on_terminal) services_.on_terminal();
}

bool JobMaster::TransitionTask(Execution& execution, TaskState to) {
  const Status status = graph_.TransitionTask(execution, to, services_.clock.WallMillis());
  if (!status.ok()) log_.Error("job ", job_id(), ": ", status.message());
  return status.ok();
}

void JobMaster::Schedule() {
  for (Execution* const execution : ExecutionsInScope()) {
    TransitionTask(*execution, TaskState::kScheduled);
  }
  SetPhase(JobPhase::kWaitingForSlots);
  if (checkpoints_) checkpoints_->PrepareAttempts();
  phase_timer_ = services_.loop.Schedule(timings_.slot_request_timeout_ms, [this] {
    phase_timer_ = kNoTimer;
    SlotsTimedOut();
  });
  TryAllocate();
}

void JobMaster::OnSlotsAvailable() {
  if (phase_ == JobPhase::kWaitingForSlots) TryAllocate();
}

std::uint32_t JobMaster::HeldSlots() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(slots_, [this](const SlotId& slot) {
    return services_.resources.slots().Holds(job_id(), slot);
  }));
}

// Keeps the slots it has (their workers are warm) and fills the gaps.
void JobMaster::TryAllocate() {
  slots_.resize(slot_sharing_.slot_count());
  const std::uint32_t missing = slot_sharing_.slot_count() - HeldSlots();
  std::optional<std::vector<SlotId>> fresh = services_.resources.Allocate(job_id(), missing);
  if (!fresh) return;
  auto next = fresh->begin();
  std::vector<SlotId> filled = slots_;
  for (std::size_t index = 0; index < slots_.size(); ++index) {
    // A fresh slot can be the very one that a gap still names (its TaskManager came back), so
    // "held" says nothing any more: take what was held before.
    const bool is_fresh = std::ranges::find(*fresh, slots_[index]) != fresh->end();
    if (!is_fresh && services_.resources.slots().Holds(job_id(), slots_[index])) continue;
    filled[index] = *next++;
  }
  slots_ = std::move(filled);
  StartWorkers();
}

std::string JobMaster::MissingSlots() const {
  const std::uint32_t needed = slot_sharing_.slot_count();
  const std::uint32_t held = HeldSlots();
  const std::uint32_t free = services_.resources.slots().free();
  const std::uint32_t missing = needed - held - std::min(needed - held, free);
  return Concat("waits for ", missing, missing == 1 ? " more slot: " : " more slots: ", needed,
                " needed, ", held > 0 ? Concat(held, " held, ") : std::string(), free, " free of ",
                services_.resources.slots().total());
}

void JobMaster::SlotsTimedOut() {
  Fail(
      FailureOfJob(
          Status(StatusCode::kResourceExhausted,
                 Concat(MissingSlots(), "; gave up after ",
                        FormatDuration(std::chrono::milliseconds(timings_.slot_request_timeout_ms)),
                        " (slot.request.timeout)"),
                 ErrorDomain::kExternal),
          services_.clock.WallMillis()),
      scope_);
}

void JobMaster::StartWorkers() {
  SetPhase(JobPhase::kStartingWorkers);
  // Another process would know nothing of what the coordinators that were to run on have handed
  // out: all that depends on them starts again.
  if (!coordinators_.empty() && !scope_.coordinators()) {
    const JobWorker* const coordinator = ReadyCoordinator();
    if (coordinator == nullptr || coordinator->awaits_exit_report) {
      FailoverScope touched = NoScope();
      touched.AddCoordinators();
      return Fail(FailureOfJob(Status::Unavailable("the process of the coordinators is lost"),
                               services_.clock.WallMillis()),
                  std::move(touched));
    }
  }
  layout_ = SlotLayout(slots_);
  worker_of_task_manager_.clear();
  for (const std::string& task_manager_id : layout_.task_managers()) {
    worker_of_task_manager_[task_manager_id] = ReuseOrStart(task_manager_id, proto::WORKER);
  }
  StartCoordinatorProcess();
  const std::vector<std::string> unneeded = UnneededWorkers();
  // One of them was replaced although tasks are to run on in it: its connection is lost, its end
  // not known yet, or its TaskManager has outgrown it. They start again, too.
  FailoverScope touched = NoScope();
  for (const std::string& id : unneeded) touched.Add(ScopeOf(*workers_.Find(id)));
  if (!scope_.Contains(touched)) {
    return Fail(FailureOfJob(Status::Unavailable("a process with tasks that run on is lost"),
                             services_.clock.WallMillis()),
                std::move(touched));
  }
  for (const std::string& id : unneeded) {
    workers_.Shutdown(*workers_.Find(id), "the job does not need this process any more");
  }
  CheckWorkersReady();
}

std::vector<std::string> JobMaster::UnneededWorkers() const {
  std::vector<std::string> unneeded;
  for (const auto& [id, worker] : workers_.workers()) {
    const auto used = worker_of_task_manager_.find(worker.task_manager_id);
    const bool needed =
        id == coordinator_id_ || (used != worker_of_task_manager_.end() && used->second == id);
    if (!needed && worker.state != WorkerState::kStopping) unneeded.push_back(id);
  }
  return unneeded;
}

void JobMaster::StartCoordinatorProcess() {
  coordinator_id_.clear();
  if (coordinators_.empty()) return;
  // Where the old one is, if it lives; else beside the first subtasks: the job depends on that
  // TaskManager anyway.
  std::string home = layout_.task_manager_of(0);
  for (const auto& [id, worker] : workers_.workers()) {
    if (worker.role == proto::COORDINATOR && worker.state == WorkerState::kReady) {
      home = worker.task_manager_id;
    }
  }
  coordinator_id_ = ReuseOrStart(home, proto::COORDINATOR);
}

// A worker that lived through a restart is used again, whatever slots of its TaskManager the job
// has now: it has a place for each. One that the TaskManager of a new size has outgrown is not.
std::string JobMaster::ReuseOrStart(const std::string& task_manager_id, proto::WorkerRole role) {
  const RegisteredTaskManager* const registered = services_.resources.Find(task_manager_id);
  const std::uint32_t slot_count =
      role == proto::COORDINATOR || registered == nullptr ? 0 : registered->hello.slot_count();
  for (const auto& [id, worker] : workers_.workers()) {
    if (worker.task_manager_id == task_manager_id && worker.role == role &&
        worker.state == WorkerState::kReady && !worker.awaits_exit_report &&
        worker.slot_count >= slot_count) {
      return id;
    }
  }
  const std::uint32_t of_job = role == proto::COORDINATOR ? 0 : layout_.SlotsOn(task_manager_id);
  return workers_.Start(task_manager_id, role, {.count = slot_count, .of_job = of_job});
}

void JobMaster::CheckWorkersReady() {
  if (phase_ != JobPhase::kStartingWorkers) return;
  const auto ready = [this](const std::string& id) {
    const JobWorker* const worker = workers_.Find(id);
    return worker != nullptr && worker->state == WorkerState::kReady;
  };
  for (const auto& [task_manager_id, id] : worker_of_task_manager_) {
    if (!ready(id)) return;
  }
  if (!coordinator_id_.empty() && !ready(coordinator_id_)) return;
  if (checkpoints_ && !checkpoints_->restore_known()) return;
  ++deployment_id_;
  if (checkpoints_ && scope_.all()) checkpoints_->OnWholeJobRestored();
  if (!coordinators_.empty() && scope_.coordinators()) return StartCoordinators();
  TellCoordinatorOfLostAttempts();
  DeployTasks();
}

void JobMaster::StartCoordinators() {
  SetPhase(JobPhase::kStartingCoordinators);
  announced_.clear();
  proto::WorkerCommand command;
  command.mutable_start_coordinators()->set_deployment_id(deployment_id_);
  for (proto::CoordinatorStart& start : CoordinatorsToStart()) {
    *command.mutable_start_coordinators()->add_coordinators() = std::move(start);
  }
  workers_.Send(*workers_.Find(coordinator_id_), std::move(command));
}

void JobMaster::DeployTasks() {
  SetPhase(JobPhase::kDeploying);
  std::vector<DeploymentPeer> peers;
  for (const auto& [task_manager_id, worker_id] : worker_of_task_manager_) {
    const RegisteredTaskManager* const registered = services_.resources.Find(task_manager_id);
    // A lost TaskManager fails the job before this phase is reached.
    if (registered == nullptr) continue;
    peers.push_back({.worker_id = worker_id,
                     .host = registered->hello.host(),
                     .data_port = registered->hello.data_port()});
  }
  PlaceTasks();
  deployed_.clear();
  for (auto& [worker_id, deployment] : MakeDeployments(graph_, scope_, deployment_id_, peers)) {
    deployed_.insert(worker_id);
    AddRestores(deployment);
    proto::WorkerCommand command;
    *command.mutable_deploy_tasks() = std::move(deployment);
    workers_.Send(*workers_.Find(worker_id), std::move(command));
  }
  awaited_ = deployed_;
}

void JobMaster::PlaceTasks() {
  for (Execution* const execution : ExecutionsInScope()) {
    const std::uint32_t slot = slot_sharing_.SlotOf(execution->vertex, execution->subtask);
    const std::string& task_manager_id = layout_.task_manager_of(slot);
    const JobWorker& worker = *workers_.Find(worker_of_task_manager_.at(task_manager_id));
    execution->place =
        ExecutionPlace{.task_manager_id = task_manager_id,
                       .endpoint = services_.resources.Find(task_manager_id)->endpoint(),
                       .worker_id = worker.id,
                       .process_id = worker.process_id,
                       .slot = layout_.worker_slot_of(slot)};
    TransitionTask(*execution, TaskState::kDeploying);
  }
}

void JobMaster::StartTasks() {
  SetPhase(JobPhase::kExecuting);
  scope_.Clear();
  for (const std::string& worker_id : deployed_) {
    proto::WorkerCommand command;
    command.mutable_start_tasks()->set_deployment_id(deployment_id_);
    workers_.Send(*workers_.Find(worker_id), std::move(command));
  }
  if (checkpoints_) checkpoints_->OnTasksStarted();
}

const JobWorker* JobMaster::coordinator() const {
  const auto found = workers_.workers().find(coordinator_id_);
  return found == workers_.workers().end() ? nullptr : &found->second;
}

std::string JobMaster::StatusDetails() const {
  switch (phase_) {
    case JobPhase::kWaitingForSlots:
      return MissingSlots();
    case JobPhase::kStartingWorkers: {
      for (const auto& [id, worker] : workers_.workers()) {
        if (worker.state != WorkerState::kStarting && worker.state != WorkerState::kPreparing) {
          continue;
        }
        return Concat("waits for the ", DescribeWorker(worker.role, worker.task_manager_id),
                      worker.state == WorkerState::kStarting ? " to start" : " to load the job");
      }
      return {};
    }
    case JobPhase::kStartingCoordinators:
      return "waits for the operator coordinators to start";
    case JobPhase::kStopping: {
      for (const auto& [id, worker] : workers_.workers()) {
        if (worker.state != WorkerState::kStopping) continue;
        return Concat("waits for the ", DescribeWorker(worker.role, worker.task_manager_id),
                      " to end");
      }
      return Concat("waits for ", graph_.CountOf(TaskState::kCanceling), " tasks to be canceled");
    }
    case JobPhase::kWaitingToRestart:
      return Concat("restarts in ", FormatDuration(std::chrono::milliseconds(std::max<std::int64_t>(
                                        0, restart_due_ms_ - services_.clock.MonotonicMillis()))));
    default:
      return {};
  }
}

std::vector<std::string> JobMaster::Warnings() const {
  std::vector<std::string> warnings;
  if (phase_ == JobPhase::kWaitingForSlots) warnings.push_back(Concat("The job ", MissingSlots()));
  for (std::string& stuck : stuck_tasks_.Warnings(graph_)) warnings.push_back(std::move(stuck));
  for (const auto& [id, worker] : workers_.workers()) {
    if (!worker.awaits_exit_report) continue;
    warnings.push_back(Concat("The connection to the ",
                              DescribeWorker(worker.role, worker.task_manager_id), " is lost"));
  }
  return warnings;
}

}  // namespace weir::jobmanager
