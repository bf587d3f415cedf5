// The life of a weir-worker process in the roles worker and coordinator.
#pragma once

#include <cstdint>
#include <string>

#include "taskmanager/worker/worker_session.h"
#include "taskmanager/worker/worker_settings.h"

namespace weir::worker {

struct WorkerProcessOptions {
  WorkerIdentity identity;
  std::int32_t parent_process_id = 0;
  std::string job_manager_address;
  std::string plugin_path;
  std::string data_host;
  WorkerSlots slots;
  std::uint32_t floating_entries = 0;
  std::int64_t first_lease_ms = 30'000;
};

// Runs until the JobManager says shut down, the lease ends, or SIGTERM. Does not return: ends by
// _exit, because threads and static destructors of user code must not keep the process or crash it
// at its end. Exit codes: 0 in good order, 1 when the worker could not start or lost its right to
// run, 3 when user code did not return in time.
[[noreturn]] int RunWorkerProcess(WorkerProcessOptions options);

}  // namespace weir::worker
