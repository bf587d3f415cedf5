// Checkpoint storage that fills up, or cannot be written any more, while a job runs: checkpoints
// fail with the reason, the job goes on, and nothing is lost when the storage is back.
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include "common/temporary_directory.h"
#include "tests/cluster/disturbed_job.h"

namespace weir::cluster_test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class StorageFaultTest : public DisturbedJobTest {
 protected:
  void SetUp() override {
    DisturbedJobTest::SetUp();
    // In a mount namespace of this thread and the processes it starts: nothing is left to others,
    // however the test ends.
    const bool mounted = ::unshare(CLONE_NEWNS) == 0 &&
                         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("tmpfs", disk_.path().c_str(), "tmpfs", 0, "size=8m") == 0;
    if (!mounted) {
      GTEST_SKIP() << "SKIPPED: a small disk needs the right to mount: " << std::strerror(errno);
    }
    mounted_ = true;
    StartCluster();
  }
  void TearDown() override {
    DisturbedJobTest::TearDown();
    if (!mounted_) return;
    EXPECT_EQ(::umount2(disk_.path().c_str(), MNT_DETACH), 0);
  }

  std::string SubmitNumbered() {
    arguments_.records = 10 * kRecordsPerSecond;
    auto configuration = Configuration(VariantOfRun(seed_, 0));
    configuration["execution.checkpointing.dir"] = disk_.path();
    return Submit({.plugin = PluginPath("cluster_numbered_job"),
                   .entry = "numbered",
                   .arguments = Arguments({{"output", MakeFolder("output")},
                                           {"records", std::to_string(arguments_.records)},
                                           {"rate", std::to_string(kRecordsPerSecond)}}),
                   .parallelism = 2,
                   .configuration = configuration});
  }
  CheckpointCounts Counts(const std::string& job) {
    const auto counts = client().Checkpoints(job);
    return counts.ok() ? *counts : CheckpointCounts();
  }
  void WaitForCompleted(const std::string& job, std::uint64_t more) {
    const std::uint64_t before = Counts(job).completed;
    WaitUntil("checkpoints are completed", [&] { return Counts(job).completed >= before + more; });
  }
  std::string FillerPath() const { return disk_.path() + "/filler"; }
  // Takes what is free, also what a checkpoint that failed has given back.
  void Fill() {
    std::ofstream filler(FillerPath(), std::ios::app | std::ios::binary);
    const std::string page(4096, 'x');
    while (filler.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
    }
  }
  // Of all failed checkpoints that the statistics remember. The newest may tell only that a write
  // of the one before, which met the fault, has not returned.
  std::vector<std::string> Failures(const std::string& job) {
    const auto history = client().CheckpointHistory(job);
    std::vector<std::string> failures;
    for (const CheckpointEntry& entry : history.ok() ? *history : std::vector<CheckpointEntry>()) {
      if (entry.status == "FAILED") failures.push_back(entry.failure);
    }
    return failures;
  }

  const TemporaryDirectory disk_ = *TemporaryDirectory::Create("weir-small-disk-");
  bool mounted_ = false;
  NumberedArguments arguments_;
};

TEST_F(StorageFaultTest, AFullDiskFailsCheckpointsAndNothingElse) {
  const std::string job = SubmitNumbered();
  ASSERT_NE(job, "");
  WaitForCompleted(job, 2);
  const std::uint64_t failed = Counts(job).failed;
  WaitUntil("checkpoints fail", [&] {
    Fill();
    return Counts(job).failed >= failed + 3;
  });
  EXPECT_THAT(Failures(job),
              Contains(AllOf(HasSubstr("No space left on device"), HasSubstr(disk_.path()))))
      << "which place is full";
  EXPECT_EQ(Job(job).state, "RUNNING");
  ASSERT_TRUE(std::filesystem::remove(FillerPath()));
  WaitForCompleted(job, 2);
  WaitForState(job, "FINISHED");
  EXPECT_EQ(Job(job).restarts, 0);
  ExpectExactlyOnce(arguments_, PathOf("output"));
}

TEST_F(StorageFaultTest, RestoresFromADiskThatCanNoLongerBeWritten) {
  const std::string job = SubmitNumbered();
  ASSERT_NE(job, "");
  WaitForCompleted(job, 2);
  // The kernel refuses while a file is open for writing.
  WaitUntil("the disk is read-only", [&] {
    return ::mount(nullptr, disk_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  });
  const std::uint64_t failed = Counts(job).failed;
  WaitUntil("checkpoints fail", [&] { return Counts(job).failed >= failed + 3; });
  EXPECT_THAT(Failures(job), Contains(HasSubstr("Read-only file system")));
  for (const pid_t worker : cluster().WorkerPids()) ::kill(worker, SIGKILL);
  WaitUntil("the job has restarted", [&] { return Job(job).restarts > 0; });
  WaitUntilRunning(job);
  ASSERT_EQ(::mount(nullptr, disk_.path().c_str(), nullptr, MS_REMOUNT, nullptr), 0)
      << std::strerror(errno);
  WaitForCompleted(job, 2);
  WaitForState(job, "FINISHED");
  ExpectExactlyOnce(arguments_, PathOf("output"));
}

}  // namespace
}  // namespace weir::cluster_test
