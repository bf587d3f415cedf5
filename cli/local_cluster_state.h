// What is known of the local cluster: a file in the state folder, written whenever a process is
// added.
#pragma once

#include <string>
#include <vector>

#include <weir/status.h>

#include "cli/detached_process.h"
#include "common/socket_address.h"

namespace weir::cli {

struct LocalClusterProcess {
  std::string role;  // "jobmanager" or "taskmanager"
  ProcessIdentity identity;
  std::string log_file;
};

struct LocalClusterState {
  SocketAddress rest;                          // port 0 until the JobManager has told it
  std::vector<LocalClusterProcess> processes;  // the JobManager first
};

// Reads and writes <folder>/cluster.json.
// Absent: kNotFound. Unreadable: kCorruption that names the file.
Result<LocalClusterState> ReadLocalClusterState(const std::string& folder);
Status WriteLocalClusterState(const std::string& folder, const LocalClusterState& state);
Status RemoveLocalClusterState(const std::string& folder);

// The two addresses that weir-jobmanager writes to its --address-file.
struct JobManagerAddresses {
  SocketAddress rpc;
  SocketAddress rest;
};
Result<JobManagerAddresses> ParseAddressFile(const std::string& text);

// The state as JSON for scripts; each process with whether it is running.
std::string LocalClusterAsJson(const LocalClusterState& state);

}  // namespace weir::cli
