// WorkerLauncher that runs workers as threads of this process.
//
// A thread cannot be killed: Kill() and Terminate() both cancel the worker's tasks and end it as
// soon as user code returns.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/configuration.h"
#include "common/thread_event_loop.h"
#include "taskmanager/network/worker_registry.h"
#include "taskmanager/session/job_manager_client.h"
#include "taskmanager/supervisor/worker_launcher.h"
#include "taskmanager/worker/job_loader.h"

namespace weir::minicluster {

struct InProcessLauncherWorld {
  session::JobManagerClient& client;
  worker::JobLoader& jobs;
  network::WorkerRegistry& registry;  // of the TaskManager's data port
};

class InProcessLauncher final : public supervisor::WorkerLauncher {
 public:
  InProcessLauncher(std::string task_manager_id, std::string cluster_id,
                    const Configuration& configuration, InProcessLauncherWorld world);
  // All workers have ended by then.
  ~InProcessLauncher() override;

  Result<std::unique_ptr<supervisor::RunningWorker>> Launch(
      const supervisor::WorkerLaunch& launch,
      std::function<void(supervisor::WorkerEnd)> on_end) override;
  std::vector<std::uint32_t> abi_numbers() const override;

 private:
  const std::string task_manager_id_;
  const std::string cluster_id_;
  const Configuration configuration_;  // the cluster's
  const InProcessLauncherWorld world_;
  ThreadEventLoop reaper_{"reaper"};  // takes ended workers down: none can join its own threads
};

}  // namespace weir::minicluster
