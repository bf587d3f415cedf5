#include "jobmanager/ha/leader_takeover.h"

#include "common/text.h"

namespace weir::ha {

void LeaderTakeover::OnRegistered(const std::string& task_manager_id,
                                  const std::vector<std::string>& old_workers) {
  unregistered_.erase(task_manager_id);
  std::erase_if(running_, [&](const auto& entry) { return entry.second == task_manager_id; });
  for (const std::string& worker_id : old_workers) running_[worker_id] = task_manager_id;
}

void LeaderTakeover::OnWorkerExited(const std::string& worker_id) {
  running_.erase(worker_id);
}

void LeaderTakeover::OnLeft(const std::string& task_manager_id) {
  OnRegistered(task_manager_id, {});
}

void LeaderTakeover::OnLeaseEnded() {
  unregistered_.clear();
  running_.clear();
  lease_awaited_ = false;
}

std::string LeaderTakeover::Describe() const {
  if (!unregistered_.empty()) {
    return Concat("waits for ", unregistered_.size() == 1 ? "TaskManager " : "TaskManagers ",
                  Join(unregistered_, ", "),
                  " to register again, or for the leases of the workers there to end");
  }
  if (lease_awaited_) return "waits for the leases of an earlier JobManager's workers to end";
  if (running_.empty()) return {};
  return Concat("waits for ", running_.size(), running_.size() == 1 ? " worker" : " workers",
                " of an earlier JobManager to end on TaskManager ", running_.begin()->second);
}

}  // namespace weir::ha
