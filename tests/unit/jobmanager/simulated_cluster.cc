#include "tests/unit/jobmanager/simulated_cluster.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/exit_status.h"
#include "common/text.h"
#include "proto/conversion/status_conversion.h"

namespace weir::jobmanager {
namespace {

class SimulatedWorkerSession final : public WorkerSession,
                                     public std::enable_shared_from_this<SimulatedWorkerSession> {
 public:
  SimulatedWorkerSession(SimulatedCluster& cluster, const std::shared_ptr<SimulatedWorker>& worker)
      : cluster_(cluster), worker_(worker) {}
  void Send(proto::WorkerCommand command) override {
    const std::shared_ptr<SimulatedWorker> to = worker_.lock();
    if (!to) return;
    cluster_.Deliver(
        [&cluster = cluster_, worker = to, self = shared_from_this(),
         command = std::move(command)] {
          if (worker->alive && worker->session == self) cluster.OnCommand(worker, command);
        },
        last_due_ms_);
  }
  void Close(const Status&) override {
    const std::shared_ptr<SimulatedWorker> to = worker_.lock();
    if (!to) return;
    cluster_.Deliver([&cluster = cluster_, worker = to,
                      self = shared_from_this()] { cluster.ClosedByServer(worker, self.get()); },
                     last_due_ms_);
  }
  std::int64_t to_server_due_ms = 0;

 private:
  SimulatedCluster& cluster_;
  const std::weak_ptr<SimulatedWorker> worker_;  // which holds its session
  std::int64_t last_due_ms_ = 0;
};

class SimulatedTaskManagerSession final
    : public TaskManagerSession,
      public std::enable_shared_from_this<SimulatedTaskManagerSession> {
 public:
  SimulatedTaskManagerSession(SimulatedCluster& cluster, std::string id)
      : cluster_(cluster), id_(std::move(id)) {}
  void Send(proto::TaskManagerCommand command) override {
    cluster_.Deliver(
        [&cluster = cluster_, id = id_, self = shared_from_this(), command = std::move(command)] {
          SimulatedTaskManager& to = cluster.task_managers().at(id);
          if (to.alive && to.session == self) cluster.OnCommand(id, command);
        },
        last_due_ms_);
  }
  void Close(const Status&) override {
    cluster_.Deliver([&cluster = cluster_, id = id_,
                      self = shared_from_this()] { cluster.ClosedByServer(id, self.get()); },
                     last_due_ms_);
  }
  std::int64_t to_server_due_ms = 0;

 private:
  SimulatedCluster& cluster_;
  const std::string id_;
  std::int64_t last_due_ms_ = 0;
};

TemporaryDirectory MakeDirectory() {
  Result<TemporaryDirectory> directory = TemporaryDirectory::Create("weir-jobmanager-test-");
  if (!directory.ok()) std::abort();
  return *std::move(directory);
}

const proto::Hello SimulatedHello() {
  proto::Hello hello;
  hello.mutable_protocol()->set_minimum(1);
  hello.mutable_protocol()->set_maximum(1);
  hello.set_cluster_id("default");
  return hello;
}

}  // namespace

SimulatedCluster::SimulatedCluster(std::uint64_t seed, JobTimings timings, Metadata metadata)
    : random_(seed),
      directory_(MakeDirectory()),
      timings_(timings),
      metadata_(metadata),
      metadata_directory_(directory_.path() + "/metadata") {
  StartJobManager();
}

SimulatedCluster::~SimulatedCluster() {
  // Sessions refer to the cluster; let go of them while it is whole.
  manager_.reset();
}

void SimulatedCluster::Deliver(std::function<void()> function, std::int64_t& last_due_ms) {
  if (most_delay_ms == 0) return loop_.Post(std::move(function));
  const std::int64_t now_ms = clock_.MonotonicMillis();
  const std::int64_t delay_ms =
      static_cast<std::int64_t>(RandomBelow(random_, static_cast<std::uint64_t>(most_delay_ms)));
  last_due_ms = std::max(last_due_ms, now_ms + delay_ms);
  loop_.Schedule(last_due_ms - now_ms, std::move(function));
}

SimulatedTaskManager& SimulatedCluster::AddTaskManager(const std::string& id, std::uint32_t slots) {
  SimulatedTaskManager& added = task_managers_[id];
  added.id = id;
  added.slots = slots;
  added.start_time_ms = clock_.WallMillis();
  added.alive = true;
  added.leader.Clear();
  Register(added);
  return added;
}

void SimulatedCluster::Register(SimulatedTaskManager& task_manager) {
  if (manager_ == nullptr) return;  // nobody answers; a new one is dialled when it is there
  if (task_manager.session != nullptr) {
    // The old stream is seen to break later than the new one is there.
    loop_.Schedule(1'000, [this, generation = generation_, old = task_manager.session] {
      if (generation != generation_) return;
      manager_->sessions().OnTaskManagerClosed(old.get(),
                                               Status::Unavailable("the connection broke"));
    });
  }
  task_manager.session = std::make_shared<SimulatedTaskManagerSession>(*this, task_manager.id);
  proto::TaskManagerEvent event;
  proto::TaskManagerHello* const hello = event.mutable_hello();
  *hello->mutable_hello() = SimulatedHello();
  hello->set_task_manager_id(task_manager.id);
  hello->set_host("127.0.0.1");
  hello->set_data_port(7000);
  hello->set_process_id(4711);
  hello->set_slot_count(task_manager.slots);
  hello->set_start_time_ms(task_manager.start_time_ms);
  for (const auto& [id, worker] : task_manager.workers) {
    proto::WorkerIdentity* const identity = hello->add_workers();
    identity->set_worker_id(id);
    identity->set_job_id(worker->start.job_id());
    identity->set_job_epoch(worker->start.job_epoch());
    *identity->mutable_leader() = worker->leader;
  }
  Send(task_manager, std::move(event));
}

