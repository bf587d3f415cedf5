// Worker: what runs of one job on one TaskManager, or, in the coordinator role, the job's operator
// coordinators. Does what the JobManager says and tells what becomes of it; the engine does the
// work.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/internal/compiled_job.h>
#include <weir/status.h>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/file_system.h"
#include "common/logging.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/task/task_engine.h"
#include "taskmanager/worker/coordinator_host.h"
#include "taskmanager/worker/job_loader.h"
#include "taskmanager/worker/worker_session.h"

namespace weir::proto {
class DeployTasks;
class OperatorEvent;
class PrepareJob;
class StartCoordinators;
class TriggerCheckpoint;
}  // namespace weir::proto

namespace weir::worker {

struct WorkerOptions {
  WorkerIdentity identity;
  task::TaskEngineOptions engine;
  bool subtasks_restart = true;  // CoordinatorContext::subtasks_restart()
  std::int64_t first_lease_ms = 30'000;
  std::int64_t statistics_interval_ms = 500;
};

// Everything outside of the worker, each outliving it.
struct WorkerWorld {
  EventLoop& loop;
  // Runs functions that block (building the job, a coordinator's work) on a thread of its own.
  EventLoop& blocking;
  Clock& clock;
  session::JobManagerClient& client;
  JobLoader& jobs;
  network::DataPlane* data_plane = nullptr;  // null for a coordinator
  void* slot_page = nullptr;                 // shared with the supervisor, or null
  std::uint32_t floating_entries = 0;
  FileSystem* files = &LocalFileSystem();  // where checkpoints are
  task::TaskThreads* threads = nullptr;    // null: the engine has its own
};

// All methods on the loop's thread. The destructor cancels what runs and waits for user code to
// return.
class Worker final : private WorkerSessionHandler, private task::TaskEngineEvents {
 public:
  // `on_end` is called once, on the loop: ok when the JobManager said so, else why the worker
  // cannot go on.
  Worker(WorkerOptions options, WorkerWorld world, std::function<void(Status)> on_end);
  ~Worker() override;

  void Start();

 private:
  void OnCommand(proto::WorkerCommand command) override;
  void OnSessionEnded(Status reason) override;
  void OnTaskState(task::TaskStateChange change) override;           // engine's threads
  void OnEventToCoordinator(task::CoordinatorEvent event) override;  // engine's threads
  void OnCheckpointAcknowledged(task::CheckpointAcknowledgement acknowledgement) override;  // same
  void OnCheckpointDeclined(task::CheckpointDecline decline) override;                      // same
  void OnCheckpointRequested(const task::TaskAttempt& task) override;                       // same

  void PrepareJob(const proto::PrepareJob& command);
  void JobLoaded(const Result<std::shared_ptr<const internal::CompiledJob>>& job,
                 const std::string& expected_hash);
  void DeployTasks(const proto::DeployTasks& command);
  void StartTasks(std::uint64_t deployment_id);
  void DeliverOperatorEvent(const proto::OperatorEvent& command);
  void StartCoordinators(const proto::StartCoordinators& command);
  void CoordinatorFailed(OperatorKey key, const Status& status);
  void SnapshotCoordinators(std::uint64_t checkpoint_id);
  void TriggerCheckpoint(const proto::TriggerCheckpoint& command);
  void CheckpointCompleted(std::uint64_t checkpoint_id);
  void SendStatistics();
  void SendFromAnyThread(proto::WorkerEvent event);

  const WorkerOptions options_;
  const WorkerWorld world_;
  const std::function<void(Status)> on_end_;
  const ComponentLogger log_{"worker"};
  std::shared_ptr<const internal::CompiledJob> job_;
  WorkerSession session_;
  CoordinatorHost coordinators_;
  TimerId statistics_timer_ = kNoTimer;
  // Callbacks that come from elsewhere hold it weakly: they do nothing once this object is gone.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<task::TaskEngine> engine_;  // first to go: it calls back
};

}  // namespace weir::worker
