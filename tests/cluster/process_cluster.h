// ProcessCluster: a TestCluster of real processes on loopback, with ports that the kernel chose.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/temporary_directory.h"
#include "tests/cluster/test_cluster.h"
#include "tests/kafka/child_process.h"

namespace weir::cluster_test {

// The build tree that the test binary lies in, its programs and its job plugins.
std::string BuildFolder();
std::string ProgramPath(const std::string& name);
std::string PluginPath(const std::string& name);

// All processes carry a mark in their environment, so whatever is left behind is found, whoever its
// parent is. They end with the test: call everything from a thread that lives as long as the
// cluster.
class ProcessCluster final : public TestCluster {
 public:
  // Returns when the JobManager answers; TaskManagers may still be registering.
  static Result<std::unique_ptr<ProcessCluster>> Start(const ClusterOptions& options);
  // Kills what still runs.
  ~ProcessCluster() override;

  SocketAddress rest_address() const override { return rest_; }
  SocketAddress rpc_address() const override { return rpc_; }
  const std::string& directory() const override { return directory_.path(); }
  Status StartTaskManager(std::uint32_t slots,
                          const std::map<std::string, std::string>& settings) override;
  Status KillTaskManager(std::size_t number) override;
  Status StopTaskManager(std::size_t number) override;
  Status KillJobManager() override;
  Status RestartJobManager() override;
  pid_t job_manager_pid() const override { return job_manager_->pid(); }
  pid_t task_manager_pid(std::size_t number) const override {
    return task_managers_[number]->pid();
  }
  std::vector<pid_t> WorkerPids() const override;
  Status Stop() override;
  std::string LogTails(std::size_t lines) const override;

 private:
  ProcessCluster(ClusterOptions options, TemporaryDirectory directory);
  std::string Program(const std::string& name) const;
  Status StartJobManager(const std::string& rpc_port, const std::string& rest_port);
  std::vector<pid_t> MarkedProcesses() const;
  void KillEverything();

  const ClusterOptions options_;
  const TemporaryDirectory directory_;
  const std::string mark_;  // an entry of the environment of all our processes
  SocketAddress rest_;
  SocketAddress rpc_;
  std::unique_ptr<test::ChildProcess> job_manager_;
  std::vector<std::unique_ptr<test::ChildProcess>> task_managers_;
};

}  // namespace weir::cluster_test