void SimulatedCluster::Send(SimulatedTaskManager& task_manager, proto::TaskManagerEvent event) {
  if (task_manager.session == nullptr) return;
  const bool met = !task_manager.leader.id().empty();
  if (met || !event.has_hello()) {
    *event.mutable_leader() = met ? task_manager.leader : manager_->leader();
  }
  auto& session = static_cast<SimulatedTaskManagerSession&>(*task_manager.session);
  DeliverToServer(
      [this, to = task_manager.session, event = std::move(event)] {
        manager_->sessions().OnTaskManagerEvent(to, event);
      },
      session.to_server_due_ms);
}

void SimulatedCluster::BreakSession(SimulatedTaskManager& task_manager) {
  if (task_manager.session == nullptr) return;
  auto session = std::static_pointer_cast<SimulatedTaskManagerSession>(
      std::exchange(task_manager.session, nullptr));
  DeliverToServer(
      [this, session] {
        manager_->sessions().OnTaskManagerClosed(session.get(),
                                                 Status::Unavailable("the connection broke"));
      },
      session->to_server_due_ms);
}

void SimulatedCluster::ClosedByServer(const std::string& task_manager_id,
                                      TaskManagerSession* session) {
  SimulatedTaskManager& task_manager = task_managers_.at(task_manager_id);
  if (task_manager.session.get() != session) return;  // broken already, and said so
  BreakSession(task_manager);
  loop_.Schedule(500, [this, &task_manager] {
    if (task_manager.alive && task_manager.session == nullptr) Register(task_manager);
  });
}

void SimulatedCluster::ClosedByServer(const std::shared_ptr<SimulatedWorker>& worker,
                                      WorkerSession* session) {
  if (worker->session.get() == session) BreakSession(worker);
}

