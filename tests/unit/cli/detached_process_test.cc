#include "cli/detached_process.h"

#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/temporary_directory.h"

namespace weir::cli {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kGraceMs = 10'000;

class DetachedProcessTest : public testing::Test {
 protected:
  ProcessIdentity StartShell(const std::string& script) {
    Result<ProcessIdentity> process = StartDetached("/bin/sh", {"-c", script}, log_);
    EXPECT_TRUE(process.ok()) << process.status().ToString();
    return process.ok() ? *process : ProcessIdentity();
  }
  // Reads the log until it holds `text`; false after ten seconds.
  bool LogHolds(const std::string& text) {
    const std::int64_t deadline_ms = SystemClock().MonotonicMillis() + 10'000;
    while (SystemClock().MonotonicMillis() < deadline_ms) {
      Result<std::string> log = LocalFileSystem().ReadFile(log_);
      if (log.ok() && log->find(text) != std::string::npos) return true;
      std::this_thread::yield();
    }
    return false;
  }

  Result<TemporaryDirectory> folder_ = TemporaryDirectory::Create();
  const std::string log_ = folder_->path() + "/log";
};

TEST_F(DetachedProcessTest, RunsInASessionOfItsOwnWithItsOutputInTheLog) {
  ProcessIdentity process = StartShell("echo out; echo err >&2; exec sleep 1000");
  EXPECT_TRUE(IsRunning(process));
  EXPECT_EQ(::getsid(process.pid), process.pid);
  EXPECT_TRUE(LogHolds("out\nerr\n"));
  Result<bool> killed = StopProcess(process, kGraceMs);
  ASSERT_TRUE(killed.ok()) << killed.status().ToString();
  EXPECT_FALSE(*killed) << "sleep ends at SIGTERM";
  EXPECT_FALSE(IsRunning(process));
}

TEST_F(DetachedProcessTest, IsKilledWhenItDoesNotEnd) {
  ProcessIdentity process = StartShell("trap '' TERM; echo ready; while :; do sleep 1000; done");
  ASSERT_TRUE(LogHolds("ready"));
  Result<bool> killed = StopProcess(process, 50);
  ASSERT_TRUE(killed.ok()) << killed.status().ToString();
  EXPECT_TRUE(*killed);
  EXPECT_FALSE(IsRunning(process));
}

TEST_F(DetachedProcessTest, NeverStopsALaterProcessWithTheSameNumber) {
  ProcessIdentity process = StartShell("exec sleep 1000");
  ProcessIdentity earlier = process;
  earlier.start_time_ticks -= 1;
  EXPECT_FALSE(IsRunning(earlier));
  Result<bool> killed = StopProcess(earlier, kGraceMs);
  ASSERT_TRUE(killed.ok());
  EXPECT_FALSE(*killed);
  EXPECT_TRUE(IsRunning(process)) << "the wrong process was stopped";
  ASSERT_TRUE(StopProcess(process, kGraceMs).ok());
}

TEST_F(DetachedProcessTest, StoppingWhatHasEndedIsFine) {
  ProcessIdentity process = StartShell("exec sleep 1000");
  ASSERT_TRUE(StopProcess(process, kGraceMs).ok());
  EXPECT_TRUE(StopProcess(process, kGraceMs).ok());
  EXPECT_FALSE(IdentifyProcess(process.pid).ok());
}

TEST_F(DetachedProcessTest, NamesAProgramThatIsNotThere) {
  Result<ProcessIdentity> process = StartDetached("/nowhere/weir-jobmanager", {}, log_);
  EXPECT_THAT(process.status().message(), HasSubstr("cannot start /nowhere/weir-jobmanager"));
}

TEST_F(DetachedProcessTest, KnowsItself) {
  Result<ProcessIdentity> self = IdentifyProcess(::getpid());
  ASSERT_TRUE(self.ok());
  EXPECT_TRUE(IsRunning(*self));
}

}  // namespace
}  // namespace weir::cli
