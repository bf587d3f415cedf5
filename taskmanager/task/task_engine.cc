#include "taskmanager/task/task_engine.h"

#include <string>
#include <utility>

#include "taskmanager/task/channel_builder.h"
#include "taskmanager/task/slot.h"
#include "taskmanager/task/task.h"

namespace weir::task {

namespace {

std::unique_ptr<checkpoint::CheckpointStorage> MakeStorage(const TaskEngineOptions& options,
                                                           FileSystem& files) {
  if (options.checkpoint_directory.empty()) return nullptr;
  return std::make_unique<checkpoint::CheckpointStorage>(files, options.checkpoint_directory,
                                                         options.inline_state_bytes);
}

}  // namespace

struct TaskEngine::PendingStart {
  ChannelBuilder channels;
};

TaskEngine::TaskEngine(TaskEngineOptions options, TaskEngineDependencies dependencies)
    : options_(std::move(options)),
      dependencies_(std::move(dependencies)),
      page_(dependencies_.slot_page == nullptr
                ? nullptr
                : std::make_unique<SlotPage>(dependencies_.slot_page, options_.slot_count,
                                             dependencies_.floating_entries)),
      storage_(MakeStorage(options_, *dependencies_.files)),
      stores_(options_.store_backend),
      resources_{.options = options_,
                 .job = *dependencies_.job,
                 .clock = dependencies_.clock,
                 .events = *this,
                 .make_logger = dependencies_.make_logger,
                 .pool = dependencies_.threads != nullptr
                             ? static_cast<WorkPool&>(*dependencies_.threads)
                             : pool_,
                 .page = page_.get(),
                 .files = *dependencies_.files,
                 .storage = storage_.get(),
                 .stores = stores_} {
  for (std::uint32_t i = 0; i < options_.slot_count; ++i) {
    slots_.push_back(MakeSlot(page_ != nullptr ? page_->slot(i) : nullptr, false));
  }
}

TaskEngine::~TaskEngine() {
  CancelAll();
  MutexLock lock(mutex_);
  while (unfinished_ > 0) ended_.Wait(mutex_);
}

Status TaskEngine::Check(const Deployment& deployment) const {
  const internal::JobGraph& graph = dependencies_.job->graph();
  if (deployment.placement.size() != graph.vertices.size() ||
      deployment.first_channel.size() != graph.edges.size()) {
    return Status::InvalidArgument("the deployment is for another JobGraph");
  }
  for (std::size_t vertex = 0; vertex < graph.vertices.size(); ++vertex) {
    const VertexPlacement& placement = deployment.placement[vertex];
    const std::uint32_t parallelism = graph.vertices[vertex].parallelism;
    if (placement.peer.size() != parallelism || placement.attempt.size() != parallelism) {
      return Status::InvalidArgument("the deployment places another number of subtasks of '" +
                                     graph.vertices[vertex].name + "' than there are");
    }
    for (const std::uint32_t peer : placement.peer) {
      if (peer >= deployment.peers.size()) {
        return Status::InvalidArgument("the deployment places a subtask on an unknown worker");
      }
    }
  }
  for (const TaskDeployment& task : deployment.tasks) {
    if (task.task.vertex >= graph.vertices.size() ||
        task.task.subtask >= graph.vertices[task.task.vertex].parallelism) {
      return Status::InvalidArgument("the deployment has a subtask that the job has not");
    }
    if (task.slot >= options_.slot_count) {
      return Status::InvalidArgument("the deployment uses slot " + std::to_string(task.slot) +
                                     "; this worker has " + std::to_string(options_.slot_count));
    }
  }
  return Status::Ok();
}

TaskThreads::SlotThread TaskEngine::MakeSlot(SlotPageEntry* entry, bool floating) {
  if (dependencies_.threads != nullptr) return dependencies_.threads->MakeSlot();
  std::shared_ptr<Slot> slot(
      new Slot(pool_, dependencies_.clock, entry, options_.spins_before_sleep),
      [page = page_.get(), entry = floating ? entry : nullptr](Slot* owned) {
        delete owned;
        if (entry != nullptr) page->GiveBack(entry);
      });
  const std::shared_ptr<WakeSignal> wake = slot->wake();
  return {.runner = std::move(slot), .wake = wake};
}

std::shared_ptr<Task> TaskEngine::MakeTask(const TaskDeployment& deployment) {
  TaskThreads::SlotThread slot = slots_[deployment.slot];
  if (dependencies_.job->graph().vertices[deployment.task.vertex].blocking) {
    // A thread of its own, so that it blocks nobody else.
    SlotPageEntry* entry = page_ != nullptr ? page_->TakeFloating() : nullptr;
    slot = MakeSlot(entry, true);
  }
  auto mailbox = std::make_shared<TaskMailbox>(slot.wake);
  auto task = std::make_shared<Task>(resources_, deployment.task, deployment.slot,
                                     std::move(slot.runner), std::move(mailbox));
  if (deployment.restore) task->SetRestore(*deployment.restore);
  return task;
}

Status TaskEngine::Deploy(const Deployment& deployment) {
  WEIR_RETURN_IF_ERROR(Check(deployment));
  ForgetEnded();
  if (pending_.contains(deployment.deployment_id)) {
    return Status(StatusCode::kAlreadyExists,
                  "deployment " + std::to_string(deployment.deployment_id) + " is there already");
  }
  ChannelBuilder::TaskBySubtask tasks;
  for (const TaskDeployment& task : deployment.tasks) {
    if (Find(task.task) != nullptr || tasks.contains({task.task.vertex, task.task.subtask})) {
      return Status(StatusCode::kAlreadyExists, "a subtask is deployed twice");
    }
    tasks[{task.task.vertex, task.task.subtask}] = MakeTask(task);
  }
  auto pending = std::make_unique<PendingStart>(PendingStart{
      ChannelBuilder(resources_, dependencies_.data_plane, deployment, std::move(tasks))});
  for (const auto& [subtask, task] : pending->channels.tasks()) {
    WEIR_RETURN_IF_ERROR(pending->channels.BuildInputs(*task));
  }
  for (const auto& [subtask, task] : pending->channels.tasks()) {
    task->Deployed();
    MutexLock lock(mutex_);
    tasks_[task->attempt()] = task;
    ++unfinished_;
  }
  pending_[deployment.deployment_id] = std::move(pending);
  return Status::Ok();
}

Status TaskEngine::Start(std::uint64_t deployment_id) {
  auto node = pending_.extract(deployment_id);
  if (node.empty()) {
    return Status(StatusCode::kFailedPrecondition,
                  "deployment " + std::to_string(deployment_id) + " does not wait to be started");
  }
  ChannelBuilder& channels = node.mapped()->channels;
  std::vector<std::shared_ptr<Task>> startable;
  for (const auto& [subtask, task] : channels.tasks()) {
    if (task->terminal()) continue;  // canceled between the two phases
    const Status built = channels.BuildOutputs(*task);
    if (built.ok()) {
      startable.push_back(task);
    } else {
      task->Fail(built);
    }
  }
  for (const std::shared_ptr<Task>& task : startable) task->Start();
  return Status::Ok();
}

std::vector<std::shared_ptr<Task>> TaskEngine::Tasks() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Task>> tasks;
  tasks.reserve(tasks_.size());
  for (const auto& [attempt, task] : tasks_) tasks.push_back(task);
  return tasks;
}