void SimulatedCluster::BreakSession(const std::shared_ptr<SimulatedWorker>& worker) {
  if (worker->session == nullptr) return;
  auto session =
      std::static_pointer_cast<SimulatedWorkerSession>(std::exchange(worker->session, nullptr));
  DeliverToServer(
      [this, session] {
        manager_->sessions().OnWorkerClosed(session.get(),
                                            Status::Unavailable("the connection broke"));
      },
      session->to_server_due_ms);
  if (!workers_redial || !worker->alive) return;
  loop_.Schedule(500, [this, worker] {
    if (worker->alive && worker->session == nullptr) Connect(worker);
  });
}

void SimulatedCluster::KillTaskManager(const std::string& id) {
  SimulatedTaskManager& task_manager = task_managers_.at(id);
  task_manager.alive = false;
  const auto workers = std::exchange(task_manager.workers, {});
  for (const auto& [worker_id, worker] : workers) {
    worker->alive = false;
    worker->tasks.clear();
    BreakSession(worker);
  }
  BreakSession(task_manager);
}

void SimulatedCluster::EndWorker(const std::shared_ptr<SimulatedWorker>& worker, int signal,
                                 std::vector<proto::RunningStep> running, bool requested) {
  if (!worker->alive) return;
  worker->alive = false;
  worker->tasks.clear();
  BreakSession(worker);
  SimulatedTaskManager& task_manager = *worker->task_manager;
  task_manager.workers.erase(worker->start.worker_id());
  proto::TaskManagerEvent event;
  proto::WorkerExited* const exited = event.mutable_worker_exited();
  exited->set_worker_id(worker->start.worker_id());
  exited->set_signal(signal);
  exited->set_exit_status(signal == 0 ? 0 : -1);
  exited->set_reason(ExitStatus{.signal = signal}.ToString());
  exited->set_requested(requested);
  for (proto::RunningStep& step : running) *exited->add_running() = std::move(step);
  Send(task_manager, std::move(event));
}

void SimulatedCluster::OnCommand(const std::string& task_manager_id,
                                 proto::TaskManagerCommand command) {
  SimulatedTaskManager& task_manager = task_managers_.at(task_manager_id);
  task_manager.commands.push_back(command);
  if (on_task_manager_command && on_task_manager_command(task_manager, command)) return;
  if (command.has_welcome()) {
    task_manager.leader = command.leader();
  } else if (command.has_heartbeat()) {
    proto::TaskManagerEvent event;
    event.mutable_heartbeat();
    Send(task_manager, std::move(event));
  } else if (command.has_start_worker()) {
    StartWorker(task_manager, command.leader(), command.start_worker());
  } else if (command.has_stop_worker()) {
    const auto found = task_manager.workers.find(command.stop_worker().worker_id());
    if (found == task_manager.workers.end()) {
      proto::TaskManagerEvent event;
      event.mutable_worker_exited()->set_worker_id(command.stop_worker().worker_id());
      event.mutable_worker_exited()->set_requested(true);
      return Send(task_manager, std::move(event));
    }
    const auto worker = found->second;
    const int signal = command.stop_worker().grace_ms() == 0 ? 9 : 15;
    EndWorker(worker, signal, {}, true);
  }
}

void SimulatedCluster::StartWorker(SimulatedTaskManager& task_manager,
                                   const proto::LeaderSession& leader,
                                   const proto::StartWorker& start) {
  auto worker = std::make_shared<SimulatedWorker>();
  worker->task_manager = &task_manager;
  worker->start = start;
  worker->leader = leader;
  task_manager.workers[start.worker_id()] = worker;
  proto::TaskManagerEvent event;
  event.mutable_worker_started()->set_worker_id(start.worker_id());
  event.mutable_worker_started()->set_process_id(4711);
  Send(task_manager, std::move(event));
  Connect(worker);
}

