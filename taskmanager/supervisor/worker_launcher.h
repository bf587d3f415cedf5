// How the supervisor brings worker processes to life and ends them. The seam between the
// TaskManager's control state and the operating system; the in-process MiniCluster and tests have
// implementations of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/status.h>

namespace weir::supervisor {

enum class WorkerRole : std::uint8_t { kWorker, kCoordinator };

struct WorkerLaunch {
  std::string worker_id;
  std::string job_id;
  std::string job_name;
  std::uint64_t job_epoch = 0;
  std::uint64_t leader_epoch = 0;
  std::string leader_id;
  WorkerRole role = WorkerRole::kWorker;
  std::string plugin_path;
  std::uint32_t abi_number = 0;
  std::uint32_t slot_count = 0;      // of the TaskManager
  std::uint32_t job_slot_count = 0;  // that the job has: its share of the TaskManager's memory
  std::map<std::string, std::string> configuration;
};

// What a slot was running when it was looked at: see taskmanager/task/slot_page.h.
struct RunningStep {
  std::uint32_t slot = 0;
  std::uint32_t vertex = 0;
  std::uint32_t subtask = 0;
  std::uint32_t attempt = 0;
  std::uint32_t operator_index = 0;
  std::int64_t running_ms = 0;
};

// How a worker ended.
struct WorkerEnd {
  std::string reason;  // "exited with code 1", "killed by signal 11 (SIGSEGV), core dumped"
  std::int32_t exit_status = 0;  // -1 when killed by a signal
  std::int32_t signal = 0;
  std::string last_output;  // the end of its standard error
  std::vector<RunningStep> running;
};

struct WorkerResources {
  std::uint64_t resident_bytes = 0;
  double cpu_seconds = 0;
  std::uint32_t threads = 0;
  std::uint32_t open_files = 0;
};

// A worker that was started. Destroying the handle does not end it. All methods from the
// supervisor's loop thread.
class RunningWorker {
 public:
  virtual ~RunningWorker() = default;
  virtual std::int32_t process_id() const = 0;
  // Asks it to end (SIGTERM).
  virtual void Terminate() = 0;
  // Ends it (SIGKILL).
  virtual void Kill() = 0;
  virtual std::vector<RunningStep> RunningSteps() const = 0;
  virtual Result<WorkerResources> Resources() const = 0;
};

class WorkerLauncher {
 public:
  virtual ~WorkerLauncher() = default;
  // `on_end` is called once, from any thread, when nothing of the worker runs any more; not when
  // Launch fails.
  virtual Result<std::unique_ptr<RunningWorker>> Launch(const WorkerLaunch& launch,
                                                        std::function<void(WorkerEnd)> on_end) = 0;
  // ABI numbers of the workers it can start.
  virtual std::vector<std::uint32_t> abi_numbers() const = 0;
};

}  // namespace weir::supervisor
