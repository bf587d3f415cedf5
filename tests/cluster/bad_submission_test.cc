// What people submit by mistake: each a clear error, and the cluster goes on.
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/process_statistics.h"
#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class BadSubmissionTest : public ClusterTest {
 protected:
  std::string Refusal(const JobRequest& request) {
    const auto job = client().Submit(request);
    EXPECT_FALSE(job.ok()) << "accepted as job " << *job;
    std::printf("%s: %s\n", request.entry.c_str(), job.status().message().c_str());
    return job.status().message();
  }
  void ExpectClusterStillWorks() {
    const std::string job = Submit({.plugin = PluginPath("cluster_exchange_job"),
                                    .entry = "exchange",
                                    .arguments = Arguments({{"output", MakeFolder("works")}})});
    WaitForState(job, "FINISHED");
    EXPECT_EQ(CountArrivals(PathOf("works")), 1'000U);
  }
};

TEST_F(BadSubmissionTest, PluginsAndJobsThatAreNone) {
  StartCluster();
  const std::string text_file = PathOf("notes.so");
  std::ofstream(text_file) << "this is no plugin\n";
  EXPECT_THAT(Refusal({.plugin = text_file, .entry = "text"}),
              AllOf(HasSubstr("HTTP 400"), HasSubstr("notes.so")));
  // A library, but none of ours.
  EXPECT_THAT(Refusal({.plugin = "/lib/x86_64-linux-gnu/libz.so.1", .entry = "libz"}),
              HasSubstr("HTTP 400"));

  const std::string faulty = PluginPath("cluster_faulty_job");
  EXPECT_THAT(Refusal({.plugin = faulty, .entry = "sourceless"}), HasSubstr("source"));
  EXPECT_THAT(Refusal({.plugin = faulty, .entry = "nowhere"}),
              AllOf(HasSubstr("nowhere"), HasSubstr("faulty")));
  EXPECT_THAT(Refusal({.plugin = faulty, .entry = "unserious"}),
              HasSubstr("this job never meant to run"));
  EXPECT_THAT(Refusal({.plugin = faulty, .entry = "faulty", .arguments = {"--speed", "9"}}),
              HasSubstr("unknown argument '--speed'"));
  EXPECT_THAT(Refusal({.plugin = faulty, .entry = "faulty", .arguments = {"--rate", "fast"}}),
              HasSubstr("--rate is 'fast', which is no number"));
  EXPECT_THAT(Refusal({.plugin = faulty,
                       .entry = "faulty",
                       .configuration = {{"restart-strategy.typ", "none"}}}),
              AllOf(HasSubstr("restart-strategy.typ"), HasSubstr("restart-strategy.type")));
  ExpectClusterStillWorks();
}

TEST_F(BadSubmissionTest, GraphThatDiffersInTheWorkerFailsTheJob) {
  StartCluster();
  const std::string job =
      Submit({.plugin = PluginPath("cluster_faulty_job"), .entry = "different"});
  WaitForState(job, "FAILED");
  const std::string failure = FailureText(job);
  std::printf("%s\n", failure.c_str());
  EXPECT_THAT(failure, HasSubstr("graph"));
  ExpectClusterStillWorks();
}

TEST_F(BadSubmissionTest, UploadAboveTheLimitCostsNoMemory) {
  StartCluster({.settings = {{"web.upload.max-size", "64 mb"}}});
  const std::string huge = PathOf("huge.so");
  {
    const std::ofstream file(huge);
  }
  std::filesystem::resize_file(huge, 512 << 20);
  const pid_t job_manager = cluster().job_manager_pid();
  const auto before = ReadResidentBytes(job_manager);
  ASSERT_TRUE(before.ok());
  const auto refused = client().Upload(huge);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.status().message(), HasSubstr("HTTP 413"));
  // Allowed in size: it goes to the disk, and is refused for what it is.
  std::filesystem::resize_file(huge, 60 << 20);
  EXPECT_THAT(client().Upload(huge).status().message(), HasSubstr("HTTP 400"));
  const auto after = ReadResidentBytes(job_manager);
  ASSERT_TRUE(after.ok());
  std::printf("JobManager RSS: %ld KiB before, %ld KiB after; %s\n",
              static_cast<long>(*before / 1024), static_cast<long>(*after / 1024),
              refused.status().message().c_str());
  EXPECT_LT(*after - *before, 32 << 20);
}

TEST_F(BadSubmissionTest, SettingWithATypoEndsAServerWithFileLineAndNearestKey) {
  StartCluster({.task_managers = 0});
  const std::string file = PathOf("config.yaml");
  std::ofstream(file) << "rest.port: 0\ntaskmanager.numberOfTaskSlot: 2\n";
  for (const char* program : {"weir-jobmanager", "weir-taskmanager"}) {
    test::ChildProcess server;
    const std::string output = PathOf(std::string(program) + "-typo.txt");
    ASSERT_TRUE(server.Start({ProgramPath(program), "--config", file}, PathOf(""), output).ok());
    const auto ended = server.Wait(20s);
    ASSERT_TRUE(ended.has_value()) << program << " runs with a wrong setting";
    const std::string text = test::LastLines(output, 5);
    std::printf("%s\n", text.c_str());
    EXPECT_EQ(WEXITSTATUS(*ended), 2);
    EXPECT_THAT(text, AllOf(HasSubstr("config.yaml:2"), HasSubstr("taskmanager.numberOfTaskSlot"),
                            HasSubstr("taskmanager.numberOfTaskSlots")));
  }
}

}  // namespace
}  // namespace weir::cluster_test
