// A slow consumer holds up its own channel and no other, not even on the same connection.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {
namespace {

class BackPressureTest : public ClusterTest {};

TEST_F(BackPressureTest, StoppedChannelDoesNotStopItsNeighboursOnTheConnection) {
  constexpr std::int64_t kRecords = 1'000'000;  // per source: far more than any buffer holds
  constexpr std::uint32_t kStopped = 2;
  StartCluster();
  const std::string folder = MakeFolder("opposite");
  const std::string gate = PathOf("stop");
  Touch(gate);
  // Source i sends to sink (i + 2) % 4 alone; sources 0 and 1 share the connection to the sinks 2
  // and 3.
  const std::string job =
      Submit({.plugin = PluginPath("cluster_exchange_job"),
              .entry = "exchange",
              .arguments = Arguments({{"exchange", "opposite"},
                                      {"output", folder},
                                      {"records", std::to_string(kRecords)},
                                      {"sources", "4"},
                                      {"sinks", "4"},
                                      {"counting", "1"},
                                      {"stop-file", gate},
                                      {"slow-sink", std::to_string(kStopped)}})});
  WaitUntilRunning(job);
  if (HasFatalFailure()) return;
  const auto sources = Subtasks(job, "source");
  const auto sinks = Subtasks(job, "sink");
  ASSERT_EQ(sources[0].worker_pid, sources[1].worker_pid);
  ASSERT_EQ(sinks[2].worker_pid, sinks[3].worker_pid);
  ASSERT_NE(sources[0].worker_pid, sinks[2].worker_pid);

  for (const std::uint32_t sink : {0U, 1U, 3U}) {
    WaitUntil("sink " + std::to_string(sink) + " has everything",
              [&] { return CountSummary(folder, sink) == static_cast<std::uint64_t>(kRecords); });
  }
  std::printf("with sink 2 stopped: %lu %lu %lu %lu records\n", CountSummary(folder, 0),
              CountSummary(folder, 1), CountSummary(folder, 2), CountSummary(folder, 3));
  EXPECT_EQ(CountSummary(folder, kStopped), 0U);
  EXPECT_EQ(Job(job).state, "RUNNING");

  std::filesystem::remove(gate);
  WaitForState(job, "FINISHED");
  EXPECT_EQ(CountSummary(folder, kStopped), static_cast<std::uint64_t>(kRecords));
}

}  // namespace
}  // namespace weir::cluster_test
