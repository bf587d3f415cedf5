// Every way to distribute records, across two TaskManagers, proved by where each record arrived.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weir/stable_hash.h>

#include "tests/cluster/cluster_fixture.h"

namespace weir::cluster_test {
namespace {

constexpr std::int64_t kRecords = 20'000;  // per source subtask
constexpr std::uint32_t kMaxParallelism = 128;

// How many records went from each source subtask to each sink subtask.
using Matrix = std::array<std::array<std::uint64_t, 4>, 4>;

class PartitionerTest : public ClusterTest {
 protected:
  // Runs one exchange to its end and checks that the sinks stood on both TaskManagers.
  std::vector<ArrivedRecord> Run(const std::string& kind, std::uint32_t sources,
                                 std::uint32_t sinks) {
    const std::string folder = MakeFolder(kind + std::to_string(sources) + std::to_string(sinks));
    const std::string job = Submit({.plugin = PluginPath("cluster_exchange_job"),
                                    .entry = "exchange",
                                    .arguments = Arguments({{"exchange", kind},
                                                            {"output", folder},
                                                            {"records", std::to_string(kRecords)},
                                                            {"sources", std::to_string(sources)},
                                                            {"sinks", std::to_string(sinks)}})});
    WaitForState(job, "FINISHED");
    if (HasFatalFailure()) return {};
    std::set<std::string> task_managers;
    for (const SubtaskView& subtask : Subtasks(job, "source")) {
      task_managers.insert(subtask.task_manager);
    }
    for (const SubtaskView& subtask : Subtasks(job, "sink")) {
      task_managers.insert(subtask.task_manager);
      EXPECT_EQ(subtask.records_in, CountArrivals(folder, subtask.index))
          << "the counter of sink " << subtask.index;
    }
    EXPECT_THAT(task_managers, testing::ElementsAre("tm-0", "tm-1"));
    return ReadArrivals(folder);
  }

  static Matrix Count(const std::string& kind, const std::vector<ArrivedRecord>& arrivals) {
    Matrix matrix{};
    for (const ArrivedRecord& record : arrivals)
      ++matrix[record.source_subtask][record.sink_subtask];
    for (std::size_t source = 0; source < 4; ++source) {
      std::printf("%s: source %zu -> %lu %lu %lu %lu\n", kind.c_str(), source, matrix[source][0],
                  matrix[source][1], matrix[source][2], matrix[source][3]);
    }
    return matrix;
  }

  // Every record of every source exactly `times`.
  static void ExpectEach(const std::vector<ArrivedRecord>& arrivals, std::uint32_t sources,
                         std::uint32_t times) {
    for (std::uint32_t source = 0; source < sources; ++source) {
      const auto counts = Occurrences(arrivals, source, kRecords);
      EXPECT_THAT(counts, testing::Each(times)) << "source " << source;
    }
    EXPECT_EQ(arrivals.size(), static_cast<std::size_t>(kRecords) * sources * times);
  }
};

TEST_F(PartitionerTest, EveryKindDeliversEachRecordToTheRightSubtask) {
  StartCluster();

  auto arrivals = Run("forward", 4, 4);
  ExpectEach(arrivals, 4, 1);
  for (const ArrivedRecord& record : arrivals)
    ASSERT_EQ(record.source_subtask, record.sink_subtask);

  // In turn: each pair has its share, past those that lag.
  arrivals = Run("rebalance", 4, 4);
  ExpectEach(arrivals, 4, 1);
  for (const auto& row : Count("rebalance", arrivals))
    EXPECT_THAT(row, testing::Each(testing::Gt(0U)));

  // 2 -> 4: source i feeds 2i and 2i + 1; 4 -> 2: sources 2i and 2i + 1 feed i.
  arrivals = Run("rescale", 2, 4);
  ExpectEach(arrivals, 2, 1);
  for (const ArrivedRecord& record : arrivals)
    ASSERT_EQ(record.sink_subtask / 2, record.source_subtask);
  Matrix matrix = Count("rescale 2->4", arrivals);
  EXPECT_GT(matrix[0][0], 0U);
  EXPECT_GT(matrix[0][1], 0U);
  EXPECT_GT(matrix[1][2], 0U);
  EXPECT_GT(matrix[1][3], 0U);
  arrivals = Run("rescale", 4, 2);
  ExpectEach(arrivals, 4, 1);
  for (const ArrivedRecord& record : arrivals)
    ASSERT_EQ(record.sink_subtask, record.source_subtask / 2);

  // At random: no pair is far from its quarter (20 000 draws: 25 % ± 2 % is more than six
  // deviations).
  arrivals = Run("shuffle", 4, 4);
  ExpectEach(arrivals, 4, 1);
  for (const auto& row : Count("shuffle", arrivals)) {
    EXPECT_THAT(row, testing::Each(testing::AllOf(testing::Gt(4'600U), testing::Lt(5'400U))));
  }

  arrivals = Run("broadcast", 4, 4);
  ExpectEach(arrivals, 4, 4);
  for (const auto& row : Count("broadcast", arrivals)) {
    EXPECT_THAT(row, testing::Each(static_cast<std::uint64_t>(kRecords)));
  }

  arrivals = Run("global", 4, 4);
  ExpectEach(arrivals, 4, 1);
  for (const ArrivedRecord& record : arrivals) ASSERT_EQ(record.sink_subtask, 0U);

  arrivals = Run("custom", 4, 4);
  ExpectEach(arrivals, 4, 1);
  for (const ArrivedRecord& record : arrivals) ASSERT_EQ(record.sink_subtask, record.value % 4);

  arrivals = Run("key", 4, 4);
  ExpectEach(arrivals, 4, 1);
  Count("key", arrivals);
  for (const ArrivedRecord& record : arrivals) {
    const std::uint32_t group = KeyGroupOf(StableHash(record.value), kMaxParallelism);
    ASSERT_EQ(record.sink_subtask, SubtaskOf(group, 4, kMaxParallelism)) << "key " << record.value;
  }
}

}  // namespace
}  // namespace weir::cluster_test
