// More parallelism than slots: the job waits, says what for, and either gets it or ends with that
// text.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class SlotsTest : public ClusterTest {
 protected:
  std::string SubmitWide(const std::string& folder,
                         const std::map<std::string, std::string>& configuration) {
    return Submit(
        {.plugin = PluginPath("cluster_exchange_job"),
         .entry = "exchange",
         .arguments = Arguments({{"output", MakeFolder(folder)}, {"sources", "6"}, {"sinks", "6"}}),
         .configuration = configuration});
  }
};

TEST_F(SlotsTest, WaitingForSlotsIsExplainedAndTimesOutWithThatText) {
  StartCluster();
  const std::string job = SubmitWide("wide", {{"slot.request.timeout", "2 s"}});
  std::string waiting;
  WaitUntil("the job says what it waits for", [&] {
    waiting = Job(job).details;
    return !waiting.empty();
  });
  std::printf("while waiting: %s\n", waiting.c_str());
  EXPECT_THAT(waiting, testing::AllOf(HasSubstr("6"), HasSubstr("4"), HasSubstr("slot")));
  WaitForState(job, "FAILED");
  const std::string failure = FailureText(job);
  std::printf("in the end: %s\n", failure.c_str());
  EXPECT_THAT(failure, testing::AllOf(HasSubstr("6"), HasSubstr("4"), HasSubstr("slot")));
}

TEST_F(SlotsTest, RunsWhenSlotsAppear) {
  StartCluster();
  const std::string job = SubmitWide("later", {});
  WaitUntil("the job waits", [&] { return !Job(job).details.empty(); });
  ASSERT_TRUE(cluster().StartTaskManager(2).ok());
  WaitForState(job, "FINISHED");
  EXPECT_EQ(CountArrivals(PathOf("later")), 6'000U);
  EXPECT_EQ(Job(job).restarts, 0);
}

}  // namespace
}  // namespace weir::cluster_test
