// A TaskManager process: the real supervisor, whose workers are simulated processes that die with
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "taskmanager/supervisor/task_manager.h"
#include "tests/simulation/simulated_worker.h"

namespace weir::simulation {

inline constexpr std::int64_t kLeaseMs = 2'000;

class SimulatedTaskManager final : public supervisor::WorkerLauncher,
                                   private supervisor::PluginSource {
 public:
  SimulatedTaskManager(const WorkerSurroundings& surroundings, const std::string& id,
                       std::uint32_t slots);
  // The process dies.
  ~SimulatedTaskManager() override;

  // It is asked to stop. Its last act is to say that it has left; then `has_left`.
  void Leave();
  bool has_left() const { return has_left_; }

  // Those that live.
  std::vector<SimulatedWorker*> Workers() const;

  Result<std::unique_ptr<supervisor::RunningWorker>> Launch(
      const supervisor::WorkerLaunch& launch,
      std::function<void(supervisor::WorkerEnd)> on_end) override;
  std::vector<std::uint32_t> abi_numbers() const override { return {1}; }

 private:
  Result<std::string> Fetch(const std::string&, std::uint64_t) override { return std::string(); }

  const WorkerSurroundings& surroundings_;
  const std::string id_;
  SimulatedLoop loop_;
  SimulatedLoop blocking_;
  SimulatedClient client_;
  std::vector<std::shared_ptr<SimulatedWorker>> workers_;
  std::unique_ptr<supervisor::TaskManager> manager_;
  bool leaves_ = false;
  bool has_left_ = false;
};

}  // namespace weir::simulation
