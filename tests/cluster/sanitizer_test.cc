// In builds with ThreadSanitizer: a report in any process fails the test that started it.
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {
namespace {

class SanitizerTest : public ClusterTest {};

TEST_F(SanitizerTest, ReportInAnyProcessFailsTheTest) {
  StartCluster({});
  const std::string job = Submit({.plugin = PluginPath("cluster_faulty_job"), .entry = "racing"});
  WaitForState(job, "FINISHED");
  const Status stopped = cluster_->Stop();
  cluster_.reset();
  std::set<std::string> processes;
  for (const std::string_view line : Split(stopped.message(), '\n')) {
    const std::size_t colon = line.find(": WARNING: ThreadSanitizer: data race");
    if (colon != std::string_view::npos) processes.emplace(line.substr(0, colon));
  }
  // The process that described the job, whose error output nobody keeps, the coordinator and a
  // worker.
  EXPECT_EQ(processes.size(), 3u) << stopped.message();
}

}  // namespace
}  // namespace weir::cluster_test
