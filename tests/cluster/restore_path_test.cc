// `weir run -s PATH` as its user sees it: exit status, message, and a folder in which nothing has
// changed.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/damage.h"
#include "tests/cluster/numbered_output.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Outcome {
  int exit_code = -1;
  std::string output;
};

class RestorePathTest : public ClusterTest {
 protected:
  static constexpr std::int64_t kRecords = 10'000;

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartCluster());
    output_ = MakeFolder("output");
    const std::string job = Submit({.plugin = PluginPath("cluster_numbered_job"),
                                    .entry = "numbered",
                                    .arguments = JobArguments(2000),
                                    .parallelism = 2,
                                    .configuration = Configuration(MakeFolder("checkpoints"))});
    WaitUntil("there are checkpoints", [&] {
      const auto counts = client().Checkpoints(job);
      return counts.ok() && counts->completed >= 3;
    });
    ASSERT_TRUE(client().Cancel(job).ok());
    WaitForState(job, "CANCELED");
    const auto latest = client().LatestCheckpoint(job);
    ASSERT_TRUE(latest.ok()) << latest.status().message();
    checkpoint_ = latest->path;
    ASSERT_TRUE(std::filesystem::exists(checkpoint_ + "/_metadata")) << checkpoint_;
  }
  std::vector<std::string> JobArguments(std::int64_t rate) {
    return Arguments({{"output", output_},
                      {"records", std::to_string(kRecords)},
                      {"rate", std::to_string(rate)}});
  }
  static std::map<std::string, std::string> Configuration(const std::string& checkpoints) {
    return {
        {"execution.checkpointing.interval", "100 ms"},
        {"execution.checkpointing.dir", checkpoints},
        {"execution.checkpointing.data-inline-threshold", "0 b"},
        {"execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION"}};
  }
  // The folder of the job's checkpoints under another name, to be damaged; the path of the newest.
  std::string Copy(const std::string& name) {
    const std::filesystem::path original(checkpoint_);
    const std::string folder = MakeFolder("copies/" + name);
    std::filesystem::copy(original.parent_path(), folder, std::filesystem::copy_options::recursive);
    return folder + "/" + original.filename().string();
  }
  // weir run -s PATH, attached, with settings over those that hold for every run here.
  Outcome Run(const std::string& path, const std::string& entry = "numbered",
              const std::map<std::string, std::string>& settings = {}) {
    auto configuration = Configuration(PathOf("restored"));
    for (const auto& [key, value] : settings) configuration[key] = value;
    std::vector<std::string> command = {ProgramPath("weir"),
                                        "run",
                                        "-m",
                                        cluster().rest_address().ToString(),
                                        "-c",
                                        entry,
                                        "-p",
                                        "2",
                                        "-s",
                                        path};
    for (const auto& [key, value] : configuration) {
      command.insert(command.end(), {"-D", Concat(key, "=", value)});
    }
    command.push_back(PluginPath("cluster_numbered_job"));
    for (const std::string& argument : JobArguments(0)) command.push_back(argument);
    const std::string file = PathOf(Concat("weir-run-", ++runs_, ".txt"));
    test::ChildProcess weir;
    EXPECT_TRUE(weir.Start(command, cluster().directory(), file).ok());
    const auto status = weir.Wait(kPatience);
    if (!status) return {.exit_code = -1, .output = "does not end: " + ReadBytes(file)};
    return {.exit_code = WIFEXITED(*status) ? WEXITSTATUS(*status) : -1, .output = ReadBytes(file)};
  }
  // All that the cluster knows of jobs.
  std::string Jobs() {
    const auto answer = client().http().Get("/v1/jobs");
    return answer.ok() ? answer->body : answer.status().message();
  }
  void ExpectRefused(const std::string& path, const std::vector<std::string>& said,
                     const std::map<std::string, std::string>& settings = {}) {
    const auto before = Contents(PathOf("copies"));
    const std::string jobs = Jobs();
    const Outcome outcome = Run(path, "numbered", settings);
    std::printf("%s", outcome.output.c_str());
    EXPECT_EQ(outcome.exit_code, 1);
    for (const std::string& text : said) EXPECT_THAT(outcome.output, HasSubstr(text));
    EXPECT_EQ(Jobs(), jobs) << "a job was made of it";
    EXPECT_TRUE(Contents(PathOf("copies")) == before) << "files have changed";
  }

  std::string output_;
  std::string checkpoint_;
  int runs_ = 0;
};

