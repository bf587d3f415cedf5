#include "taskmanager/supervisor/worker_table.h"

#include <utility>

#include "common/text.h"

namespace weir::supervisor {

Status WorkerTable::Add(WorkerLaunch launch) {
  const std::string worker_id = launch.worker_id;
  const auto [entry, added] = workers_.try_emplace(worker_id);
  if (!added) {
    return Status(StatusCode::kAlreadyExists, Concat("worker ", worker_id, " exists already"));
  }
  entry->second.launch = std::move(launch);
  return Status::Ok();
}

WorkerEntry* WorkerTable::Find(const std::string& worker_id) {
  const auto found = workers_.find(worker_id);
  return found == workers_.end() ? nullptr : &found->second;
}

void WorkerTable::Started(const std::string& worker_id, std::unique_ptr<RunningWorker> process) {
  WorkerEntry& entry = workers_.at(worker_id);
  entry.process = std::move(process);
  entry.state = WorkerState::kRunning;
}

}  // namespace weir::supervisor
