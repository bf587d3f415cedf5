#include "taskmanager/worker/worker_settings.h"

#include <gtest/gtest.h>

#include "common/settings.h"

namespace weir::worker {
namespace {

TEST(WorkerSettingsTest, TheJobsOwnSettingsReachEngineAndNetwork) {
  Configuration configuration;
  ASSERT_TRUE(configuration.Set(settings::kBufferTimeout.key, "7 ms").ok());
  ASSERT_TRUE(configuration.Set(settings::kCreditsPerChannel.key, "5").ok());
  ASSERT_TRUE(configuration.Set(settings::kOverdraftBuffers.key, "3").ok());
  ASSERT_TRUE(configuration.Set(settings::kMaximumBatchRecords.key, "9").ok());
  const WorkerIdentity identity{.worker_id = "w", .job_id = "j"};
  const task::TaskEngineOptions engine =
      EngineOptionsOf(identity, {.count = 4, .of_job = 2}, configuration);
  EXPECT_EQ(engine.worker_id, "w");
  EXPECT_EQ(engine.job_id, "j");
  EXPECT_EQ(engine.slot_count, 4u);
  EXPECT_EQ(engine.buffer_timeout_ms, 7);
  EXPECT_EQ(engine.credits_per_channel, 5u);
  EXPECT_EQ(engine.overdraft_batches, 3u);
  EXPECT_EQ(engine.maximum_batch_records, 9u);
  const network::NetworkOptions network = NetworkOptionsOf(configuration);
  EXPECT_EQ(network.credits.exclusive, 5u);
  EXPECT_EQ(network.credits.maximum_floating, 5u);
}

// A TaskManager's workers together keep to its memory.
TEST(WorkerSettingsTest, StoresHaveTheMemoryOfTheJobsSlotsAlone) {
  Configuration configuration;
  ASSERT_TRUE(configuration.Set(settings::kTaskManagerMemoryProcessSize.key, "1 gb").ok());
  ASSERT_TRUE(configuration.Set(settings::kManagedMemoryFraction.key, "0.5").ok());
  ASSERT_TRUE(configuration.Set(settings::kTaskManagerSlots.key, "4").ok());
  const auto memory_of = [&](const WorkerSlots& slots) {
    return EngineOptionsOf({.job_id = "j"}, slots, configuration).store_backend.memory.memory_bytes;
  };
  EXPECT_EQ(memory_of({.count = 4, .of_job = 1}), 128u << 20);
  EXPECT_EQ(memory_of({.count = 4, .of_job = 4}), 512u << 20);
}

TEST(WorkerSettingsTest, WithoutAnIntervalAndAPlaceThereAreNoCheckpoints) {
  const task::TaskEngineOptions engine = EngineOptionsOf({.job_id = "j"}, {}, Configuration());
  EXPECT_FALSE(engine.checkpoints_enabled);
  EXPECT_TRUE(engine.exactly_once);
  EXPECT_EQ(engine.checkpoint_directory, "");
  EXPECT_EQ(engine.inline_state_bytes, 20u << 10);
}

TEST(WorkerSettingsTest, CheckpointsGoToTheJobsOwnFolder) {
  Configuration configuration;
  ASSERT_TRUE(configuration.Set(settings::kCheckpointingInterval.key, "1 s").ok());
  ASSERT_TRUE(configuration.Set(settings::kCheckpointingMode.key, "AT_LEAST_ONCE").ok());
  ASSERT_TRUE(configuration.Set(settings::kCheckpointingDirectory.key, "file:///data/chk/").ok());
  ASSERT_TRUE(configuration.Set(settings::kCheckpointingInlineThreshold.key, "1 kb").ok());
  const task::TaskEngineOptions engine = EngineOptionsOf({.job_id = "j"}, {}, configuration);
  EXPECT_TRUE(engine.checkpoints_enabled);
  EXPECT_FALSE(engine.exactly_once);
  EXPECT_EQ(engine.checkpoint_directory, "/data/chk/j");
  EXPECT_EQ(engine.inline_state_bytes, 1024u);
}

TEST(WorkerSettingsTest, ThePeerHearsWhoAWorkerIs) {
  const WorkerIdentity identity{.worker_id = "w",
                                .job_id = "j",
                                .cluster_id = "c",
                                .job_epoch = 3,
                                .leader_epoch = 4,
                                .leader_id = "l"};
  const network::JobIdentity job = JobIdentityOf(identity);
  EXPECT_EQ(job.cluster_id, "c");
  EXPECT_EQ(job.job_id, "j");
  EXPECT_EQ(job.job_epoch, 3u);
  EXPECT_EQ(job.leader_epoch, 4u);
  EXPECT_EQ(job.leader_session_id, "l");
}

TEST(WorkerSettingsTest, TasksComeBackWithCheckpointsOrARestartStrategy) {
  EXPECT_FALSE(SubtasksRestart(Configuration()));
  Configuration restarting;
  ASSERT_TRUE(restarting.Set(settings::kRestartStrategy.key, "fixed-delay").ok());
  EXPECT_TRUE(SubtasksRestart(restarting));
  Configuration none;
  ASSERT_TRUE(none.Set(settings::kRestartStrategy.key, "none").ok());
  EXPECT_FALSE(SubtasksRestart(none));
  // It may be the JobManager that has no strategy set; then checkpoints bring one.
  ASSERT_TRUE(none.Set(settings::kCheckpointingInterval.key, "1 s").ok());
  EXPECT_TRUE(SubtasksRestart(none));
}

}  // namespace
}  // namespace weir::worker