std::shared_ptr<Task> TaskEngine::Find(const TaskAttempt& attempt) const {
  MutexLock lock(mutex_);
  const auto found = tasks_.find(attempt);
  return found != tasks_.end() ? found->second : nullptr;
}

void TaskEngine::ForgetEnded() {
  // Destroyed outside of the lock: channels may be given up with them.
  std::vector<std::shared_ptr<Task>> ended;
  for (std::shared_ptr<Task>& task : Tasks()) {
    if (!task->terminal()) continue;
    MutexLock lock(mutex_);
    tasks_.erase(task->attempt());
    ended.push_back(std::move(task));
  }
}

void TaskEngine::Cancel(const std::vector<TaskAttempt>& attempts) {
  for (const TaskAttempt& attempt : attempts) {
    if (const std::shared_ptr<Task> task = Find(attempt)) task->Cancel();
  }
}

void TaskEngine::CancelAll() {
  for (const std::shared_ptr<Task>& task : Tasks()) task->Cancel();
}

bool TaskEngine::OnCoordinatorEvent(CoordinatorEvent event) {
  const std::shared_ptr<Task> task = Find(event.task);
  if (task == nullptr || task->terminal()) return false;
  task->mailbox().Post(std::move(event));
  return true;
}

Status TaskEngine::Trigger(const TaskAttempt& attempt, const internal::Barrier& barrier) {
  const std::shared_ptr<Task> task = Find(attempt);
  if (task == nullptr || !task->running() || !task->mailbox().Trigger(barrier)) {
    return Status(StatusCode::kFailedPrecondition, "the task is not running here");
  }
  return Status::Ok();
}

