// User code that goes wrong costs its own job only, and the error says who, where and why.
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weir/internal/plugin.h>

#include "common/text.h"
#include "tests/cluster/neighbour.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class UserCodeTest : public ClusterTest {
 protected:
  // Four slots in all: the neighbour has two of them, the faulty job the others, on the same
  // TaskManagers.
  void StartWithNeighbour(std::map<std::string, std::string> settings = {}) {
    StartCluster({.settings = std::move(settings)});
    if (HasFatalFailure()) return;
    neighbour_ = Submit(NeighbourJob(MakeFolder("neighbour"), PathOf("neighbour-end")));
    WaitUntilRunning(neighbour_);
    WaitUntil("the neighbour's records arrive",
              [&] { return CountArrivals(PathOf("neighbour")) > 0; });
  }
  void EndNeighbour() {
    const std::uint64_t before = CountArrivals(PathOf("neighbour"));
    WaitUntil("the neighbour goes on", [&] { return CountArrivals(PathOf("neighbour")) > before; });
    Touch(PathOf("neighbour-end"));
    WaitForState(neighbour_, "FINISHED");
    EXPECT_EQ(Job(neighbour_).restarts, 0);
    ExpectNothingMissed(PathOf("neighbour"));
  }

  JobRequest Faulty(const std::string& fault,
                    std::map<std::string, std::string> configuration = {}) {
    return {.plugin = PluginPath("cluster_faulty_job"),
            .entry = "faulty",
            .arguments = Arguments({{"fault", fault},
                                    {"output", MakeFolder(fault)},
                                    {"subtask", "1"},
                                    {"parallelism", "2"},
                                    {"records", "1000000000"},
                                    {"rate", "20000"},
                                    {"end-file", PathOf(fault + "-end")}}),
            .configuration = std::move(configuration)};
  }
  // Runs a job to its failure without restart; the failures.
  std::string FailWith(const std::string& fault) {
    const std::string job = Submit(Faulty(fault));
    WaitForState(job, "FAILED");
    const std::string text = FailureText(job);
    std::printf("%s: %s\n", fault.c_str(), text.c_str());
    return text;
  }

  std::string neighbour_;
};

TEST_F(UserCodeTest, CrashesAndExceptionsNameOperatorSubtaskAndCause) {
  StartWithNeighbour();
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_THAT(FailWith("segfault"),
              AllOf(HasSubstr("misbehave"), HasSubstr("2/2"), HasSubstr("SIGSEGV")));
  EXPECT_THAT(FailWith("overflow"),
              AllOf(HasSubstr("misbehave"), HasSubstr("2/2"), HasSubstr("SIGSEGV")));
  EXPECT_THAT(FailWith("abort"),
              AllOf(HasSubstr("misbehave"), HasSubstr("2/2"), HasSubstr("SIGABRT")));
  EXPECT_THAT(FailWith("throw"), AllOf(HasSubstr("misbehave"), HasSubstr("2/2"),
                                       HasSubstr("the map does not like record 1000")));
  EXPECT_THAT(FailWith("exit"), AllOf(HasSubstr("worker"), HasSubstr("7")));
  EndNeighbour();
}

TEST_F(UserCodeTest, CrashIsRestartedWhereTheStrategySaysSo) {
  StartWithNeighbour();
  ASSERT_FALSE(HasFatalFailure());
  JobRequest request = Faulty("segfault", FixedDelayRestart(3));
  request.arguments.insert(request.arguments.end(), {"--attempts", "1"});
  const std::string job = Submit(request);
  WaitUntil("the job was restarted", [&] { return Job(job).restarts == 1; });
  WaitUntilRunning(job);
  Touch(PathOf("segfault-end"));
  WaitForState(job, "FINISHED");
  EXPECT_EQ(Job(job).restarts, 1);
  EndNeighbour();
}

TEST_F(UserCodeTest, LeakedThreadsEndWithTheJob) {
  StartWithNeighbour();
  ASSERT_FALSE(HasFatalFailure());
  const std::string job = Submit(Faulty("threads"));
  WaitUntil("the job leaks and goes on", [&] { return CountArrivals(PathOf("threads")) > 20'000; });
  std::set<pid_t> workers;
  for (const SubtaskView& subtask : Subtasks(job, "misbehave")) workers.insert(subtask.worker_pid);
  ASSERT_TRUE(client().Cancel(job).ok());
  WaitForState(job, "CANCELED");
  WaitUntil("its workers are gone", [&] {
    for (const pid_t pid : cluster().WorkerPids()) {
      if (workers.contains(pid)) return false;
    }
    return true;
  });
  EndNeighbour();
}

TEST_F(UserCodeTest, EndlessLoopIsNamedAndCancelIsBounded) {
  constexpr auto kGrace = 2s;
  StartWithNeighbour({{"task.stuck-threshold", "1 s"}, {"task.cancellation.timeout", "2 s"}});
  ASSERT_FALSE(HasFatalFailure());
  const auto start = std::chrono::steady_clock::now();
  const std::string job = Submit(Faulty("loop"));
  std::string warning;
  WaitUntil(
      "the status names the loop",
      [&] {
        for (const std::string& text : Job(job).warnings) warning = text;
        return !warning.empty();
      },
      10s);
  std::printf("named after %ld ms: %s\n", static_cast<long>(MillisSince(start)), warning.c_str());
  EXPECT_THAT(warning, AllOf(HasSubstr("misbehave"), HasSubstr("2/2")));

  const auto cancel = std::chrono::steady_clock::now();
  ASSERT_TRUE(client().Cancel(job).ok());
  WaitForState(job, "CANCELED");
  const std::int64_t took_ms = MillisSince(cancel);
  std::printf("canceled after %ld ms with a grace of 2 s\n", static_cast<long>(took_ms));
  EXPECT_LT(took_ms, std::chrono::milliseconds(kGrace + 3s).count());
  EndNeighbour();
}

// A copy of a plugin whose note claims another ABI number.
void CopyWithAbi(const std::string& from, const std::string& to, char abi) {
  std::ifstream input(from, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(input), {});
  const std::string claim = Concat("abi=", internal::kAbiNumber, "\n");
  const std::size_t at = bytes.find(claim);
  ASSERT_NE(at, std::string::npos) << from << " has no note";
  for (std::size_t next = at; next != std::string::npos; next = bytes.find(claim, next + 1)) {
    bytes[next + claim.size() - 2] = abi;
  }
  std::ofstream(to, std::ios::binary) << bytes;
}

TEST_F(UserCodeTest, WrongAbiIsRefusedBeforeAnythingRuns) {
  StartWithNeighbour();
  ASSERT_FALSE(HasFatalFailure());
  const std::string other = PathOf("other_abi.so");
  CopyWithAbi(PluginPath("cluster_flood_job"), other, '9');
  for (const JobRequest& request :
       {JobRequest{.plugin = PluginPath("cluster_wrong_abi_plugin"), .entry = "mismatch"},
        JobRequest{.plugin = other, .entry = "flood"}}) {
    const auto job = client().Submit(request);
    ASSERT_FALSE(job.ok());
    std::printf("%s\n", job.status().message().c_str());
    EXPECT_THAT(job.status().message(), HasSubstr("ABI"));
  }
  EndNeighbour();
}

}  // namespace
}  // namespace weir::cluster_test
