// Exactly once, whoever is killed and when: numbers through keyBy, state and windows into files,
// checked by a reader that knows nothing of the engine. The same from Kafka:
// exactly_once_kafka_test.cc.
#include <string>

#include <gtest/gtest.h>

#include "tests/cluster/disturbed_job.h"

namespace weir::cluster_test {
namespace {

class ExactlyOnceTest : public DisturbedJobTest {
 protected:
  std::string SubmitNumbered(std::int64_t records, const CheckpointVariant& variant) {
    arguments_.records = records;
    output_ = MakeFolder("output");
    return Submit({.plugin = PluginPath("cluster_numbered_job"),
                   .entry = "numbered",
                   .arguments = Arguments({{"output", output_},
                                           {"records", std::to_string(arguments_.records)},
                                           {"rate", std::to_string(kRecordsPerSecond)}}),
                   .parallelism = 2,
                   .configuration = Configuration(variant)});
  }

  NumberedArguments arguments_;
  std::string output_;
};

// Once for each way to take checkpoints.
class ExactlyOnceVariantTest : public ExactlyOnceTest,
                               public testing::WithParamInterface<CheckpointVariant> {};

INSTANTIATE_TEST_SUITE_P(All, ExactlyOnceVariantTest, testing::ValuesIn(CheckpointVariants()),
                         [](const auto& info) { return info.param.name; });

TEST_P(ExactlyOnceVariantTest, UndisturbedWithACheckpointEvery50Milliseconds) {
  ASSERT_NO_FATAL_FAILURE(StartCluster());
  const std::string job = SubmitNumbered(2 * kRecordsPerSecond, GetParam());
  WaitForState(job, "FINISHED");
  ExpectExactlyOnce(arguments_, output_);
  EXPECT_EQ(Job(job).restarts, 0);
}

TEST_F(ExactlyOnceTest, WorkersAndCoordinatorsAreKilled) {
  ASSERT_NO_FATAL_FAILURE(StartCluster());
  const std::string job = SubmitNumbered(RecordsForKills(), VariantOfRun(seed_, 0));
  Disturb(job, [](ProcessKiller&) { return Victim::kWorker; });
  ExpectExactlyOnce(arguments_, output_);
}

TEST_F(ExactlyOnceTest, TaskManagersAreKilled) {
  ASSERT_NO_FATAL_FAILURE(StartCluster());
  const std::string job = SubmitNumbered(RecordsForKills(), VariantOfRun(seed_, 1));
  Disturb(job, [](ProcessKiller&) { return Victim::kTaskManager; });
  ExpectExactlyOnce(arguments_, output_);
}

TEST_P(ExactlyOnceVariantTest, AnyProcessIsKilled) {
  ASSERT_NO_FATAL_FAILURE(StartRecoverableCluster());
  const std::string job = SubmitNumbered(RecordsForKills(), GetParam());
  Disturb(job, [](ProcessKiller& killer) { return killer.ChooseVictim(); });
  ExpectExactlyOnce(arguments_, output_);
}

}  // namespace
}  // namespace weir::cluster_test
