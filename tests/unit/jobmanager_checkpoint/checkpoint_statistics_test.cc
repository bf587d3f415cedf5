// What can be seen of checkpoints, and what their settings say.
#include "jobmanager/checkpoint/checkpoint_statistics.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/configuration.h"
#include "jobmanager/checkpoint/checkpoint_configuration.h"

namespace weir::jobmanager {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(SampleSummaryTest, KnowsAllForTheEndsAndTheNewestForTheParts) {
  SampleSummary summary;
  EXPECT_EQ(summary.Percentile(0.5), 0);
  for (std::int64_t value = 1; value <= 100; ++value) summary.Add(value);
  EXPECT_EQ(summary.minimum(), 1);
  EXPECT_EQ(summary.maximum(), 100);
  EXPECT_EQ(summary.average(), 51);
  EXPECT_EQ(summary.Percentile(0.5), 50);
  EXPECT_EQ(summary.Percentile(0.99), 99);
  EXPECT_EQ(summary.Percentile(1), 100);
  for (std::size_t more = 0; more < SampleSummary::kMostSamples; ++more) summary.Add(7);
  EXPECT_EQ(summary.minimum(), 1);
  EXPECT_EQ(summary.Percentile(0.999), 7) << "the first hundred have gone";
}

std::vector<std::uint64_t> Ids(const CheckpointStatistics& statistics) {
  std::vector<std::uint64_t> ids;
  for (const CheckpointRecord& record : statistics.history()) ids.push_back(record.id);
  return ids;
}

TEST(CheckpointStatisticsTest, RemembersTheNewestAndWhateverIsUnderWay) {
  CheckpointStatistics statistics;
  statistics.OnStarted(1, 100);
  for (std::uint64_t id = 2; id <= 13; ++id) {
    statistics.OnStarted(id, 100);
    if (id == 2) {
      statistics.OnFailed(id, "declined", 110, 10);
    } else {
      statistics.OnCompleted(id, "/chk", 110, 10);
    }
  }
  EXPECT_THAT(Ids(statistics), ElementsAre(13, 12, 11, 10, 9, 8, 7, 6, 5, 1));
  EXPECT_EQ(statistics.counts().in_progress, 1u);
  EXPECT_EQ(statistics.counts().total(), 13u);
  ASSERT_NE(statistics.Find(2), nullptr) << "the latest failure stays";
  EXPECT_EQ(statistics.Find(2)->failure, "declined");
  EXPECT_EQ(statistics.Find(3), nullptr);
  statistics.OnDiscarded(13);
  EXPECT_TRUE(statistics.latest_completed()->discarded);
  EXPECT_TRUE(statistics.history().front().discarded);
}

TEST(CheckpointStatisticsTest, AddsUpTheSubtasks) {
  CheckpointStatistics statistics;
  statistics.OnStarted(1, 100);
  statistics.OnTriggered(1, {{.index = {0, 0}, .finished = true}, {.index = {0, 1}}});
  proto::SubtaskCheckpointMetrics metrics;
  metrics.set_state_bytes(30);
  metrics.set_written_bytes(3);
  statistics.OnAcknowledged(1, {0, 1}, metrics, 150, 50);
  statistics.OnAcknowledged(1, {0, 1}, metrics, 160, 60);
  const CheckpointRecord& record = statistics.history().front();
  EXPECT_EQ(record.state_bytes, 30u) << "once";
  EXPECT_EQ(record.acknowledged, 1u);
  EXPECT_EQ(record.latest_acknowledge_time_ms, 150);
  EXPECT_TRUE(record.subtasks[0].finished);
  EXPECT_EQ(record.subtasks[1].metrics.written_bytes(), 3u);
}

TEST(CheckpointConfigurationTest, ReadsTheSettings) {
  Configuration configuration;
  EXPECT_FALSE(*CheckpointConfigurationOf(configuration)) << "off";
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"interval", "2 s"},
           {"dir", "file:///checkpoints"},
           {"mode", "at_least_once"},
           {"timeout", "1 min"},
           {"min-pause", "500 ms"},
           {"max-concurrent-checkpoints", "3"},
           {"tolerable-failed-checkpoints", "4"},
           {"num-retained", "5"},
           {"externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION"}}) {
    ASSERT_TRUE(configuration.Set("execution.checkpointing." + key, value).ok());
  }
  const auto read = CheckpointConfigurationOf(configuration);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  const CheckpointConfiguration& settings = **read;
  EXPECT_EQ(settings.policy.interval_ms, 2'000);
  EXPECT_EQ(settings.directory, "/checkpoints");
  EXPECT_EQ(settings.mode, CheckpointingMode::kAtLeastOnce);
  EXPECT_EQ(settings.policy.timeout_ms, 60'000);
  EXPECT_EQ(settings.policy.min_pause_ms, 500);
  EXPECT_EQ(settings.policy.max_concurrent, 3);
  EXPECT_EQ(settings.policy.tolerable_failures, 4);
  EXPECT_EQ(settings.retained, 5u);
  EXPECT_EQ(settings.retention, CheckpointRetention::kRetainOnCancellation);
}

TEST(CheckpointConfigurationTest, SettingsHaveBounds) {
  Configuration configuration;
  EXPECT_THAT(configuration.Set("execution.checkpointing.interval", "9 ms").message(),
              HasSubstr("execution.checkpointing.interval"));
  EXPECT_FALSE(configuration.Set("execution.checkpointing.num-retained", "0").ok());
  EXPECT_FALSE(configuration.Set("execution.checkpointing.max-concurrent-checkpoints", "0").ok());
  EXPECT_THAT(configuration.Set("execution.checkpointing.mode", "ONCE").message(),
              AllOf(HasSubstr("EXACTLY_ONCE"), HasSubstr("AT_LEAST_ONCE")));
}

}  // namespace
}  // namespace weir::jobmanager
