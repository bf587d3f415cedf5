// TaskManager: the supervisor of one node. Registers its slots with the JobManager, fetches
// plugins, starts, watches and ends worker processes, and tells what becomes of them. It never
// loads user code.
//
// Keeps trying when the JobManager is away, and registers again with the inventory of workers that
// still run; which of them may live on is the JobManager's decision.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/status.h>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/logging.h"
#include "taskmanager/session/job_manager_client.h"
#include "taskmanager/supervisor/plugin_cache.h"
#include "taskmanager/supervisor/registration.h"
#include "taskmanager/supervisor/stuck_steps.h"
#include "taskmanager/supervisor/worker_table.h"

namespace weir::supervisor {

struct TaskManagerOptions {
  std::string task_manager_id;
  std::string cluster_id;
  std::string host;  // what peers dial
  std::uint16_t data_port = 0;
  std::uint32_t slot_count = 1;
  std::uint32_t cpu_cores = 1;
  std::uint64_t memory_bytes = 0;
  std::int32_t process_id = 0;
  std::int64_t stuck_threshold_ms = 10'000;
  std::int64_t redial_delay_ms = 250;     // between two attempts to reach the JobManager
  std::int64_t look_interval_ms = 1'000;  // at running steps and resources
};

// Everything outside of the supervisor, each outliving it.
struct TaskManagerWorld {
  EventLoop& loop;
  Clock& clock;
  session::JobManagerClient& client;
  WorkerLauncher& launcher;
  PluginSource& plugins;
  // Runs functions that block (fetching a plugin), one after the other, on another thread than
  // `loop`.
  EventLoop& blocking;
};

// Constructed anywhere; all methods on the loop's thread. Destroyed on it, or after it has stopped.
class TaskManager final : private RegistrationHandler {
 public:
  // `on_fatal` is called on the loop when going on makes no sense (the JobManager refused us for
  // good): the process ends.
  TaskManager(TaskManagerOptions options, TaskManagerWorld world,
              std::function<void(Status)> on_fatal);
  ~TaskManager() override;

  void Start();
  // Tells the JobManager that this TaskManager leaves, so that jobs move at once; ends all workers
  // (SIGTERM, then SIGKILL after `grace_ms`), says that they have, and calls `done`. Once.
  void Stop(std::int64_t grace_ms, std::function<void()> done);

  bool registered() const { return registration_.state() == RegistrationState::kRegistered; }
  std::size_t worker_count() const { return workers_.workers().size(); }

 private:
  void FillHello(proto::TaskManagerHello* hello) override;
  void OnRegistered() override;
  void OnStartWorker(const proto::LeaderSession& leader,
                     const proto::StartWorker& command) override;
  void OnStopWorker(const proto::StopWorker& command) override;
  void OnRefused(Status reason) override;

  void PluginFetched(const std::string& worker_id, const Result<std::string>& path);
  void StopWorker(const std::string& worker_id, std::int64_t grace_ms);
  void WorkerEnded(const std::string& worker_id, const WorkerEnd& end);
  void ReportStarted(const std::string& worker_id, std::int32_t process_id, const Status& status);
  void LookAtWorkers();
  void ReportStuckSteps();
  void ReportStatistics();
  void CheckStopped();

  const TaskManagerOptions options_;
  const TaskManagerWorld world_;
  const std::function<void(Status)> on_fatal_;
  const std::int64_t start_time_ms_;
  const ComponentLogger log_{"taskmanager"};
  WorkerTable workers_;
  StuckSteps stuck_steps_;
  Registration registration_;
  std::function<void()> stopped_;  // set while stopping
  TimerId look_timer_ = kNoTimer;
  // Callbacks that come from elsewhere hold it weakly: they do nothing once this object is gone.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::supervisor
