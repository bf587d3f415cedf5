// The workers of this TaskManager and where each is in its life: an explicit state machine, without
// processes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/status.h>

#include "taskmanager/supervisor/worker_launcher.h"

namespace weir::supervisor {

enum class WorkerState : std::uint8_t {
  kFetching,     // its plugin is on the way
  kRunning,      // a process
  kTerminating,  // asked to end; killed when the grace period is over
};

struct WorkerEntry {
  WorkerLaunch launch;
  WorkerState state = WorkerState::kFetching;
  bool stop_requested = false;
  std::unique_ptr<RunningWorker> process;  // not while fetching
};

// The supervisor's loop thread only.
class WorkerTable {
 public:
  // AlreadyExists for a worker id that was seen before: ids are never reused.
  Status Add(WorkerLaunch launch);
  // Null when there is no such worker (any more).
  WorkerEntry* Find(const std::string& worker_id);
  // The fetched plugin's process runs. The worker is known, and nobody asked it to stop.
  void Started(const std::string& worker_id, std::unique_ptr<RunningWorker> process);
  void Remove(const std::string& worker_id) { workers_.erase(worker_id); }

  const std::map<std::string, WorkerEntry>& workers() const { return workers_; }
  std::map<std::string, WorkerEntry>& workers() { return workers_; }

 private:
  std::map<std::string, WorkerEntry> workers_;
};

}  // namespace weir::supervisor
