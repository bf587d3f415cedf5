// A whole cluster without threads and sockets: the real JobManager, TaskManagers and workers, on
// simulated time, with a simulated network, disk and operating system.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/fault_injecting_file_system.h"
#include "common/temporary_directory.h"
#include "jobmanager/ha/file_metadata_store.h"
#include "jobmanager/job_manager.h"
#include "taskmanager/supervisor/task_manager.h"
#include "tests/simulation/fault_levels.h"
#include "tests/simulation/history.h"
#include "tests/simulation/memory_files.h"
#include "tests/simulation/numbered_job.h"
#include "tests/simulation/simulated_sessions.h"
#include "tests/simulation/simulated_worker.h"

namespace weir::simulation {

class SimulatedTaskManager;

class SimulatedCluster {
 public:
  SimulatedCluster(SimulatedTime& time, History& history, OutsideWorld& outside,
                   const FaultLevels& faults);
  ~SimulatedCluster();

  // Processes start.
  void StartJobManager();
  void StartTaskManager(const std::string& id, std::uint32_t slots);
  // While there is a JobManager, and no job that has not ended. `initial_checkpoint`: the path of
  // the checkpoint that it starts from; empty: it starts afresh.
  void Submit(const JobShape& shape, const std::map<std::string, std::string>& settings,
              const std::string& initial_checkpoint = "");
  // While there is a JobManager.
  void CancelJob();

  // Processes end, at once.
  void KillJobManager();
  void KillTaskManager(const std::string& id);
  // It is asked to end, and does so when its workers have.
  void StopTaskManager(const std::string& id);
  // The machine goes down with all processes, and what was not synced is lost.
  void LosePower();
  std::function<void()> on_power_lost;
  // Its `changes`-th change of the disk from now on is the JobManager's last act.
  void KillJobManagerAtDisk(std::uint64_t changes);

  // Who was to die at the disk and has not lives on.
  void SpareProcesses();

  // Runs events until then, or until `done` says so.
  bool RunUntil(std::int64_t until_ns, const std::function<bool()>& done);

  bool has_job_manager() const { return job_manager_ != nullptr; }
  bool has_task_manager(const std::string& id) const { return task_managers_.contains(id); }
  // "RUNNING"; empty where nobody can say.
  std::string JobState() const;
  std::string Why() const;
  // Processes of workers and coordinators that live.
  std::vector<SimulatedWorker*> Workers();

  MemoryFiles& disk() { return disk_; }
  SessionNetwork& sessions() { return sessions_; }
  DataNetwork& data() { return data_; }
  const std::string& checkpoint_directory() const { return checkpoint_directory_; }
  // The folder of the checkpoints of the job that was submitted last.
  std::string CheckpointFolder() const { return checkpoint_directory_ + "/" + job_id_; }

 private:
  class JobManagerProcess;
  class Jobs;
  friend class SimulatedTaskManager;

  void ReapProcesses();

  SimulatedTime& time_;
  History& history_;
  const FaultLevels& faults_;
  // The metadata store's lock is a real file; everything else is on the simulated disk.
  const TemporaryDirectory directory_;
  const std::string checkpoint_directory_ = "/checkpoints";
  int jobs_submitted_ = 0;
  std::string job_id_;
  MemoryFiles disk_;
  SessionNetwork sessions_;
  DataNetwork data_;
  JobSurroundings job_surroundings_;
  std::unique_ptr<Jobs> jobs_;
  bool job_ended_ = false;  // under a JobManager that is gone; its checkpoints may be, too
  WorkerSurroundings worker_surroundings_;
  std::unique_ptr<JobManagerProcess> job_manager_;                              // null: it is dead
  std::map<std::string, std::unique_ptr<SimulatedTaskManager>> task_managers_;  // those that live
};

}  // namespace weir::simulation