void SimulatedCluster::Connect(const std::shared_ptr<SimulatedWorker>& worker) {
  if (manager_ == nullptr) return;
  worker->session = std::make_shared<SimulatedWorkerSession>(*this, worker);
  proto::WorkerEvent event;
  proto::WorkerHello* const hello = event.mutable_hello();
  *hello->mutable_hello() = SimulatedHello();
  hello->set_worker_id(worker->start.worker_id());
  hello->set_job_id(worker->start.job_id());
  hello->set_task_manager_id(worker->task_manager->id);
  hello->set_role(worker->start.role());
  hello->set_process_id(4711);
  Send(*worker, std::move(event));
}

void SimulatedCluster::Send(SimulatedWorker& worker, proto::WorkerEvent event) {
  if (worker.session == nullptr) return;
  *event.mutable_leader() = worker.leader;
  event.set_job_epoch(worker.start.job_epoch());
  auto& session = static_cast<SimulatedWorkerSession&>(*worker.session);
  DeliverToServer([this, to = worker.session,
                   event = std::move(event)] { manager_->sessions().OnWorkerEvent(to, event); },
                  session.to_server_due_ms);
}

void SimulatedCluster::OnCommand(const std::shared_ptr<SimulatedWorker>& worker,
                                 proto::WorkerCommand command) {
  worker->commands.push_back(command);
  if (on_worker_command && on_worker_command(*worker, command)) return;
  proto::WorkerEvent answer;
  switch (command.command_case()) {
    case proto::WorkerCommand::kRejected:
      return EndWorker(worker, 15);
    case proto::WorkerCommand::kShutdown:
      return EndWorker(worker, 0, {}, false);
    case proto::WorkerCommand::kHeartbeat:
      answer.mutable_heartbeat();
      break;
    case proto::WorkerCommand::kPrepareJob:
      answer.mutable_job_prepared();
      break;
    case proto::WorkerCommand::kStartCoordinators:
      answer.mutable_coordinators_started()->set_deployment_id(
          command.start_coordinators().deployment_id());
      break;
    case proto::WorkerCommand::kDeployTasks:
      return DeployTasks(*worker, command.deploy_tasks());
    case proto::WorkerCommand::kStartTasks:
      return StartTasks(*worker);
    case proto::WorkerCommand::kCancelTasks:
      for (const proto::TaskAttempt& task : command.cancel_tasks().tasks()) {
        if (worker->tasks.erase({task.vertex(), task.subtask()}) == 0) continue;
        SendTaskState(*worker, task.vertex(), task.subtask(), task.attempt(), proto::TASK_CANCELED);
      }
      return;
    default:
      return;
  }
  Send(*worker, std::move(answer));
}

void SimulatedCluster::DeployTasks(SimulatedWorker& worker, const proto::DeployTasks& deploy) {
  for (const proto::TaskDeployment& task : deploy.tasks()) {
    CheckSingleAttempt(worker, task.vertex(), task.subtask());
    worker.tasks[{task.vertex(), task.subtask()}] = task.attempt();
  }
  proto::WorkerEvent answer;
  answer.mutable_tasks_deployed()->set_deployment_id(deploy.deployment_id());
  Send(worker, std::move(answer));
}

void SimulatedCluster::StartTasks(SimulatedWorker& worker) {
  for (const auto& [key, attempt] : RunningTasks(worker.tasks)) {
    SendTaskState(worker, key.first, key.second, attempt, proto::TASK_INITIALIZING);
    SendTaskState(worker, key.first, key.second, attempt, proto::TASK_RUNNING);
  }
}

void SimulatedCluster::CheckSingleAttempt(const SimulatedWorker& worker, std::uint32_t vertex,
                                          std::uint32_t subtask) {
  for (const auto& [id, task_manager] : task_managers_) {
    for (const auto& [worker_id, other] : task_manager.workers) {
      if (other->start.job_id() != worker.start.job_id() || !other->alive) continue;
      if (!other->tasks.contains({vertex, subtask})) continue;
      violations_.push_back(Concat("at ", clock_.MonotonicMillis(), " ms: two live attempts of ",
                                   vertex, "/", subtask, " of job ", worker.start.job_id()));
    }
  }
}

