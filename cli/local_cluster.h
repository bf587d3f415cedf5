// LocalCluster: a JobManager and TaskManagers on this machine, started by `weir cluster start`.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include <weir/status.h>

#include "cli/local_cluster_state.h"
#include "cli/waiter.h"
#include "common/unique_fd.h"

namespace weir::cli {

struct LocalClusterOptions {
  std::string state_folder;    // made if missing: cluster.json, lock, log/
  std::string program_folder;  // where weir-jobmanager and weir-taskmanager are
  std::int64_t start_timeout_ms = 30'000;
  std::int64_t stop_grace_ms = 15'000;  // from SIGTERM to SIGKILL
};

struct LocalClusterRequest {
  int task_managers = 1;
  int slots = 0;  // per TaskManager; 0: as configured
  std::string config_path;
  std::vector<std::string> definitions;
};

// For one thread. Start and Stop of two CLIs at the same time exclude each other by a lock in the
// state folder.
class LocalCluster {
 public:
  // `waiter` outlives the object.
  LocalCluster(LocalClusterOptions options, Waiter& waiter);

  // Starts everything and returns once all TaskManagers have registered. kAlreadyExists when a
  // local cluster runs. When anything fails, or the user interrupts, what was started is stopped
  // again; the error has the end of the log.
  Result<LocalClusterState> Start(const LocalClusterRequest& request);

  // Stops TaskManagers, then the JobManager, and forgets them. Returns what it stopped; kNotFound
  // when there is no local cluster.
  Result<LocalClusterState> Stop();

  // kNotFound when there is none.
  Result<LocalClusterState> Read() const;

 private:
  Result<UniqueFd> Lock() const;
  Status StartServers(const LocalClusterRequest& request, LocalClusterState& state);
  Status StartServer(const std::string& role, std::vector<std::string> arguments,
                     const LocalClusterRequest& request, LocalClusterState& state);
  Result<JobManagerAddresses> WaitForJobManager(const std::string& address_file,
                                                const LocalClusterState& state);
  Status WaitForTaskManagers(int count, const LocalClusterState& state);
  // Waits a moment; an error when a process has ended or the user wants to stop.
  Status WaitABit(const LocalClusterState& state);
  Status StopServers(const LocalClusterState& state);

  const LocalClusterOptions options_;
  Waiter& waiter_;
};

}  // namespace weir::cli
