#include "taskmanager/worker/task_conversion.h"

#include <gtest/gtest.h>

#include "proto/conversion/status_conversion.h"
#include "proto/session.pb.h"

namespace weir::worker {
namespace {

TEST(TaskConversionTest, ADeploymentBringsWhatATaskStartsFrom) {
  proto::DeployTasks message;
  message.add_tasks()->set_vertex(2);
  proto::TaskDeployment* const restored = message.add_tasks();
  restored->mutable_restore()->set_checkpoint_id(9);
  restored->mutable_restore()->set_directory("/chk/job");
  proto::RestoreSource* const source = restored->mutable_restore()->add_sources();
  source->add_operator_ids("a");
  source->set_subtask(1);
  source->set_parallelism(2);
  source->set_max_parallelism(128);
  source->add_handles()->set_inline_("bytes");
  proto::StateFile* const file = source->add_handles()->mutable_file();
  file->set_path("chk-9/f");
  file->set_size_bytes(70);
  file->set_footer_checksum(5);

  const task::Deployment deployment = FromProto(message);
  ASSERT_EQ(deployment.tasks.size(), 2U);
  EXPECT_FALSE(deployment.tasks[0].restore.has_value());
  ASSERT_TRUE(deployment.tasks[1].restore.has_value());
  const task::TaskRestore& restore = *deployment.tasks[1].restore;
  EXPECT_EQ(restore.checkpoint_id, 9U);
  EXPECT_EQ(restore.directory, "/chk/job");
  ASSERT_EQ(restore.sources.size(), 1U);
  EXPECT_EQ(restore.sources[0].operator_ids, std::vector<std::string>{"a"});
  EXPECT_EQ(restore.sources[0].subtask, 1U);
  EXPECT_EQ(restore.sources[0].parallelism, 2U);
  EXPECT_EQ(restore.sources[0].max_parallelism, 128U);
  ASSERT_EQ(restore.sources[0].handles.size(), 2U);
  EXPECT_EQ(restore.sources[0].handles[0],
            checkpoint::StateHandle{checkpoint::InlineState{"bytes"}});
  EXPECT_EQ(restore.sources[0].handles[1],
            (checkpoint::StateHandle{checkpoint::StateFileLocation{"chk-9/f", 70, 5}}));
}

TEST(TaskConversionTest, ATriggerIsABarrierAndItsTasks) {
  proto::TriggerCheckpoint message;
  message.set_checkpoint_id(4);
  message.set_trigger_time_ms(1234);
  message.set_kind(proto::SAVEPOINT);
  message.set_unaligned(true);
  message.add_tasks()->set_subtask(3);
  const CheckpointTrigger trigger = FromProto(message);
  EXPECT_EQ(trigger.barrier, (internal::Barrier{.checkpoint_id = 4,
                                                .trigger_time_ms = 1234,
                                                .kind = internal::BarrierKind::kSavepoint,
                                                .unaligned = true}));
  EXPECT_EQ(trigger.tasks, (std::vector<task::TaskAttempt>{{0, 3, 0}}));
}

TEST(TaskConversionTest, AnAcknowledgementCarriesStateAndCosts) {
  task::CheckpointAcknowledgement acknowledgement{.task = {1, 2, 3}, .checkpoint_id = 4};
  acknowledgement.state.handles = {{checkpoint::InlineState{"bytes"}},
                                   {checkpoint::StateFileLocation{"chk-4/f", 70, 5}}};
  acknowledgement.state.has_operator_state = true;
  acknowledgement.state.has_union_state = true;
  acknowledgement.metrics = {.start_delay_ms = 1,
                             .alignment_ms = 2,
                             .sync_us = 3,
                             .async_ms = 4,
                             .state_bytes = 75,
                             .written_bytes = 25};
  proto::CheckpointAcknowledged message;
  ToProto(acknowledgement, &message);
  EXPECT_EQ(message.task().attempt(), 3U);
  EXPECT_EQ(message.checkpoint_id(), 4U);
  EXPECT_EQ(message.state().subtask(), 2U);
  ASSERT_EQ(message.state().handles_size(), 2);
  EXPECT_EQ(message.state().handles(0).inline_(), "bytes");
  EXPECT_EQ(message.state().handles(1).file().path(), "chk-4/f");
  EXPECT_EQ(message.state().handles(1).file().size_bytes(), 70U);
  EXPECT_EQ(message.state().handles(1).file().footer_checksum(), 5U);
  EXPECT_TRUE(message.state().has_operator_state());
  EXPECT_TRUE(message.state().has_union_state());
  EXPECT_EQ(message.metrics().start_delay_ms(), 1);
  EXPECT_EQ(message.metrics().alignment_ms(), 2);
  EXPECT_EQ(message.metrics().sync_us(), 3);
  EXPECT_EQ(message.metrics().async_ms(), 4);
  EXPECT_EQ(message.metrics().state_bytes(), 75U);
  EXPECT_EQ(message.metrics().written_bytes(), 25U);
}

TEST(TaskConversionTest, ADeclineSaysWhy) {
  proto::CheckpointDeclined message;
  ToProto({.task = {1, 2, 3}, .checkpoint_id = 4, .cause = Status::IoError("no space left")},
          &message);
  EXPECT_EQ(message.task().vertex(), 1U);
  EXPECT_EQ(message.checkpoint_id(), 4U);
  EXPECT_EQ(proto::StatusFromError(message.error()), Status::IoError("no space left"));
}

TEST(TaskConversionTest, AFailureSaysWhetherTheRestoreDidIt) {
  task::TaskStateChange change{.task = {1, 2, 3}, .state = task::TaskState::kFailed};
  change.failure = task::TaskFailure{.cause = Status::Corruption("x"), .restore_failed = true};
  proto::TaskStateChange message;
  ToProto(change, "tm", &message);
  EXPECT_TRUE(message.failure().restore_failed());
}

}  // namespace
}  // namespace weir::worker
