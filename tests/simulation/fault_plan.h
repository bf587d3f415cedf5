// What goes wrong in a simulation and when: drawn from its seed, one act after the other, until it
// is enough.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/fault_levels.h"
#include "tests/simulation/history.h"
#include "tests/simulation/simulated_cluster.h"

namespace weir::simulation {

class FaultPlan {
 public:
  // `task_managers`: the names of all, with `slots` each.
  FaultPlan(SimulatedTime& time, History& history, SimulatedCluster& cluster, FaultLevels& faults,
            std::vector<std::string> task_managers, std::uint32_t slots);

  // Draws the levels, and acts until then.
  void Begin(std::int64_t until_ns);
  // Everything that is dead starts again, and nothing fails any more.
  void End();
  int acts() const { return acts_; }

 private:
  void ScheduleNext();
  void Act();
  void KillAWorker(bool coordinator);
  void KillAWorkerAtDisk();
  const std::string& AnyTaskManager();
  void KillATaskManager();
  void StopATaskManager();
  void KillTheJobManager();
  void Restart();

  SimulatedTime& time_;
  History& history_;
  SimulatedCluster& cluster_;
  FaultLevels& faults_;
  const std::vector<std::string> task_managers_;
  const std::uint32_t slots_;
  std::int64_t until_ns_ = 0;
  std::int64_t pause_ms_ = 100;
  int acts_ = 0;
};

}  // namespace weir::simulation
