// A worker process, or a coordinator: the real Worker with its engine, in a simulated process that
// can die at any event.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/fault_injecting_file_system.h"
#include "taskmanager/supervisor/worker_launcher.h"
#include "taskmanager/worker/job_loader.h"
#include "taskmanager/worker/worker.h"
#include "tests/simulation/simulated_data_plane.h"
#include "tests/simulation/simulated_sessions.h"
#include "tests/simulation/simulated_threads.h"
#include "tests/simulation/simulated_time.h"

namespace weir::simulation {

// What all workers of a cluster share. Outlives them.
struct WorkerSurroundings {
  SimulatedTime& time;
  History& history;
  SessionNetwork& sessions;
  DataNetwork& data;
  FileSystem& disk;
  worker::JobLoader& jobs;
  // Whether an operation on the disk fails; asked for each.
  std::function<Status(const FileOperation&)> disk_faults;
  WorkerSpeeds speeds;
};

class SimulatedWorker {
 public:
  SimulatedWorker(const WorkerSurroundings& surroundings, const supervisor::WorkerLaunch& launch,
                  const std::string& task_manager_id, std::int64_t first_lease_ms,
                  std::function<void(supervisor::WorkerEnd)> on_end);
  ~SimulatedWorker();

  const std::string& name() const { return name_; }
  const std::string& job_id() const { return launch_.job_id; }
  bool is_coordinator() const { return launch_.role == supervisor::WorkerRole::kCoordinator; }
  bool alive() const { return worker_ != nullptr; }

  // Nothing of it runs any more, when this returns; `on_end` is called. Not from within an event of
  // its own.
  void Kill(int signal);
  // The same without a word: its supervisor dies with it.
  void Vanish();
  // Its `changes`-th change of the disk from now on is its last act; nullopt: it is not.
  void DieAtDisk(std::optional<std::uint64_t> changes) { files_.DieAfter(changes); }
  bool dead_at_disk() const { return files_.dead(); }
  void Wake() { threads_.Wake(); }

 private:
  const WorkerSurroundings& surroundings_;
  const supervisor::WorkerLaunch launch_;
  const std::string name_;
  const std::function<void(supervisor::WorkerEnd)> on_end_;
  FaultInjectingFileSystem files_;
  SimulatedLoop loop_;
  SimulatedLoop blocking_;
  SimulatedClient client_;
  SimulatedThreads threads_;
  std::unique_ptr<SimulatedDataPlane> data_plane_;
  std::unique_ptr<worker::Worker> worker_;  // null: the process has ended
  std::shared_ptr<bool> exists_ = std::make_shared<bool>(true);
};

}  // namespace weir::simulation
