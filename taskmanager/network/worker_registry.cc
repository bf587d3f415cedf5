#include "taskmanager/network/worker_registry.h"

#include <utility>

namespace weir::network {

void WorkerRegistry::Register(const std::string& worker_id, ConnectionTarget target) {
  MutexLock lock(mutex_);
  targets_[worker_id] = std::move(target);
}

void WorkerRegistry::Unregister(const std::string& worker_id) {
  MutexLock lock(mutex_);
  targets_.erase(worker_id);
}

ConnectionTarget WorkerRegistry::Find(const std::string& worker_id) const {
  MutexLock lock(mutex_);
  const auto found = targets_.find(worker_id);
  return found == targets_.end() ? nullptr : found->second;
}

}  // namespace weir::network
