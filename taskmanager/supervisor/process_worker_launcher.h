// WorkerLauncher that starts worker processes: `lib/weir/abi-<N>/weir-worker`, one per job.
//
// The child inherits two descriptors: 3, a unix socket over which the data port passes connections
// of peers, and 4, the memory with the slot page, which the supervisor reads also after the child's
// death.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/clock.h"
#include "common/configuration.h"
#include "common/process_spawner.h"
#include "common/unique_fd.h"
#include "taskmanager/supervisor/memory_kills.h"
#include "taskmanager/supervisor/worker_launcher.h"

namespace weir::supervisor {

struct ProcessWorkerOptions {
  // weir-worker by ABI number.
  std::map<std::uint32_t, std::string> programs;
  std::string job_manager_address;
  std::string task_manager_id;
  std::string cluster_id;
  std::string data_host;  // what the worker tells of itself, and where it dials from
  // Workers' standard output (`.out`) and standard error (`.log`) go to files of their own there.
  std::string log_directory;
  // The TaskManager's; a job's own settings go over it.
  Configuration configuration;
  std::int64_t first_lease_ms = 30'000;
};

// Where a worker's end of the data port goes and comes from.
struct DataPortHooks {
  // The data port passes connections for this worker to the peer of the returned socket.
  std::function<Result<UniqueFd>(const std::string& worker_id)> register_worker;
  std::function<void(const std::string& worker_id)> unregister_worker;
};

class ProcessWorkerLauncher final : public WorkerLauncher {
 public:
  // `spawner` and `clock` outlive the launcher, the hooks' targets outlive the last worker's end.
  ProcessWorkerLauncher(ProcessWorkerOptions options, ProcessSpawner& spawner, Clock& clock,
                        DataPortHooks hooks);

  Result<std::unique_ptr<RunningWorker>> Launch(const WorkerLaunch& launch,
                                                std::function<void(WorkerEnd)> on_end) override;
  std::vector<std::uint32_t> abi_numbers() const override;

 private:
  std::vector<std::string> ArgumentsFor(const WorkerLaunch& launch) const;

  const ProcessWorkerOptions options_;
  ProcessSpawner& spawner_;
  Clock& clock_;
  const DataPortHooks hooks_;
  // Shared with what reports ends of workers, which may come after the launcher.
  const std::shared_ptr<MemoryKills> memory_kills_;
};

}  // namespace weir::supervisor
