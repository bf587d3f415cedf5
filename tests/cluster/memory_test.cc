// Memory stays bounded whatever a job does.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/cluster/memory_fixture.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;

TEST_F(MemoryTest, StoppedSinkUnderFullInput) {
  const auto flow = Soak() ? 10s : 3s;
  const auto stopped = Soak() ? 30s : 5s;
  StartCluster();
  const std::string folder = MakeFolder("stopped");
  const std::string gate = PathOf("stop");
  const std::string job = Submit({.plugin = PluginPath("cluster_exchange_job"),
                                  .entry = "exchange",
                                  .arguments = Arguments({{"output", folder},
                                                          {"records", "1000000000000"},
                                                          {"sources", "4"},
                                                          {"sinks", "4"},
                                                          {"counting", "1"},
                                                          {"stop-file", gate},
                                                          {"end-file", PathOf("end")}})});
  WaitUntilRunning(job);
  if (HasFatalFailure()) return;
  // Steady flow for a while: the wait is the measurement.
  WaitFor(flow, [] { return false; });
  const auto baseline = Baseline(Workers(job, "sink"));
  ASSERT_EQ(baseline.size(), 2U);
  Touch(gate);
  std::uint64_t at_stop = 0;
  WaitUntil("the sinks stand still", [&] {
    const std::uint64_t before = std::exchange(at_stop, ReadSummary(folder).records);
    return before == at_stop;
  });
  const std::int64_t growth = WorstGrowth(baseline, stopped, [] { return false; });
  EXPECT_EQ(ReadSummary(folder).records, at_stop);
  for (const auto& [pid, bytes] : baseline) {
    std::printf("worker %d: %ld MiB after %ld s of steady flow\n", pid,
                static_cast<long>(bytes / kMiB), static_cast<long>(flow.count()));
  }
  std::printf("sinks stopped for %ld s after %lu records: worst growth %ld KiB\n",
              static_cast<long>(stopped.count()), at_stop, static_cast<long>(growth / 1024));
  EXPECT_LE(growth, 64 * kMiB);
  std::filesystem::remove(gate);
  WaitUntil("the flow goes on", [&] { return ReadSummary(folder).records > at_stop; });
  Touch(PathOf("end"));
  WaitForState(job, "FINISHED");
}

TEST_F(MemoryTest, OneCallThatEmitsMillionsIntoASlowSink) {
  const std::int64_t records = Soak() ? 100'000'000 : 5'000'000;
  const std::int64_t rate = Soak() ? 1'500'000 : 1'000'000;
  StartCluster({.task_managers = 1, .slots = 1});
  const std::string folder = MakeFolder("flood");
  const std::string job = Submit({.plugin = PluginPath("cluster_flood_job"),
                                  .entry = "flood",
                                  .arguments = Arguments({{"output", folder},
                                                          {"records", std::to_string(records)},
                                                          {"sink-rate", std::to_string(rate)}})});
  WaitUntil("records arrive", [&] { return ReadSummary(folder).records > 0; });
  const auto baseline = Baseline(Workers(job, "sink"));
  const std::int64_t growth = WorstGrowth(baseline, 300s, [&] {
    return ReadSummary(folder).records >= static_cast<std::uint64_t>(records);
  });
  WaitForState(job, "FINISHED");
  EXPECT_EQ(ReadSummary(folder).records, static_cast<std::uint64_t>(records));
  std::printf("%ld records out of one call: worker RSS grew by %ld KiB at most\n",
              static_cast<long>(records), static_cast<long>(growth / 1024));
  EXPECT_LE(growth, 64 * kMiB);
}

TEST_F(MemoryTest, FloodDoesNotHoldUpTheSecondInputOfItsSlot) {
  const std::int64_t records = Soak() ? 100'000'000 : 5'000'000;
  const auto measured = Soak() ? 60s : 10s;
  StartCluster({.task_managers = 1, .slots = 1});
  const std::string folder = MakeFolder("beside");
  const std::string job = Submit({.plugin = PluginPath("cluster_flood_job"),
                                  .entry = "flood-beside",
                                  .arguments = Arguments({{"output", folder},
                                                          {"records", std::to_string(records)},
                                                          {"sink-rate", "100000"},
                                                          {"second-rate", "1000"},
                                                          {"end-file", PathOf("end")}})});
  WaitUntil("records of both inputs arrive", [&] {
    const ArrivalSummary summary = ReadSummary(folder);
    return summary.from_second_input > 0 && summary.records > summary.from_second_input;
  });
  const auto baseline = Baseline(Workers(job, "merge"));
  const std::int64_t growth = WorstGrowth(baseline, measured, [] { return false; });
  const ArrivalSummary summary = ReadSummary(folder);
  std::printf(
      "after %ld s: %lu records, %lu of the second input, worst latency %lu ms, RSS growth %ld "
      "KiB\n",
      static_cast<long>(measured.count()), summary.records, summary.from_second_input,
      summary.worst_latency_ms, static_cast<long>(growth / 1024));
  EXPECT_LT(summary.records, static_cast<std::uint64_t>(records))
      << "the flood ended before the measurement";
  EXPECT_GT(summary.from_second_input, static_cast<std::uint64_t>(measured.count()) * 500);
  EXPECT_LE(summary.worst_latency_ms, 1'000U);
  EXPECT_LE(growth, 64 * kMiB);
  ASSERT_TRUE(client().Cancel(job).ok());
  WaitForState(job, "CANCELED");
}

}  // namespace
}  // namespace weir::cluster_test