void TaskEngine::TriggerCheckpoint(const std::vector<TaskAttempt>& tasks,
                                   const internal::Barrier& barrier,
                                   const std::vector<TaskAttempt>& announced_to) {
  for (const TaskAttempt& attempt : announced_to) {
    const std::shared_ptr<Task> task = Find(attempt);
    if (task != nullptr && !task->terminal()) task->mailbox().Announce(barrier);
  }
  const std::vector<internal::JobVertex>& vertices = dependencies_.job->graph().vertices;
  for (const TaskAttempt& attempt : tasks) {
    Status triggered = Trigger(attempt, barrier);
    if (triggered.ok()) continue;
    if (attempt.vertex < vertices.size()) {
      triggered = triggered.WithContext(DescribeTask(vertices[attempt.vertex], attempt));
    }
    OnCheckpointDeclined(
        {.task = attempt, .checkpoint_id = barrier.checkpoint_id, .cause = std::move(triggered)});
  }
}

void TaskEngine::NotifyCheckpointCompleted(std::uint64_t checkpoint_id) {
  PostToTasks({.checkpoint_id = checkpoint_id, .complete = true});
}

void TaskEngine::NotifyCheckpointAborted(std::uint64_t checkpoint_id) {
  PostToTasks({.checkpoint_id = checkpoint_id, .complete = false});
}

void TaskEngine::PostToTasks(const CheckpointEnd& end) {
  for (const std::shared_ptr<Task>& task : Tasks()) {
    // Nobody would ever take it.
    if (!task->terminal()) task->mailbox().Post(end);
  }
}

std::vector<TaskStatistics> TaskEngine::Statistics() const {
  std::vector<TaskStatistics> statistics;
  for (const std::shared_ptr<Task>& task : Tasks()) statistics.push_back(task->Statistics());
  return statistics;
}

void TaskEngine::OnTaskState(TaskStateChange change) {
  const bool ended = IsTerminal(change.state);
  dependencies_.events.OnTaskState(std::move(change));
  if (!ended) return;
  MutexLock lock(mutex_);
  --unfinished_;
  ended_.SignalAll();
}

void TaskEngine::OnEventToCoordinator(CoordinatorEvent event) {
  dependencies_.events.OnEventToCoordinator(std::move(event));
}

void TaskEngine::OnCheckpointAcknowledged(CheckpointAcknowledgement acknowledgement) {
  dependencies_.events.OnCheckpointAcknowledged(std::move(acknowledgement));
}

void TaskEngine::OnCheckpointDeclined(CheckpointDecline decline) {
  dependencies_.events.OnCheckpointDeclined(std::move(decline));
}

void TaskEngine::OnCheckpointRequested(const TaskAttempt& task) {
  dependencies_.events.OnCheckpointRequested(task);
}

}  // namespace weir::task