void SimulatedCluster::SendAcknowledged(SimulatedWorker& worker,
                                        std::pair<std::uint32_t, std::uint32_t> task,
                                        std::uint32_t attempt, std::uint64_t checkpoint_id) {
  proto::WorkerEvent event;
  auto* const acknowledged = event.mutable_checkpoint_acknowledged();
  acknowledged->set_checkpoint_id(checkpoint_id);
  acknowledged->mutable_task()->set_vertex(task.first);
  acknowledged->mutable_task()->set_subtask(task.second);
  acknowledged->mutable_task()->set_attempt(attempt);
  proto::SubtaskState* const state = acknowledged->mutable_state();
  state->set_has_operator_state(true);
  state->add_handles()->set_inline_(Concat(checkpoint_id, ":", task.first, "/", task.second));
  acknowledged->mutable_metrics()->set_state_bytes(10);
  Send(worker, std::move(event));
}

void SimulatedCluster::SendTaskState(SimulatedWorker& worker, std::uint32_t vertex,
                                     std::uint32_t subtask, std::uint32_t attempt,
                                     proto::TaskState state, const std::string& error) {
  proto::WorkerEvent event;
  proto::TaskStateChange* const change = event.mutable_task_state();
  change->mutable_task()->set_vertex(vertex);
  change->mutable_task()->set_subtask(subtask);
  change->mutable_task()->set_attempt(attempt);
  change->set_state(state);
  if (!error.empty()) {
    *change->mutable_failure()->mutable_error() = proto::ErrorFromStatus(Status::UserError(error));
  }
  Send(worker, std::move(event));
}

void SimulatedCluster::FinishTasks(const std::string& job_id) {
  for (const auto& worker : WorkersOf(job_id)) {
    for (const auto& [key, attempt] : std::exchange(worker->tasks, {})) {
      SendTaskState(*worker, key.first, key.second, attempt, proto::TASK_FINISHED);
    }
  }
}

std::vector<std::shared_ptr<SimulatedWorker>> SimulatedCluster::WorkersOf(const std::string& job_id,
                                                                          proto::WorkerRole role) {
  std::vector<std::shared_ptr<SimulatedWorker>> found;
  for (const auto& [id, task_manager] : task_managers_) {
    for (const auto& [worker_id, worker] : task_manager.workers) {
      if (worker->start.job_id() == job_id && worker->start.role() == role) {
        found.push_back(worker);
      }
    }
  }
  return found;
}

std::size_t SimulatedCluster::ProcessCount() const {
  std::size_t count = 0;
  for (const auto& [id, task_manager] : task_managers_) count += task_manager.workers.size();
  return count;
}

proto::JobGraph ChainGraph(const std::vector<std::uint32_t>& parallelisms, bool with_coordinator) {
  proto::JobGraph graph;
  graph.set_format_version(1);
  graph.set_name("chain");
  for (std::size_t index = 0; index < parallelisms.size(); ++index) {
    proto::JobVertex* const vertex = graph.add_vertices();
    const std::string id = Concat(std::string(28, 'a'), 1000 + index);
    vertex->set_id(id);
    vertex->set_name(Concat("v", index));
    vertex->set_parallelism(parallelisms[index]);
    vertex->set_max_parallelism(128);
    vertex->set_slot_sharing_group("default");
    vertex->set_is_source(index == 0);
    proto::OperatorDescription* const described = vertex->add_operators();
    described->set_id(id);
    described->set_name(Concat("Operator ", index));
    described->set_has_coordinator(index == 0 && with_coordinator);
    if (index == 0) continue;
    proto::JobEdge* const edge = graph.add_edges();
    edge->set_source_vertex(static_cast<std::uint32_t>(index - 1));
    edge->set_target_vertex(static_cast<std::uint32_t>(index));
    edge->set_partitioning(proto::REBALANCE);
  }
  return graph;
}

}  // namespace weir::jobmanager
