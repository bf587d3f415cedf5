#include "cli/command_line.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class Options>
Options Parse(std::vector<std::string> arguments) {
  CommandLine line = ParseCommandLine(std::move(arguments));
  EXPECT_FALSE(line.print) << line.text;
  EXPECT_TRUE(std::holds_alternative<Options>(line.command));
  return std::holds_alternative<Options>(line.command) ? std::get<Options>(line.command)
                                                       : Options();
}

TEST(CommandLineTest, ReadsRunWithAllItsFlags) {
  RunOptions run = Parse<RunOptions>({"run", "-d", "-c", "lines", "-p", "4", "-m", "host:8081",
                                      "-Da.b=c=d", "-D", "e=", "--json", "dir/job.so"});
  EXPECT_TRUE(run.detached);
  EXPECT_EQ(run.entry_class, "lines");
  EXPECT_EQ(run.parallelism, 4);
  EXPECT_EQ(run.server.address, "host:8081");
  EXPECT_EQ(run.configuration, (std::map<std::string, std::string>{{"a.b", "c=d"}, {"e", ""}}));
  EXPECT_TRUE(run.json);
  EXPECT_FALSE(run.cancel_on_interrupt);
  EXPECT_EQ(run.plugin, "dir/job.so");
  EXPECT_THAT(run.arguments, IsEmpty());
}

TEST(CommandLineTest, LeavesWhatFollowsThePluginToTheJob) {
  RunOptions run = Parse<RunOptions>({"run", "job.so", "-d", "--topic", "in", "--", "-p", "x",
                                      "-Dfoo", "-sae", "run", "", "--help"});
  EXPECT_FALSE(run.detached);
  EXPECT_EQ(run.parallelism, 0);
  EXPECT_THAT(run.arguments, ElementsAre("-d", "--topic", "in", "--", "-p", "x", "-Dfoo", "-sae",
                                         "run", "", "--help"));
}

TEST(CommandLineTest, ReadsWhatAJobStartsFrom) {
  EXPECT_EQ(Parse<RunOptions>({"run", "-s", "/c/chk-1", "job.so"}).savepoint_path, "/c/chk-1");
  const RunOptions run =
      Parse<RunOptions>({"run", "--fromSavepoint", "/c", "-sae", "job.so", "-s"});
  EXPECT_EQ(run.savepoint_path, "/c");
  EXPECT_TRUE(run.cancel_on_interrupt);
  EXPECT_THAT(run.arguments, ElementsAre("-s"));
}

TEST(CommandLineTest, KnowsFlinksThreeLetterFlag) {
  EXPECT_TRUE(Parse<RunOptions>({"run", "-sae", "job.so"}).cancel_on_interrupt);
  EXPECT_TRUE(Parse<RunOptions>({"run", "--shutdownOnAttachedExit", "job.so"}).cancel_on_interrupt);
}

TEST(CommandLineTest, ReadsTheOtherCommands) {
  const std::string id = "000000000000000000000000000000a1";
  EXPECT_EQ(Parse<InfoOptions>({"info", "-p", "2", "job.so", "a"}).program.parallelism, 2);
  ListOptions list = Parse<ListOptions>({"list", "-r", "-a", "--json", "-m", "[::1]:1"});
  EXPECT_TRUE(list.running && list.all && list.json && !list.scheduled);
  EXPECT_EQ(list.server.address, "[::1]:1");
  EXPECT_EQ(Parse<CancelOptions>({"cancel", id}).job_id, id);
  EXPECT_EQ(Parse<CheckpointOptions>({"checkpoint", id}).job_id, id);
  EXPECT_TRUE(Parse<CheckpointsOptions>({"checkpoints", id, "--json"}).json);
  EXPECT_EQ(Parse<StatusOptions>({"status"}).job_id, "");
  EXPECT_EQ(Parse<StatusOptions>({"status", id, "--json"}).job_id, id);
  ClusterStartOptions start = Parse<ClusterStartOptions>(
      {"cluster", "start", "--taskmanagers", "2", "--slots", "3", "-c", "conf", "-Drest.port=0"});
  EXPECT_EQ(start.task_managers, 2);
  EXPECT_EQ(start.slots, 3);
  EXPECT_EQ(start.config_path, "conf");
  EXPECT_THAT(start.definitions, ElementsAre("rest.port=0"));
  Parse<ClusterStopOptions>({"cluster", "stop"});
  EXPECT_TRUE(Parse<ClusterStatusOptions>({"cluster", "status", "--json"}).json);
}

TEST(CommandLineTest, SaysWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "Usage: weir"},
      {{"runn"},
       "'runn' is no command; there are run, info, list, cancel, checkpoint, checkpoints, status, "
       "cluster"},
      {{"cluster", "strat"}, "'strat' is no command; there are start, stop, status"},
      {{"cluster"}, "subcommand is required"},
      {{"run"}, "plugin is required"},
      {{"run", "-p", "0", "a.so"}, "parallelism"},
      {{"run", "-p", "many", "a.so"}, "parallelism"},
      {{"run", "-Dfoo", "a.so"}, "'foo' is not key=value"},
      {{"run", "-D=x", "a.so"}, "'=x' is not key=value"},
      {{"run", "-m", "host", "a.so"}, "'host' is not host:port"},
      {{"run", "-m", "host:0", "a.so"}, "'host:0' is not host:port"},
      {{"list", "--foo"}, "--foo"},
      {{"list", "extra"}, "extra"},
      {{"cancel"}, "job is required"},
      {{"cancel", "abc"}, "'abc' is not a job id"},
      {{"checkpoint"}, "job is required"},
      {{"checkpoint", "abc"}, "'abc' is not a job id"},
      {{"checkpoints", "abc"}, "'abc' is not a job id"},
      {{"run", "-s", "", "a.so"}, "the path is empty"},
      {{"info", "-s", "/chk-1", "a.so"}, "-s"},
      {{"status", "abc"}, "'abc' is not a job id"},
      {{"cluster", "start", "--slots", "0"}, "slots"}};
  for (const auto& [arguments, message] : cases) {
    CommandLine line = ParseCommandLine(arguments);
    EXPECT_TRUE(line.print && line.wrong) << message;
    EXPECT_THAT(line.text, HasSubstr(message));
  }
}

TEST(CommandLineTest, PrintsHelpAndVersion) {
  CommandLine help = ParseCommandLine({"run", "--help"});
  EXPECT_TRUE(help.print && !help.wrong);
  EXPECT_THAT(help.text, HasSubstr("--parallelism"));
  CommandLine version = ParseCommandLine({"--version"});
  EXPECT_TRUE(version.print && !version.wrong);
  EXPECT_EQ(version.text, std::string("weir ") + WEIR_VERSION + "\n");
}

}  // namespace
}  // namespace weir::cli
