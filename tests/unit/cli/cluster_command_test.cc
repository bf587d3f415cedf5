// weir cluster start, stop and status with fake servers as real processes.
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/local_cluster.h"
#include "common/file_system.h"
#include "tests/unit/cli/fake_job_manager.h"

namespace weir::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class ClusterCommandTest : public testing::Test {
 protected:
  ClusterCommandTest() {
    cli_.environment.program_folder = cli_.folder();
    for (const char* name : {"weir-jobmanager", "weir-taskmanager"}) {
      std::filesystem::create_symlink(WEIR_FAKE_SERVER, cli_.folder() + "/" + name);
    }
    // The commands look every few milliseconds; here a look costs a real pause, so that servers can
    // start.
    cli_.waiter.on_wait = [](int) { ::usleep(1000); };
  }
  ~ClusterCommandTest() override {
    if (ReadLocalClusterState(state_folder_).ok()) cli_.Run({"cluster", "stop"});
  }

  std::string Log(const std::string& name) {
    Result<std::string> log = LocalFileSystem().ReadFile(state_folder_ + "/log/" + name + ".log");
    return log.ok() ? *log : log.status().ToString();
  }

  CliRunner cli_;
  const std::string state_folder_ = cli_.folder() + "/weir/cluster";
};

TEST_F(ClusterCommandTest, StartsShowsAndStopsACluster) {
  EXPECT_EQ(cli_.Run({"cluster", "start", "--taskmanagers", "2", "--slots", "3", "-Da=b",
                      "-Dtaskmanager.numberOfTaskSlots=9"}),
            ExitCode::kSuccess)
      << cli_.err();
  Result<LocalClusterState> state = ReadLocalClusterState(state_folder_);
  ASSERT_TRUE(state.ok()) << state.status().ToString();
  ASSERT_EQ(state->processes.size(), 3u);
  for (const LocalClusterProcess& process : state->processes) {
    EXPECT_TRUE(IsRunning(process.identity));
    EXPECT_THAT(cli_.out(), HasSubstr(process.role + "  "));
    EXPECT_THAT(cli_.out(), HasSubstr(std::to_string(process.identity.pid) + "  running  "));
  }
  EXPECT_THAT(cli_.out(), HasSubstr("REST API at http://127.0.0.1:"));
  EXPECT_THAT(Log("jobmanager"), HasSubstr("argument -Da=b\n"));
  EXPECT_THAT(Log("taskmanager-2"), HasSubstr("argument -Dtaskmanager.numberOfTaskSlots=3\n"));
  EXPECT_THAT(Log("taskmanager-2"), Not(HasSubstr("Slots=9")));

  EXPECT_EQ(cli_.Run({"cluster", "start"}), ExitCode::kError);
  EXPECT_THAT(cli_.err(), HasSubstr("a local cluster is running already"));

  EXPECT_EQ(cli_.Run({"cluster", "status"}), ExitCode::kSuccess) << cli_.err();
  EXPECT_THAT(cli_.out(), HasSubstr("TaskManagers:  2\n"));
  EXPECT_EQ(cli_.Run({"cluster", "status", "--json"}), ExitCode::kSuccess);
  EXPECT_THAT(cli_.out(), HasSubstr("\"running\": true"));

  // Commands without -m go to the local cluster.
  EXPECT_EQ(cli_.Run({"status"}), ExitCode::kSuccess) << cli_.err();
  EXPECT_THAT(cli_.out(), HasSubstr("http://" + state->rest.ToString()));

  EXPECT_EQ(cli_.Run({"cluster", "stop"}), ExitCode::kSuccess);
  EXPECT_THAT(cli_.out(), HasSubstr("Stopped jobmanager (pid "));
  for (const LocalClusterProcess& process : state->processes) {
    EXPECT_FALSE(IsRunning(process.identity));
  }
  EXPECT_EQ(cli_.Run({"cluster", "stop"}), ExitCode::kError);
  EXPECT_EQ(cli_.err(), "weir: there is no local cluster; `weir cluster start` starts one\n");
  EXPECT_EQ(cli_.Run({"cluster", "status"}), ExitCode::kError);
}

TEST_F(ClusterCommandTest, ShowsTheLogOfAServerThatDoesNotStart) {
  EXPECT_EQ(cli_.Run({"cluster", "start", "-Dfake.fail=jobmanager"}), ExitCode::kError);
  EXPECT_THAT(cli_.err(), HasSubstr("the jobmanager fails as it was told"));
  EXPECT_FALSE(ReadLocalClusterState(state_folder_).ok());
}

TEST_F(ClusterCommandTest, StopsWhatItStartedWhenALaterServerFails) {
  EXPECT_EQ(cli_.Run({"cluster", "start", "-Dfake.fail=taskmanager"}), ExitCode::kError);
  EXPECT_THAT(cli_.err(), HasSubstr("the taskmanager fails as it was told"));
  EXPECT_EQ(ReadLocalClusterState(state_folder_).status().code(), StatusCode::kNotFound);
}