TEST_F(RestorePathTest, RefusesWhatCannotBeRestoredBeforeAnythingRuns) {
  {
    SCOPED_TRACE("a state file is missing");
    const std::string path = Copy("missing");
    const std::string file = LargestStateFile(path);
    std::filesystem::remove(file);
    ExpectRefused(path, {file, "No such file"});
  }
  {
    SCOPED_TRACE("a state file is cut off");
    const std::string path = Copy("truncated");
    const std::string file = LargestStateFile(path);
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
    ExpectRefused(path, {file, "bytes; the checkpoint says"});
  }
  {
    SCOPED_TRACE("the metadata have a wrong bit");
    const std::string path = Copy("metadata");
    FlipABit(path + "/_metadata");
    ExpectRefused(path, {path + "/_metadata", "is damaged"});
  }
  {
    SCOPED_TRACE("a newer format");
    const std::string path = Copy("newer");
    RaiseFormatVersion(path + "/_metadata");
    ExpectRefused(path, {path + "/_metadata", "format version 99", "this version of Weir reads 1"});
  }
  {
    SCOPED_TRACE("no such checkpoint");
    const std::string path = PathOf("copies") + "/missing/chk-1000000";
    ExpectRefused(path, {path});
  }
  {
    SCOPED_TRACE("the job's own folder cannot be written");
    ExpectRefused(Copy("unwritable"), {"/proc/nowhere"},
                  {{"execution.checkpointing.dir", "/proc/nowhere"}});
  }
}

// What only a task can see when it reads its state.
TEST_F(RestorePathTest, FailsTheJobForGoodWhereStateCannotBeReadBack) {
  const auto output = ReadPublishedLines(output_);
  {
    SCOPED_TRACE("a state file has a wrong bit");
    const std::string path = Copy("flipped");
    const std::string file = LargestStateFile(path);
    FlipABit(file);
    const auto before = Contents(PathOf("copies"));
    const Outcome outcome = Run(path, "numbered", {{"restart-strategy.type", "none"}});
    std::printf("%s", outcome.output.c_str());
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.output, HasSubstr(file));
    EXPECT_TRUE(Contents(PathOf("copies")) == before) << "files have changed";
  }
  {
    SCOPED_TRACE("state of another type under the same name");
    const std::string path = Copy("type");
    const auto before = Contents(PathOf("copies"));
    const Outcome outcome = Run(path, "numbered-in-text");
    std::printf("%s", outcome.output.c_str());
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.output, HasSubstr("'count'"));
    EXPECT_THAT(outcome.output, HasSubstr("key=i64 value=i64"));
    EXPECT_THAT(outcome.output, HasSubstr("key=i64 value=string"));
    EXPECT_TRUE(Contents(PathOf("copies")) == before) << "files have changed";
  }
  EXPECT_TRUE(ReadPublishedLines(output_) == output) << "something was published";
}

TEST_F(RestorePathTest, GoesOnToTheEndAndLeavesTheFolderAlone) {
  const std::string path = Copy("good");
  const auto before = Contents(PathOf("copies"));
  const Outcome outcome = Run(path);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_TRUE(Contents(PathOf("copies")) == before) << "files have changed";
  EXPECT_EQ(CheckCounts({.records = kRecords}, ReadPublishedLines(output_ + "/counts")), "");
  EXPECT_EQ(CheckWindows({.records = kRecords}, ReadPublishedLines(output_ + "/windows")), "");
}

}  // namespace
}  // namespace weir::cluster_test
