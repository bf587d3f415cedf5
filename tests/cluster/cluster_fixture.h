// ClusterTest: a fixture whose tests start a cluster, run jobs on it and leave nothing behind.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/arrivals.h"
#include "tests/cluster/cluster_client.h"
#include "tests/cluster/process_cluster.h"
#include "tests/cluster/test_cluster.h"
#include "tests/cluster/wait.h"

namespace weir::cluster_test {

// Long for a busy machine of two cores; a wait ends as soon as its condition holds.
inline constexpr std::chrono::seconds kPatience{60};

// TearDown stops the cluster and fails the test where a process or a port is left. When a test
// failed it prints the tails of all logs.
class ClusterTest : public testing::Test {
 protected:
  void TearDown() override;

  // Returns when all TaskManagers have registered. Their data ports are among those that must be
  // free in the end.
  void StartCluster(const ClusterOptions& options = {});
  TestCluster& cluster() { return *cluster_; }
  ClusterClient& client() { return *client_; }

  // A fresh folder for a job's output.
  std::string MakeFolder(const std::string& name);
  std::string PathOf(const std::string& name) { return cluster_->directory() + "/" + name; }
  // Makes an empty file, as the gates of the test jobs are.
  static void Touch(const std::string& path);

  // The job id; a failure of the test, and "", when the cluster refuses.
  std::string Submit(const JobRequest& request);
  JobView Job(const std::string& job);
  std::vector<SubtaskView> Subtasks(const std::string& job, const std::string& vertex_name);
  // Name, task and text of all failures, for EXPECT_THAT(…, HasSubstr(…)).
  std::string FailureText(const std::string& job);

  // Waits; a failure of the test with the job's state and failures when it does not come, or when
  // the job ends in another state.
  void WaitForState(const std::string& job, const std::string& state,
                    std::chrono::milliseconds timeout = kPatience);
  // All subtasks of all vertices RUNNING, of one deployment.
  void WaitUntilRunning(const std::string& job, std::chrono::milliseconds timeout = kPatience);
  void WaitUntil(const std::string& what, const std::function<bool()>& done,
                 std::chrono::milliseconds timeout = kPatience);

  std::unique_ptr<TestCluster> cluster_;
  std::unique_ptr<ClusterClient> client_;

 private:
  std::string DescribeJob(const std::string& job);

  std::map<std::string, SocketAddress> data_ports_;
};

// "--name value" for each pair.
std::vector<std::string> Arguments(
    std::initializer_list<std::pair<std::string, std::string>> pairs);

// Fixed-delay restarts, as a job's configuration.
std::map<std::string, std::string> FixedDelayRestart(int attempts,
                                                     const std::string& delay = "200 ms");

}  // namespace weir::cluster_test
