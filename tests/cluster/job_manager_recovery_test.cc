// kill -9 of the JobManager, with a metadata store: its jobs go on without anybody's help.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/temporary_directory.h"
#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kRecords = 60'000;  // per source, three seconds at the rate below

class JobManagerRecoveryTest : public ClusterTest {
 protected:
  std::map<std::string, std::string> Settings(const std::string& lease = "5 min") const {
    return {{"high-availability.type", "file"},
            {"high-availability.storageDir", metadata_.path()},
            {"jobmanager.worker-lease.duration", lease},
            {"heartbeat.interval", "500 ms"}};
  }
  std::string SubmitPaced(const std::string& folder) {
    return Submit({.plugin = PluginPath("cluster_exchange_job"),
                   .entry = "exchange",
                   .arguments = Arguments({{"output", MakeFolder(folder)},
                                           {"records", std::to_string(kRecords)},
                                           {"source-rate", "20000"},
                                           {"sources", "4"},
                                           {"sinks", "4"}}),
                   .configuration = FixedDelayRestart(3)});
  }
  void WaitForFlow(const std::string& folder) {
    WaitUntil("records arrive", [&] { return CountArrivals(PathOf(folder)) > 20'000; });
  }
  // At least once: each record of each source arrived.
  void ExpectComplete(const std::string& folder) {
    const std::vector<ArrivedRecord> arrivals = ReadArrivals(PathOf(folder));
    for (std::uint32_t source = 0; source < 4; ++source) {
      EXPECT_THAT(Occurrences(arrivals, source, kRecords), Each(Ge(1U))) << "source " << source;
    }
  }

  const TemporaryDirectory metadata_ = *TemporaryDirectory::Create("weir-metadata-");
};

TEST_F(JobManagerRecoveryTest, ARunningJobRunsToItsEndAndOnlyOnce) {
  // The lease is long: only the new leader can end the old workers.
  StartCluster({.settings = Settings()});
  const std::string job = SubmitPaced("recovered");
  WaitForFlow("recovered");
  const std::vector<pid_t> old_workers = cluster().WorkerPids();
  ASSERT_FALSE(old_workers.empty());
  ASSERT_TRUE(cluster().KillJobManager().ok());
  // What was uploaded is not what the job is recovered from.
  std::filesystem::remove_all(PathOf("jobmanager"));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(cluster().RestartJobManager().ok());
  WaitUntilRunning(job);
  std::printf("running again %ld ms after the start of the new JobManager\n",
              static_cast<long>(MillisSince(start)));
  for (const pid_t pid : cluster().WorkerPids()) {
    EXPECT_THAT(old_workers, testing::Not(testing::Contains(pid)));
  }
  WaitForState(job, "FINISHED");
  ExpectComplete("recovered");

  WaitUntil("its workers end", [&] { return cluster().WorkerPids().empty(); });
  const std::uint64_t at_end = CountArrivals(PathOf("recovered"));
  ASSERT_TRUE(cluster().KillJobManager().ok());
  ASSERT_TRUE(cluster().RestartJobManager().ok());
  WaitUntil("the TaskManagers register again", [&] {
    const auto overview = client().Cluster();
    return overview.ok() && overview->slots_available == 4;
  });
  EXPECT_EQ(Job(job).state, "FINISHED");
  EXPECT_THAT(cluster().WorkerPids(), IsEmpty());
  EXPECT_EQ(CountArrivals(PathOf("recovered")), at_end);
}

TEST_F(JobManagerRecoveryTest, ATaskManagerThatDiedTooIsNotWaitedForLongerThanALease) {
  StartCluster({.task_managers = 3, .settings = Settings("3 s")});
  const std::string job = SubmitPaced("both");
  WaitForFlow("both");
  const std::string busy = Subtasks(job, "sink").front().task_manager;
  ASSERT_TRUE(cluster().KillJobManager().ok());
  ASSERT_TRUE(cluster().KillTaskManager(busy.back() - '0').ok());
  ASSERT_TRUE(cluster().RestartJobManager().ok());
  WaitForState(job, "FINISHED");
  ExpectComplete("both");
}

TEST_F(JobManagerRecoveryTest, ATaskManagerThatLeftInOrderIsNotWaitedFor) {
  // The lease is longer than anything waits here.
  StartCluster({.task_managers = 3, .settings = Settings()});
  const std::string job = SubmitPaced("left");
  WaitForFlow("left");
  const std::string busy = Subtasks(job, "sink").front().task_manager;
  ASSERT_TRUE(cluster().StopTaskManager(busy.back() - '0').ok());
  ASSERT_TRUE(cluster().KillJobManager().ok());
  ASSERT_TRUE(cluster().RestartJobManager().ok());
  WaitForState(job, "FINISHED");
  ExpectComplete("left");
}

TEST_F(JobManagerRecoveryTest, ASecondJobManagerIsKeptOut) {
  StartCluster({.settings = Settings()});
  std::vector<std::string> command = {ProgramPath("weir-jobmanager"),
                                      "-Dweb.upload.dir=" + PathOf("second"), "-Drest.port=0",
                                      "-Djobmanager.rpc.port=0"};
  for (const auto& [key, value] : Settings()) command.push_back("-D" + key + "=" + value);
  test::ChildProcess second;
  const std::string log = PathOf("second.out");
  ASSERT_TRUE(second.Start(command, cluster().directory(), log).ok());
  const auto status = second.Wait(30s);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(WEXITSTATUS(*status), 1);
  EXPECT_THAT(test::LastLines(log, 5),
              testing::AllOf(
                  HasSubstr("is in use by process " + std::to_string(cluster().job_manager_pid())),
                  HasSubstr("leader epoch 1")));
  EXPECT_TRUE(client().Cluster().ok()) << "the first one is disturbed";
}

}  // namespace
}  // namespace weir::cluster_test