TEST_F(ClusterCommandTest, NamesAProgramThatIsMissing) {
  std::filesystem::remove(cli_.folder() + "/weir-taskmanager");
  EXPECT_EQ(cli_.Run({"cluster", "start"}), ExitCode::kError);
  EXPECT_THAT(cli_.err(), HasSubstr("cannot start " + cli_.folder() + "/weir-taskmanager"));
  EXPECT_FALSE(ReadLocalClusterState(state_folder_).ok());
}

TEST_F(ClusterCommandTest, StopsEverythingWhenTheStartIsInterrupted) {
  cli_.waiter.interrupt_at = 1;
  pid_t started = -1;
  cli_.waiter.on_wait = [&](int) {
    Result<LocalClusterState> state = ReadLocalClusterState(state_folder_);
    if (state.ok()) started = state->processes.front().identity.pid;
  };
  EXPECT_EQ(cli_.Run({"cluster", "start", "-Dfake.silent=jobmanager"}), ExitCode::kInterrupted);
  ASSERT_GT(started, 0) << "it was known before it was ready";
  EXPECT_FALSE(IdentifyProcess(started).ok());
  EXPECT_FALSE(ReadLocalClusterState(state_folder_).ok());
}

TEST_F(ClusterCommandTest, ForgetsAClusterWhoseProcessesAreGone) {
  LocalClusterState state;
  state.rest = {"127.0.0.1", 1};
  Result<ProcessIdentity> self = IdentifyProcess(::getpid());
  ASSERT_TRUE(self.ok());
  self->start_time_ticks -= 1;  // our own number, but an earlier process
  state.processes = {{"jobmanager", *self, "log"}};
  std::filesystem::create_directories(state_folder_);
  ASSERT_TRUE(WriteLocalClusterState(state_folder_, state).ok());
  EXPECT_EQ(cli_.Run({"cluster", "start"}), ExitCode::kSuccess) << cli_.err();
  EXPECT_EQ(cli_.Run({"cluster", "stop"}), ExitCode::kSuccess) << cli_.err();
}

TEST_F(ClusterCommandTest, KillsAServerThatIgnoresSigterm) {
  CountingWaiter waiter;
  LocalCluster cluster(
      {.state_folder = state_folder_, .program_folder = cli_.folder(), .stop_grace_ms = 50},
      waiter);
  Result<LocalClusterState> state =
      cluster.Start({.definitions = {"fake.ignore-term=taskmanager"}});
  ASSERT_TRUE(state.ok()) << state.status().ToString();
  ASSERT_TRUE(cluster.Stop().ok());
  for (const LocalClusterProcess& process : state->processes) {
    EXPECT_FALSE(IsRunning(process.identity));
  }
}

TEST_F(ClusterCommandTest, ShowsAndStopsAClusterThatWasStartedHalfway) {
  Result<ProcessIdentity> process = StartDetached("/bin/sleep", {"1000"}, cli_.folder() + "/log");
  ASSERT_TRUE(process.ok()) << process.status().ToString();
  std::filesystem::create_directories(state_folder_);
  LocalClusterState state;
  state.processes = {{"jobmanager", *process, "log"}};
  ASSERT_TRUE(WriteLocalClusterState(state_folder_, state).ok());
  EXPECT_EQ(cli_.Run({"cluster", "status"}), ExitCode::kSuccess) << cli_.err();
  EXPECT_THAT(cli_.out(), HasSubstr("has not told its REST address"));
  EXPECT_EQ(cli_.Run({"cluster", "stop"}), ExitCode::kSuccess) << cli_.err();
  EXPECT_FALSE(IsRunning(*process));
}

TEST_F(ClusterCommandTest, NamesAStateFileThatIsBroken) {
  std::filesystem::create_directories(state_folder_);
  std::ofstream(state_folder_ + "/cluster.json") << "{";
  EXPECT_EQ(cli_.Run({"cluster", "stop"}), ExitCode::kError);
  EXPECT_THAT(cli_.err(), HasSubstr(state_folder_ + "/cluster.json"));
}

TEST_F(ClusterCommandTest, TakesTheServerFromTheConfigurationWithoutALocalCluster) {
  cli_.environment.properties = "rest.port: 1";
  EXPECT_EQ(cli_.Run({"list"}), ExitCode::kUnreachable);
  EXPECT_THAT(cli_.err(), HasSubstr("127.0.0.1:1"));
  cli_.environment.properties = "rest.prot: 1";
  EXPECT_EQ(cli_.Run({"list"}), ExitCode::kError);
  EXPECT_THAT(cli_.err(), HasSubstr("rest.prot"));
}

TEST(CliEnvironmentTest, FindsTheStateFolder) {
  CliEnvironment environment;
  EXPECT_FALSE(environment.StateFolder().ok());
  environment.home = "/people/me";
  EXPECT_EQ(*environment.StateFolder(), "/people/me/.local/state/weir/cluster");
  environment.state_home = "/state";
  EXPECT_EQ(*environment.StateFolder(), "/state/weir/cluster");
}

}  // namespace
}  // namespace weir::cli
