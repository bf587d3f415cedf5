// Where the subtasks of a job go, and the messages that tell the workers so. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "jobmanager/graph/execution_graph.h"
#include "jobmanager/scheduler/slot_manager.h"
#include "jobmanager/scheduler/slot_sharing.h"

namespace weir::jobmanager {

// The job's shared slots on real TaskManagers.
class SlotLayout {
 public:
  SlotLayout() = default;
  // `slots[i]` is the job's shared slot i.
  explicit SlotLayout(std::vector<SlotId> slots);

  // How many slots the job has on each of its TaskManagers.
  const std::map<std::string, std::uint32_t>& slot_counts() const { return slot_counts_; }
  const std::string& task_manager_of(std::uint32_t shared_slot) const {
    return slots_[shared_slot].task_manager_id;
  }
  // The number of the slot within the job's worker on that TaskManager, from 0.
  std::uint32_t worker_slot_of(std::uint32_t shared_slot) const {
    return worker_slots_[shared_slot];
  }

 private:
  std::vector<SlotId> slots_;
  std::vector<std::uint32_t> worker_slots_;
  std::map<std::string, std::uint32_t> slot_counts_;
};

// One worker of the job, as its peers dial it.
struct DeploymentPeer {
  std::string worker_id;
  std::string host;
  std::uint32_t data_port = 0;
};

// The DeployTasks message of each worker, by worker id. Every execution has a place whose worker is
// among `peers`; a worker without tasks gets a message without tasks, so that it knows its peers.
std::map<std::string, proto::DeployTasks> MakeDeployments(const ExecutionGraph& graph,
                                                          std::uint64_t deployment_id,
                                                          const std::vector<DeploymentPeer>& peers);

// All coordinators of a job, or an empty list.
std::vector<proto::CoordinatorStart> CoordinatorsOf(const proto::JobGraph& graph);

}  // namespace weir::jobmanager
