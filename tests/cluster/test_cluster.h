// TestCluster: one JobManager and some TaskManagers that a test starts, asks, breaks and checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include <weir/status.h>

#include "common/socket_address.h"

namespace weir::cluster_test {

struct ClusterOptions {
  std::size_t task_managers = 2;
  std::uint32_t slots = 2;  // of each
  // Settings of all servers, by their keys in config.yaml.
  std::map<std::string, std::string> settings;
  // Where the programs lie; empty: in the build tree.
  std::string program_folder;
};

// Not thread-safe: the test's main thread. TaskManagers are numbered from 0 in the order of their
// start; the id of number i is "tm-<i>". A Kill is a SIGKILL and returns when the process is gone.
// Where a cluster cannot kill (it runs in this process) the call says kUnsupported.
class TestCluster {
 public:
  virtual ~TestCluster() = default;

  virtual SocketAddress rest_address() const = 0;
  virtual SocketAddress rpc_address() const = 0;
  // Where servers and workers write; the test may put files there too.
  virtual const std::string& directory() const = 0;

  // With `settings` over those of the cluster. Does not wait for the registration.
  virtual Status StartTaskManager(std::uint32_t slots,
                                  const std::map<std::string, std::string>& settings = {}) = 0;
  virtual Status KillTaskManager(std::size_t number) = 0;
  // Asks it to end (SIGTERM); returns when it has, in order.
  virtual Status StopTaskManager(std::size_t number) = 0;
  virtual Status KillJobManager() = 0;
  // At the same addresses as before. Precondition: it was killed.
  virtual Status RestartJobManager() = 0;

  virtual pid_t job_manager_pid() const = 0;
  virtual pid_t task_manager_pid(std::size_t number) const = 0;
  // Workers, coordinators and describing processes of this cluster that exist now, also those that
  // nobody watches any more.
  virtual std::vector<pid_t> WorkerPids() const = 0;

  // Asks the servers to end (SIGTERM), TaskManagers first, and waits. Then says what is still there
  // that must not be (processes of this cluster, ports that stay taken), which server did not end
  // in order, and what sanitizers reported. Ok when nothing is.
  virtual Status Stop() = 0;
  // The last lines of every log, for a test that failed.
  virtual std::string LogTails(std::size_t lines) const = 0;
};

}  // namespace weir::cluster_test
