// Describing with real child processes: shell scripts stand in for weir-worker.
#include "jobmanager/process_job_describer.h"

#include <filesystem>
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/temporary_directory.h"
#include "common/text.h"
#include "common/thread_event_loop.h"

namespace weir::jobmanager {
namespace {

using testing::HasSubstr;

class ProcessJobDescriberTest : public testing::Test {
 protected:
  void SetUp() override { loop_.Start(); }
  void TearDown() override { loop_.Stop(); }

  // Runs a program of these lines as weir-worker.
  Result<proto::DescribedJob> Describe(const std::string& lines, std::int64_t timeout_ms = 30'000) {
    const std::string program = directory_.path() + "/weir-worker";
    std::ofstream(program) << "#!/bin/sh\n" << lines << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    ProcessJobDescriber describer({{1, program}}, spawner_, loop_, timeout_ms);
    DescribeRequest request{.plugin_path = directory_.path() + "/plugin",
                            .plugin_name = "job.so",
                            .abi_number = 1,
                            .entry = "main",
                            .arguments = {"--rate", "7", ""},
                            .parallelism = 3,
                            .configuration = {{"pipeline.max-parallelism", "-1"}}};
    std::promise<Result<proto::DescribedJob>> promise;
    auto future = promise.get_future();
    loop_.Post([&] {
      describer.Describe(request, [&promise](Result<proto::DescribedJob> job) {
        promise.set_value(std::move(job));
      });
    });
    return future.get();
  }

  // A file with the serialized message, for `cat`.
  std::string FileWith(const proto::JobDescription& description) {
    const std::string path = directory_.path() + "/description";
    std::ofstream(path, std::ios::binary) << description.SerializeAsString();
    return path;
  }

  TemporaryDirectory directory_ = *TemporaryDirectory::Create();
  ThreadEventLoop loop_{"test"};
  ProcessSpawner spawner_;
};

TEST_F(ProcessJobDescriberTest, BringsTheJobAndPassesTheArguments) {
  proto::JobDescription description;
  description.mutable_described()->set_entry("main");
  description.mutable_described()->mutable_graph()->set_name("a job");
  const std::string seen = directory_.path() + "/arguments";
  const auto job = Describe(Concat("echo \"$@\" > ", seen, "; cat ", FileWith(description)));
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  EXPECT_EQ(job->graph().name(), "a job");
  std::string line;
  std::ifstream arguments(seen);
  std::getline(arguments, line);
  EXPECT_EQ(
      line,
      Concat("--role=describe --plugin ", directory_.path(),
             "/plugin --parallelism 3 --job main --argument==--rate --argument==7 --argument== "
             "--configuration pipeline.max-parallelism =-1"));
}

TEST_F(ProcessJobDescriberTest, ACrashCostsTheRequestOnly) {
  const Status status = Describe("echo 'about to crash' >&2; kill -SEGV $$").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.domain(), ErrorDomain::kUser);
  EXPECT_THAT(status.message(),
              HasSubstr("the job function of 'job.so' was killed by signal 11 (SIGSEGV)"));
  EXPECT_THAT(status.message(), HasSubstr("Its last output:\nabout to crash"));
}

TEST_F(ProcessJobDescriberTest, KillsWhatRunsTooLongWithItsChildren) {
  const Status status = Describe("sleep 1000 & wait", 200).status();
  EXPECT_THAT(status.message(), HasSubstr("did not end within 200 ms and was killed"));
}

TEST_F(ProcessJobDescriberTest, ExplainsAnExitWithoutADescription) {
  EXPECT_THAT(Describe("echo oops >&2; exit 3").status().message(),
              HasSubstr("exited with code 3 without a description of the job\nIts last output:\n"
                        "oops"));
  EXPECT_THAT(Describe("echo this is no message; exit 0").status().message(),
              HasSubstr("without a description of the job"));
}

TEST_F(ProcessJobDescriberTest, PassesTheJobsOwnErrorOn) {
  proto::JobDescription description;
  description.mutable_error()->set_code(static_cast<std::uint32_t>(StatusCode::kNotFound));
  description.mutable_error()->set_domain(static_cast<std::uint32_t>(ErrorDomain::kUser));
  description.mutable_error()->set_message("there is no job 'main'");
  const Status status = Describe("cat " + FileWith(description)).status();
  EXPECT_EQ(status, Status::NotFound("there is no job 'main'"));
}

TEST_F(ProcessJobDescriberTest, AsksWhichOfSeveralJobsIsMeant) {
  proto::JobDescription description;
  description.mutable_jobs()->add_names("a");
  description.mutable_jobs()->add_names("b");
  EXPECT_EQ(Describe("cat " + FileWith(description)).status().message(),
            "'job.so' has several jobs (a, b): name one of them");
}

TEST_F(ProcessJobDescriberTest, SaysWhenThereIsNoProgram) {
  ProcessJobDescriber describer({{1, "/nowhere/weir-worker"}}, spawner_, loop_);
  Status status;
  describer.Describe({.plugin_name = "job.so", .abi_number = 1},
                     [&](Result<proto::DescribedJob> job) { status = job.status(); });
  EXPECT_THAT(status.message(), HasSubstr("cannot describe the job"));
  describer.Describe({.plugin_name = "job.so", .abi_number = 2},
                     [&](Result<proto::DescribedJob> job) { status = job.status(); });
  EXPECT_THAT(status.message(), HasSubstr("built for ABI 2, for which no weir-worker"));
}

}  // namespace
}  // namespace weir::jobmanager
