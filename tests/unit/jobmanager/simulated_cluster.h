// A cluster without processes: the real control plane under a manual loop and clock, and simulated
// TaskManagers and workers that speak its protocol and can be made to fail at any point.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/manual_clock.h"
#include "common/manual_event_loop.h"
#include "common/random.h"
#include "common/temporary_directory.h"
#include "jobmanager/ha/file_metadata_store.h"
#include "jobmanager/job_manager.h"
#include "tests/unit/jobmanager/crashing_file_system.h"

namespace weir::jobmanager {

class SimulatedCluster;
struct SimulatedTaskManager;

// (vertex, subtask) to the attempt that runs.
using RunningTasks = std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t>;

struct SimulatedWorker {
  SimulatedTaskManager* task_manager = nullptr;
  proto::StartWorker start;
  proto::LeaderSession leader;
  bool alive = true;
  std::shared_ptr<WorkerSession> session;  // null: not connected
  RunningTasks tasks;
  std::vector<proto::WorkerCommand> commands;  // everything it was told
};

struct SimulatedTaskManager {
  std::string id;
  std::uint32_t slots = 0;
  std::int64_t start_time_ms = 0;
  bool alive = true;
  std::shared_ptr<TaskManagerSession> session;
  proto::LeaderSession leader;                                      // that welcomed it last
  std::map<std::string, std::shared_ptr<SimulatedWorker>> workers;  // processes that run
  std::vector<proto::TaskManagerCommand> commands;
};

// Refuses to describe anything: tests submit graphs.
class NoDescriber final : public JobDescriber {
 public:
  std::vector<std::uint32_t> abi_numbers() const override { return {1}; }
  void Describe(const DescribeRequest&, Callback callback) override {
    callback(Status::InvalidArgument("nothing is described here"));
  }
};

class SimulatedCluster {
 public:
  enum class Metadata { kNone, kFile };
  explicit SimulatedCluster(std::uint64_t seed = 1, JobTimings timings = {},
                            Metadata metadata = Metadata::kNone);
  ~SimulatedCluster();

  // A worker's or TaskManager's reaction to a command; true: the usual one is left out.
  std::function<bool(SimulatedWorker&, const proto::WorkerCommand&)> on_worker_command;
  std::function<bool(SimulatedTaskManager&, const proto::TaskManagerCommand&)>
      on_task_manager_command;

  // ---- what tests do
  SimulatedTaskManager& AddTaskManager(const std::string& id, std::uint32_t slots);
  void Register(SimulatedTaskManager& task_manager);
  // The process ends, and its workers with it.
  void KillTaskManager(const std::string& id);
  // The stream breaks; everything there runs on.
  void BreakSession(SimulatedTaskManager& task_manager);
  void BreakSession(const std::shared_ptr<SimulatedWorker>& worker);
  void Connect(const std::shared_ptr<SimulatedWorker>& worker);
  // The process ends; its TaskManager reports it.
  void EndWorker(const std::shared_ptr<SimulatedWorker>& worker, int signal,
                 std::vector<proto::RunningStep> running = {}, bool requested = false);

  // The process ends; its workers run on until their leases end or a new leader sends them away.
  void KillJobManager();
  // At the addresses of the old one. Without `reconnect` TaskManagers and workers do not get
  // through until the test registers and connects them.
  void StartJobManager(bool reconnect = true);
  const std::string& metadata_directory() const { return metadata_directory_; }

  JobMaster& Submit(proto::JobGraph graph, const std::map<std::string, std::string>& settings = {});
  JobMaster* job(const std::string& id) { return manager_->jobs().Find(id); }
  std::string StateOf(const std::string& id);
  std::vector<std::string> ExceptionsOf(const std::string& id);
  // Runs until nothing is posted or due now; then lets `millis` pass.
  void Run(std::int64_t millis = 0) { loop_.AdvanceBy(millis); }

  void Send(SimulatedWorker& worker, proto::WorkerEvent event);
  void Send(SimulatedTaskManager& task_manager, proto::TaskManagerEvent event);
  void SendTaskState(SimulatedWorker& worker, std::uint32_t vertex, std::uint32_t subtask,
                     std::uint32_t attempt, proto::TaskState state, const std::string& error = "");
  // The task's part of the checkpoint, with "checkpoint:vertex/subtask" as its state.
  void SendAcknowledged(SimulatedWorker& worker, std::pair<std::uint32_t, std::uint32_t> task,
                        std::uint32_t attempt, std::uint64_t checkpoint_id);
  // All tasks of all workers of the job end by themselves.
  void FinishTasks(const std::string& job_id);

  std::vector<std::shared_ptr<SimulatedWorker>> WorkersOf(const std::string& job_id,
                                                          proto::WorkerRole role = proto::WORKER);
  std::size_t ProcessCount() const;

  ManualClock& clock() { return clock_; }
  ManualEventLoop& loop() { return loop_; }
  JobManager& manager() { return *manager_; }
  std::map<std::string, SimulatedTaskManager>& task_managers() { return task_managers_; }
  // Two live attempts of one subtask were seen: what and when.
  const std::vector<std::string>& violations() const { return violations_; }

  // With a bound above 0 every message takes a random time below it; in order within a session.
  std::int64_t most_delay_ms = 0;
  // Workers dial again when their session breaks.
  bool workers_redial = true;

  // What JobManagers said that had to end.
  std::vector<Status> leadership_lost;

  // For the session objects.
  void Deliver(std::function<void()> function, std::int64_t& last_due_ms);
  void OnCommand(const std::shared_ptr<SimulatedWorker>& worker, proto::WorkerCommand command);
  void OnCommand(const std::string& task_manager_id, proto::TaskManagerCommand command);
  void ClosedByServer(const std::shared_ptr<SimulatedWorker>& worker, WorkerSession* session);
  void ClosedByServer(const std::string& task_manager_id, TaskManagerSession* session);

 private:
  void StartWorker(SimulatedTaskManager& task_manager, const proto::LeaderSession& leader,
                   const proto::StartWorker& start);
  void DeployTasks(SimulatedWorker& worker, const proto::DeployTasks& deploy);
  void StartTasks(SimulatedWorker& worker);
  void CheckSingleAttempt(const SimulatedWorker& worker, std::uint32_t vertex,
                          std::uint32_t subtask);

  // For the JobManager as it is now; dropped when there is another one by then.
  void DeliverToServer(std::function<void()> function, std::int64_t& last_due_ms);

  ManualClock clock_{0, 1'700'000'000'000};
  ManualEventLoop loop_{clock_};
  SeededRandom random_;
  TemporaryDirectory directory_;
  NoDescriber describer_;
  const JobTimings timings_;
  const Metadata metadata_;
  const std::string metadata_directory_;
  CrashingFileSystem metadata_files_{CrashingFileSystem::kNever, CrashKind::kBefore};
  std::unique_ptr<ha::FileMetadataStore> store_;
  std::unique_ptr<JobManager> manager_;  // null: killed
  int generation_ = 0;                   // of JobManagers
  std::map<std::string, SimulatedTaskManager> task_managers_;
  std::vector<std::string> violations_;
  int jobs_ = 0;
};

// A graph for tests: vertices "v0", "v1", … joined one after the other; v0 is the source.
proto::JobGraph ChainGraph(const std::vector<std::uint32_t>& parallelisms,
                           bool with_coordinator = false);

}  // namespace weir::jobmanager
