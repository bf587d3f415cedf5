#include "taskmanager/worker/worker.h"

#include <optional>
#include <utility>

#include "common/text.h"
#include "proto/conversion/status_conversion.h"
#include "proto/session.pb.h"
#include "taskmanager/task/user_code.h"
#include "taskmanager/worker/component_task_logger.h"
#include "taskmanager/worker/job_graph_conversion.h"
#include "taskmanager/worker/task_conversion.h"

namespace weir::worker {
namespace {

std::unique_ptr<Logger> MakeTaskLogger(const TaskInformation& task) {
  return std::make_unique<ComponentTaskLogger>(
      Concat(task.task_name, " (", task.subtask_index + 1, "/", task.parallelism, ")"));
}

Status CheckStructure(const internal::CompiledJob& job, const std::string& expected_hash) {
  const std::string hash = internal::StructuralHash(job.graph());
  if (hash == expected_hash) return Status::Ok();
  return Status(StatusCode::kFailedPrecondition,
                Concat("the job's graph came out differently in this worker (structural hash ",
                       hash, ") than when the job was submitted (", expected_hash,
                       "): a job function must depend on nothing but its arguments, and on "
                       "variables and files that "
                       "it reads through its environment object"),
                ErrorDomain::kUser, RetryHint::kNoRetry);
}

}  // namespace

Worker::Worker(WorkerOptions options, WorkerWorld world, std::function<void(Status)> on_end)
    : options_(std::move(options)),
      world_(world),
      on_end_(std::move(on_end)),
      session_(options_.identity, world.loop, world.clock, world.client, options_.first_lease_ms,
               *this),
      coordinators_(
          world.loop, world.blocking,
          {.on_event =
               [this](OperatorKey key, std::uint32_t subtask, std::uint32_t attempt,
                      std::string payload) {
                 proto::WorkerEvent event;
                 proto::OperatorEvent* const message = event.mutable_operator_event();
                 message->set_vertex(key.vertex);
                 message->set_operator_index(key.operator_index);
                 message->set_subtask(subtask);
                 message->set_attempt(attempt);
                 message->set_payload(std::move(payload));
                 session_.Send(std::move(event));
               },
           .on_failure = [this](OperatorKey key,
                                const Status& status) { CoordinatorFailed(key, status); }},
          options_.subtasks_restart) {}

Worker::~Worker() {
  world_.loop.Cancel(statistics_timer_);
  coordinators_.CloseAll();
}

void Worker::Start() {
  session_.Start();
  statistics_timer_ =
      world_.loop.Schedule(options_.statistics_interval_ms, [this] { SendStatistics(); });
}

void Worker::OnSessionEnded(Status reason) {
  on_end_(std::move(reason));
}

void Worker::OnCommand(proto::WorkerCommand command) {
  using Kind = proto::WorkerCommand::CommandCase;
  switch (command.command_case()) {
    case Kind::kPrepareJob:
      return PrepareJob(command.prepare_job());
    case Kind::kDeployTasks:
      return DeployTasks(command.deploy_tasks());
    case Kind::kStartTasks:
      return StartTasks(command.start_tasks().deployment_id());
    case Kind::kCancelTasks:
      if (!engine_) return;
      return command.cancel_tasks().tasks().empty()
                 ? engine_->CancelAll()
                 : engine_->Cancel(FromProto(command.cancel_tasks()));
    case Kind::kOperatorEvent:
      return DeliverOperatorEvent(command.operator_event());
    case Kind::kStartCoordinators:
      return StartCoordinators(command.start_coordinators());
    case Kind::kSubtaskReady: {
      const proto::SubtaskReady& ready = command.subtask_ready();
      return coordinators_.SubtaskReady({ready.vertex(), ready.operator_index()}, ready.subtask(),
                                        ready.attempt());
    }
    case Kind::kSubtaskFailed: {
      const proto::SubtaskFailed& failed = command.subtask_failed();
      return coordinators_.SubtaskFailed({failed.vertex(), failed.operator_index()},
                                         failed.subtask(), failed.attempt());
    }
    case Kind::kTriggerCheckpoint:
      return TriggerCheckpoint(command.trigger_checkpoint());
    case Kind::kCheckpointCompleted:
      return CheckpointCompleted(command.checkpoint_completed().checkpoint_id());
    case Kind::kCheckpointAborted:
      // Coordinators hear of complete ones only.
      if (engine_) engine_->NotifyCheckpointAborted(command.checkpoint_aborted().checkpoint_id());
      return;
    case Kind::kSnapshotCoordinators:
      return SnapshotCoordinators(command.snapshot_coordinators().checkpoint_id());
    case Kind::kShutdown:
      log_.Info("shutting down: ", command.shutdown().reason());
      session_.Stop();
      return on_end_(Status::Ok());
    default:
      log_.Warning("dropped a command of unknown kind ", static_cast<int>(command.command_case()));
  }
}

// User code may block, so it runs off the loop; the session goes on meanwhile.
void Worker::PrepareJob(const proto::PrepareJob& command) {
  using Job = Result<std::shared_ptr<const internal::CompiledJob>>;
  world_.blocking.Post([this, alive = std::weak_ptr<bool>(alive_), world = world_,
                        entry = command.entry(), inputs = FromProto(command.inputs()),
                        hash = command.graph().structural_hash()] {
    auto job = std::make_shared<Job>(
        task::RunUserCode([&]() -> Job { return world.jobs.Load(entry, inputs); }));
    // The worker may be gone by now, and its members with it.
    world.loop.Post([this, alive, job, hash] {
      if (!alive.expired()) JobLoaded(*job, hash);
    });
  });
}

void Worker::JobLoaded(const Result<std::shared_ptr<const internal::CompiledJob>>& job,
                       const std::string& expected_hash) {
  proto::WorkerEvent event;
  Status status = job.status();
  if (status.ok()) status = CheckStructure(**job, expected_hash);
  if (status.ok()) {
    job_ = *job;
    if (world_.data_plane != nullptr) {
      engine_ = std::make_unique<task::TaskEngine>(
          options_.engine, task::TaskEngineDependencies{.job = job_,
                                                        .clock = world_.clock,
                                                        .data_plane = *world_.data_plane,
                                                        .events = *this,
                                                        .make_logger = MakeTaskLogger,
                                                        .slot_page = world_.slot_page,
                                                        .floating_entries = world_.floating_entries,
                                                        .files = world_.files,
                                                        .threads = world_.threads});
    }
  } else {
    log_.Error("the job cannot be prepared: ", status.message());
    *event.mutable_job_prepared()->mutable_error() = proto::ErrorFromStatus(status);
  }
  event.mutable_job_prepared();
  session_.Send(std::move(event));
}

void Worker::DeployTasks(const proto::DeployTasks& command) {
  const Status status = engine_
                            ? engine_->Deploy(FromProto(command))
                            : Status::Internal("tasks were deployed before the job was prepared");
  proto::WorkerEvent event;
  event.mutable_tasks_deployed()->set_deployment_id(command.deployment_id());
  if (!status.ok())
    *event.mutable_tasks_deployed()->mutable_error() = proto::ErrorFromStatus(status);
  session_.Send(std::move(event));
}

void Worker::StartTasks(std::uint64_t deployment_id) {
  const Status status = engine_
                            ? engine_->Start(deployment_id)
                            : Status::Internal("tasks were started before the job was prepared");
  if (status.ok()) return;
  proto::WorkerEvent event;
  *event.mutable_worker_failed()->mutable_error() = proto::ErrorFromStatus(status);
  session_.Send(std::move(event));
}

void Worker::DeliverOperatorEvent(const proto::OperatorEvent& command) {
  if (options_.identity.role == WorkerRole::kCoordinator) {
    return coordinators_.OnEvent({command.vertex(), command.operator_index()}, command.subtask(),
                                 command.attempt(), command.payload());
  }
  if (!engine_ || !engine_->OnCoordinatorEvent(FromProto(command))) {
    log_.Debug("dropped a coordinator's event for subtask ", command.subtask(), ", attempt ",
               command.attempt(), ", which is not here");
  }
}

void Worker::StartCoordinators(const proto::StartCoordinators& command) {
  Status status = job_ ? Status::Ok()
                       : Status::Internal("coordinators were started before the job was prepared");
  for (const proto::CoordinatorStart& start : command.coordinators()) {
    if (!status.ok()) break;
    std::optional<CoordinatorSnapshot> snapshot;
    if (start.has_restore()) {
      snapshot = {.checkpoint_id = start.restore().checkpoint_id(),
                  .state = start.restore().state()};
    }
    status = coordinators_.Start(*job_, {start.vertex(), start.operator_index()}, snapshot);
  }
  proto::WorkerEvent event;
  event.mutable_coordinators_started()->set_deployment_id(command.deployment_id());
  if (!status.ok())
    *event.mutable_coordinators_started()->mutable_error() = proto::ErrorFromStatus(status);
  session_.Send(std::move(event));
}

void Worker::CoordinatorFailed(OperatorKey key, const Status& status) {
  const std::string& name =
      job_->graph().vertices.at(key.vertex).operators.at(key.operator_index).name;
  proto::WorkerEvent event;
  proto::CoordinatorFailed* const failed = event.mutable_coordinator_failed();
  failed->set_vertex(key.vertex);
  failed->set_operator_index(key.operator_index);
  *failed->mutable_error() =
      proto::ErrorFromStatus(status.WithContext(Concat("coordinator of operator '", name, "'")));
  session_.Send(std::move(event));
}

// The loop's thread takes the snapshots and sends what coordinators say, so the answer comes behind
// all that they sent before.
void Worker::SnapshotCoordinators(std::uint64_t checkpoint_id) {
  proto::WorkerEvent event;
  proto::CoordinatorsSnapshotted* const answer = event.mutable_coordinators_snapshotted();
  answer->set_checkpoint_id(checkpoint_id);
  const auto states = coordinators_.Snapshot(checkpoint_id);
  if (states.ok()) {
    for (const auto& [key, state] : *states) {
      proto::CoordinatorState* const added = answer->add_states();
      added->set_operator_id(
          job_->graph().vertices.at(key.vertex).operators.at(key.operator_index).id);
      added->set_state(state);
    }
  } else {
    *answer->mutable_error() = proto::ErrorFromStatus(states.status());
  }
  session_.Send(std::move(event));
}

void Worker::TriggerCheckpoint(const proto::TriggerCheckpoint& command) {
  const CheckpointTrigger trigger = FromProto(command);
  if (engine_) {
    return engine_->TriggerCheckpoint(trigger.tasks, trigger.barrier, trigger.announced_to);
  }
  for (const task::TaskAttempt& task : trigger.tasks) {
    OnCheckpointDeclined(
        {.task = task,
         .checkpoint_id = trigger.barrier.checkpoint_id,
         .cause = Status(StatusCode::kFailedPrecondition, "this worker has not prepared the job")});
  }
}

void Worker::CheckpointCompleted(std::uint64_t checkpoint_id) {
  if (engine_) engine_->NotifyCheckpointCompleted(checkpoint_id);
  coordinators_.CheckpointComplete(checkpoint_id);
}

void Worker::OnTaskState(task::TaskStateChange change) {
  if (change.failure) log_.Error("a task failed: ", change.failure->cause.message());
  proto::WorkerEvent event;
  ToProto(change, options_.identity.task_manager_id, event.mutable_task_state());
  SendFromAnyThread(std::move(event));
}

void Worker::OnEventToCoordinator(task::CoordinatorEvent event) {
  proto::WorkerEvent message;
  ToProto(event, message.mutable_operator_event());
  SendFromAnyThread(std::move(message));
}

void Worker::OnCheckpointAcknowledged(task::CheckpointAcknowledgement acknowledgement) {
  proto::WorkerEvent message;
  ToProto(acknowledgement, message.mutable_checkpoint_acknowledged());
  SendFromAnyThread(std::move(message));
}

void Worker::OnCheckpointDeclined(task::CheckpointDecline decline) {
  log_.Info("checkpoint ", decline.checkpoint_id, " declined: ", decline.cause.message());
  proto::WorkerEvent message;
  ToProto(decline, message.mutable_checkpoint_declined());
  SendFromAnyThread(std::move(message));
}

void Worker::OnCheckpointRequested(const task::TaskAttempt& task) {
  proto::WorkerEvent message;
  ToProto(task, message.mutable_checkpoint_requested()->mutable_task());
  SendFromAnyThread(std::move(message));
}

void Worker::SendFromAnyThread(proto::WorkerEvent event) {
  world_.loop.Post([this, alive = std::weak_ptr<bool>(alive_),
                    message = std::make_shared<proto::WorkerEvent>(std::move(event))] {
    if (!alive.expired()) session_.Send(std::move(*message));
  });
}

void Worker::SendStatistics() {
  statistics_timer_ =
      world_.loop.Schedule(options_.statistics_interval_ms, [this] { SendStatistics(); });
  // Older ones still waiting mean that the JobManager is slow: the next look replaces these.
  if (!engine_ || !session_.Idle()) return;
  proto::WorkerEvent event;
  for (const task::TaskStatistics& statistics : engine_->Statistics()) {
    ToProto(statistics, event.mutable_statistics()->add_tasks());
  }
  if (event.statistics().tasks_size() > 0) session_.Send(std::move(event));
}

}  // namespace weir::worker
