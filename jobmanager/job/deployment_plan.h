// Where the subtasks of a job go, and the messages that tell the workers so. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "jobmanager/graph/execution_graph.h"
#include "jobmanager/job/failover_scope.h"
#include "jobmanager/scheduler/slot_manager.h"
#include "jobmanager/scheduler/slot_sharing.h"

namespace weir::jobmanager {

// The job's shared slots on real TaskManagers.
class SlotLayout {
 public:
  SlotLayout() = default;
  // `slots[i]` is the job's shared slot i.
  explicit SlotLayout(std::vector<SlotId> slots);

  // Where the job has slots.
  const std::set<std::string>& task_managers() const { return task_managers_; }
  const std::string& task_manager_of(std::uint32_t shared_slot) const {
    return slots_[shared_slot].task_manager_id;
  }
  // How many the job has there.
  std::uint32_t SlotsOn(const std::string& task_manager_id) const;
  // The number of the slot within the job's worker on that TaskManager: the TaskManager's own
  // number, so that it stays while other slots of the job come and go.
  std::uint32_t worker_slot_of(std::uint32_t shared_slot) const {
    return slots_[shared_slot].index;
  }

 private:
  std::vector<SlotId> slots_;
  std::set<std::string> task_managers_;
};

// One worker of the job, as its peers dial it.
struct DeploymentPeer {
  std::string worker_id;
  std::string host;
  std::uint32_t data_port = 0;
};

// The DeployTasks message of each worker that has a task of the scope, by worker id; with a scope
// of all, also of the others, without tasks. The workers of the scope's executions are among
// `peers`.
std::map<std::string, proto::DeployTasks> MakeDeployments(const ExecutionGraph& graph,
                                                          const FailoverScope& scope,
                                                          std::uint64_t deployment_id,
                                                          const std::vector<DeploymentPeer>& peers);

// All coordinators of a job, or an empty list.
std::vector<proto::CoordinatorStart> CoordinatorsOf(const proto::JobGraph& graph);
// The vertices that have one.
std::vector<std::uint32_t> CoordinatedVertices(
    const std::vector<proto::CoordinatorStart>& coordinators);

}  // namespace weir::jobmanager
