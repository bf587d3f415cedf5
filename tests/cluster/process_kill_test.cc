// kill -9 of every kind of process.
#include <csignal>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::int64_t kRecords = 60'000;  // per source, three seconds at the rate below

class ProcessKillTest : public ClusterTest {
 protected:
  // Four sources at a steady pace for some seconds.
  std::string SubmitPaced(const std::string& folder,
                          const std::map<std::string, std::string>& configuration) {
    return Submit({.plugin = PluginPath("cluster_exchange_job"),
                   .entry = "exchange",
                   .arguments = Arguments({{"output", MakeFolder(folder)},
                                           {"records", std::to_string(kRecords)},
                                           {"source-rate", "20000"},
                                           {"sources", "4"},
                                           {"sinks", "4"}}),
                   .configuration = configuration});
  }
  void WaitForFlow(const std::string& folder) {
    WaitUntil("records arrive", [&] { return CountArrivals(PathOf(folder)) > 20'000; });
  }
  pid_t WorkerOn(const std::string& job, const std::string& task_manager) {
    for (const SubtaskView& subtask : Subtasks(job, "sink")) {
      if (subtask.task_manager == task_manager) return subtask.worker_pid;
    }
    ADD_FAILURE() << "no worker on " << task_manager;
    return 0;
  }
  static void Kill(pid_t pid) {
    ASSERT_GT(pid, 1);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
  }
  // At least once: each record of each source arrived.
  void ExpectComplete(const std::string& folder) {
    const std::vector<ArrivedRecord> arrivals = ReadArrivals(PathOf(folder));
    for (std::uint32_t source = 0; source < 4; ++source) {
      EXPECT_THAT(Occurrences(arrivals, source, kRecords), testing::Each(testing::Ge(1U)))
          << "source " << source;
    }
    std::printf("%s: %zu arrivals of %ld records\n", folder.c_str(), arrivals.size(),
                static_cast<long>(4 * kRecords));
  }
  // The state in which the job ends after a kill, with the failure's text.
  std::string FailureAfter(const std::string& folder,
                           const std::function<void(const std::string&)>& kill) {
    const std::string job = SubmitPaced(folder, {});
    WaitForFlow(folder);
    kill(job);
    WaitForState(job, "FAILED");
    const std::string text = FailureText(job);
    std::printf("%s: %s\n", folder.c_str(), text.c_str());
    return text;
  }
  void ExpectRestart(const std::string& folder,
                     const std::function<void(const std::string&)>& kill) {
    const std::string job = SubmitPaced(folder, FixedDelayRestart(3));
    WaitForFlow(folder);
    const auto start = std::chrono::steady_clock::now();
    kill(job);
    WaitUntil("the job was restarted", [&] { return Job(job).restarts > 0; });
    WaitUntilRunning(job);
    std::printf("%s: running again after %ld ms\n", folder.c_str(),
                static_cast<long>(MillisSince(start)));
    WaitForState(job, "FINISHED");
    EXPECT_EQ(Job(job).restarts, 1);
    ExpectComplete(folder);
  }
};

TEST_F(ProcessKillTest, WorkerOrCoordinatorFailsAJobWithoutRestartStrategy) {
  StartCluster();
  EXPECT_THAT(FailureAfter("worker", [&](const std::string& job) { Kill(WorkerOn(job, "tm-1")); }),
              testing::AllOf(HasSubstr("worker"), HasSubstr("SIGKILL"), HasSubstr("tm-1")));
  EXPECT_THAT(
      FailureAfter("coordinator", [&](const std::string& job) { Kill(Job(job).coordinator_pid); }),
      testing::AllOf(HasSubstr("coordinator"), HasSubstr("SIGKILL")));
}

TEST_F(ProcessKillTest, WorkerOrCoordinatorIsRestartedByFixedDelay) {
  StartCluster();
  ExpectRestart("worker", [&](const std::string& job) { Kill(WorkerOn(job, "tm-1")); });
  ExpectRestart("coordinator", [&](const std::string& job) { Kill(Job(job).coordinator_pid); });
}

TEST_F(ProcessKillTest, TaskManagerFailsAJobWithoutRestartStrategyAndTakesItsWorkersAlong) {
  StartCluster();
  std::vector<pid_t> before;
  const std::string text = FailureAfter(
      "killed", [&](const std::string&) { ASSERT_TRUE(cluster().KillTaskManager(1).ok()); });
  EXPECT_THAT(text, HasSubstr("tm-1"));
  WaitUntil("no worker is left", [&] { return cluster().WorkerPids().empty(); });
}

TEST_F(ProcessKillTest, TaskManagerIsReplacedByFreeSlotsElsewhere) {
  StartCluster({.task_managers = 3});
  ExpectRestart("moved", [&](const std::string& job) {
    const std::string busy = Subtasks(job, "sink").front().task_manager;
    ASSERT_TRUE(cluster().KillTaskManager(busy.back() - '0').ok());
  });
}

TEST_F(ProcessKillTest, WorkersOutliveTheJobManagerByTheirLeaseOnly) {
  constexpr auto kLease = 3s;
  StartCluster({.settings = {{"jobmanager.worker-lease.duration", "3 s"},
                             {"heartbeat.interval", "500 ms"}}});
  const std::string folder = MakeFolder("lease");
  const std::string job = Submit({.plugin = PluginPath("cluster_exchange_job"),
                                  .entry = "exchange",
                                  .arguments = Arguments({{"output", folder},
                                                          {"records", "1000000000"},
                                                          {"source-rate", "5000"},
                                                          {"sources", "4"},
                                                          {"sinks", "4"}})});
  WaitForFlow("lease");
  ASSERT_FALSE(cluster().WorkerPids().empty());
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(cluster().KillJobManager().ok());

  const std::uint64_t at_kill = CountArrivals(folder);
  WaitUntil(
      "workers go on without the JobManager",
      [&] { return CountArrivals(folder) > at_kill + 5'000; }, kLease);
  WaitUntil("workers stop when their lease ends", [&] { return cluster().WorkerPids().empty(); });
  const std::int64_t lasted_ms = MillisSince(start);
  std::printf("workers ended %ld ms after the JobManager, lease 3 s\n",
              static_cast<long>(lasted_ms));
  EXPECT_LT(lasted_ms, std::chrono::milliseconds(kLease + 5s).count());

  ASSERT_TRUE(cluster().RestartJobManager().ok());
  WaitUntil("the TaskManagers register again", [&] {
    const auto overview = client().Cluster();
    return overview.ok() && overview->task_managers == 2 && overview->slots_available == 4;
  });
  const std::string again = SubmitPaced("again", {});
  WaitForState(again, "FINISHED");
  ExpectComplete("again");
}

TEST_F(ProcessKillTest, RestartedJobManagerNeverAcceptsAnOldAttempt) {
  // The lease is long: only the new leader's refusal can end the old workers.
  StartCluster({.settings = {{"jobmanager.worker-lease.duration", "5 min"}}});
  const std::string folder = MakeFolder("old");
  const std::string job = Submit({.plugin = PluginPath("cluster_exchange_job"),
                                  .entry = "exchange",
                                  .arguments = Arguments({{"output", folder},
                                                          {"records", "1000000000"},
                                                          {"source-rate", "5000"},
                                                          {"sources", "4"},
                                                          {"sinks", "4"}})});
  WaitForFlow("old");
  ASSERT_TRUE(cluster().KillJobManager().ok());
  ASSERT_TRUE(cluster().RestartJobManager().ok());
  WaitUntil("the old workers were sent away", [&] { return cluster().WorkerPids().empty(); });
  EXPECT_FALSE(client().Job(job).ok()) << "a JobManager without metadata store knows an old job";
  WaitUntil("the TaskManagers register again", [&] {
    const auto overview = client().Cluster();
    return overview.ok() && overview->slots_available == 4;
  });
  const std::uint64_t at_end = CountArrivals(folder);
  const std::string again = SubmitPaced("again", {});
  WaitForState(again, "FINISHED");
  ExpectComplete("again");
  EXPECT_EQ(CountArrivals(folder), at_end) << "an old attempt wrote on";
}

}  // namespace
}  // namespace weir::cluster_test
