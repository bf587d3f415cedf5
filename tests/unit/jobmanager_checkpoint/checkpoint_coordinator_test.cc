// When checkpoints are taken and how they end.
#include "jobmanager/checkpoint/checkpoint_coordinator.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/manual_event_loop.h"
#include "common/text.h"
#include "proto/conversion/status_conversion.h"
#include "tests/unit/jobmanager_checkpoint/recording_effects.h"
#include "tests/unit/jobmanager_checkpoint/running_graph.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckpointCoordinatorTest : public testing::Test {
 protected:
  void Make(CheckpointPolicy policy, bool has_coordinators = false) {
    policy.interval_ms = policy.interval_ms == 0 ? 1'000 : policy.interval_ms;
    coordinator_ = std::make_unique<CheckpointCoordinator>(
        loop_, clock_, graph_, policy, has_coordinators, 1, statistics_, effects_);
    RunAllTasks(graph_);
    coordinator_->Start();
  }
  bool Acknowledge(std::uint64_t id, std::uint32_t vertex, std::uint32_t subtask,
                   std::uint32_t attempt = 0) {
    proto::CheckpointAcknowledged message;
    message.set_checkpoint_id(id);
    message.mutable_task()->set_vertex(vertex);
    message.mutable_task()->set_subtask(subtask);
    message.mutable_task()->set_attempt(attempt);
    message.mutable_metrics()->set_state_bytes(10);
    return coordinator_->OnAcknowledged(std::move(message));
  }
  void AcknowledgeAll(std::uint64_t id) {
    Acknowledge(id, 0, 0);
    Acknowledge(id, 0, 1);
    Acknowledge(id, 1, 0);
  }
  bool Decline(std::uint64_t id, std::uint32_t vertex, std::uint32_t subtask,
               const Status& reason) {
    proto::CheckpointDeclined message;
    message.set_checkpoint_id(id);
    message.mutable_task()->set_vertex(vertex);
    message.mutable_task()->set_subtask(subtask);
    *message.mutable_error() = proto::ErrorFromStatus(reason);
    return coordinator_->OnDeclined(message);
  }
  void Finish(std::uint32_t vertex, std::uint32_t subtask) {
    FinishTask(graph_, vertex, subtask);
    coordinator_->OnTaskFinished({vertex, subtask});
  }
  // From the folder to its completion.
  void Complete(std::uint64_t id) {
    coordinator_->OnFolderReady(id, Status::Ok());
    AcknowledgeAll(id);
    coordinator_->OnMetadataWritten(id, Concat("/chk-", id));
  }
  void Advance(std::int64_t millis) { loop_.AdvanceBy(millis); }

  ManualClock clock_{0, 1'700'000'000'000};
  ManualEventLoop loop_{clock_};
  ExecutionGraph graph_{LineGraph({2, 1}), 0};
  CheckpointStatistics statistics_;
  RecordingEffects effects_;
  std::unique_ptr<CheckpointCoordinator> coordinator_;
};

TEST_F(CheckpointCoordinatorTest, GoesThroughAllSteps) {
  Make({}, true);
  Advance(999);
  EXPECT_THAT(effects_.Take(), IsEmpty());
  Advance(1);
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 1"));
  coordinator_->OnFolderReady(1, Status::Ok());
  EXPECT_THAT(effects_.Take(), ElementsAre("coordinators 1"));
  coordinator_->OnCoordinatorsSnapshotted(1, Status::Ok(), {proto::CoordinatorState()});
  EXPECT_THAT(effects_.Take(), ElementsAre("trigger 1"));
  ASSERT_EQ(effects_.triggered[1].size(), 2u) << "the sources alone";
  EXPECT_TRUE(Acknowledge(1, 0, 0));
  EXPECT_FALSE(Acknowledge(1, 0, 0)) << "repeated";
  EXPECT_TRUE(Acknowledge(1, 0, 1));
  EXPECT_THAT(coordinator_->Details(), "checkpoint 1 waits for 'v1 (1/1)'");
  EXPECT_THAT(effects_.Take(), IsEmpty());
  EXPECT_TRUE(Acknowledge(1, 1, 0));
  EXPECT_THAT(effects_.Take(), ElementsAre("write 1"));
  EXPECT_EQ(effects_.written[1].coordinators_size(), 1);
  Advance(20);
  coordinator_->OnMetadataWritten(1, std::string("/chk-1"));
  EXPECT_THAT(effects_.Take(), ElementsAre("completed 1"));
  EXPECT_TRUE(coordinator_->settled());
  EXPECT_EQ(statistics_.latest_completed()->path, "/chk-1");
  EXPECT_EQ(statistics_.latest_completed()->duration_ms, 20);
  EXPECT_EQ(statistics_.latest_completed()->state_bytes, 30u);
  Advance(980);
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 2"));
}

TEST_F(CheckpointCoordinatorTest, NeverMoreAtOnceThanAllowed) {
  Make({.max_concurrent = 2});
  Advance(10'000);
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 1", "folder 2"));
  Complete(1);
  EXPECT_THAT(effects_.Take(), ElementsAre("trigger 1", "write 1", "completed 1", "folder 3"));
}

TEST_F(CheckpointCoordinatorTest, ALaterOneThatCompletesFirstEndsTheOlder) {
  Make({.max_concurrent = 2});
  Advance(2'000);
  coordinator_->OnFolderReady(1, Status::Ok());
  coordinator_->OnFolderReady(2, Status::Ok());
  effects_.Take();
  AcknowledgeAll(2);
  coordinator_->OnMetadataWritten(2, std::string("/chk-2"));
  EXPECT_THAT(effects_.Take(), ElementsAre("write 2", "completed 2", "aborted 1", "remove 1"));
  EXPECT_TRUE(effects_.failure.ok()) << "that is no failure";
}

TEST_F(CheckpointCoordinatorTest, PausesBetweenTwo) {
  Make({.min_pause_ms = 700, .max_concurrent = 4});
  Advance(1'000);
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 1"));
  Advance(3'000);
  EXPECT_THAT(effects_.Take(), IsEmpty()) << "a pause means one at a time";
  Complete(1);
  effects_.Take();
  Advance(699);
  EXPECT_THAT(effects_.Take(), IsEmpty());
  Advance(1);
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 2"));
}

TEST_F(CheckpointCoordinatorTest, ATimeOutNamesWhoIsMissing) {
  Make({.timeout_ms = 500, .tolerable_failures = 1});
  Advance(1'000);
  coordinator_->OnFolderReady(1, Status::Ok());
  Acknowledge(1, 0, 0);
  Acknowledge(1, 1, 0);
  effects_.Take();
  Advance(500);
  EXPECT_THAT(effects_.Take(), ElementsAre("aborted 1", "remove 1"));
  EXPECT_THAT(statistics_.latest_failed()->failure, HasSubstr("waits for 'v0 (2/2)'"));
  EXPECT_TRUE(effects_.failure.ok());
  EXPECT_FALSE(Acknowledge(1, 0, 1)) << "too late";
  EXPECT_THAT(effects_.Take(), ElementsAre("remove 1")) << "it may have brought files";
  Advance(1'000);
  EXPECT_THAT(effects_.failure.message(), HasSubstr("checkpoint 2 failed, 2 in a row"));
}

TEST_F(CheckpointCoordinatorTest, ASuccessForgivesFailures) {
  Make({.tolerable_failures = 1});
  for (const std::uint64_t id : {1, 3, 5}) {
    Advance(1'000);
    coordinator_->OnFolderReady(id, Status::IoError("disk full"));
    Advance(1'000);
    Complete(id + 1);
  }
  EXPECT_TRUE(effects_.failure.ok()) << effects_.failure.ToString();
  EXPECT_EQ(statistics_.counts().failed, 3u);
}

TEST_F(CheckpointCoordinatorTest, NotNowIsNoFailureOfTheJob) {
  Make({});
  for (std::uint64_t id = 1; id <= 3; ++id) {
    Advance(1'000);
    coordinator_->OnFolderReady(id, Status::Ok());
    EXPECT_TRUE(Decline(id, 0, 0, Status(StatusCode::kFailedPrecondition, "has ended")));
  }
  EXPECT_TRUE(effects_.failure.ok());
  EXPECT_FALSE(Decline(3, 0, 1, Status::Internal("again"))) << "it was given up";
  Advance(1'000);
  coordinator_->OnFolderReady(4, Status::Ok());
  Decline(4, 0, 0, Status::IoError("disk full"));
  EXPECT_THAT(effects_.failure.message(), HasSubstr("'v0 (1/2)' declined: disk full"));
}

TEST_F(CheckpointCoordinatorTest, ATaskThatEndsWithoutAnAnswerEndsTheCheckpoint) {
  Make({});
  Advance(1'000);
  coordinator_->OnFolderReady(1, Status::Ok());
  EXPECT_TRUE(Acknowledge(1, 0, 0));
  effects_.Take();
  Finish(0, 0);
  EXPECT_THAT(effects_.Take(), IsEmpty()) << "it had answered";
  Finish(0, 1);
  EXPECT_THAT(effects_.Take(), ElementsAre("aborted 1", "remove 1"));
  EXPECT_TRUE(effects_.failure.ok());
  Advance(1'000);
  coordinator_->OnFolderReady(2, Status::Ok());
  EXPECT_EQ(effects_.triggered[2].at(0).index.vertex, 1u) << "the barrier starts behind the ended";
  EXPECT_TRUE(Acknowledge(2, 1, 0));
  EXPECT_TRUE(effects_.written[2].vertices(0).subtasks(1).finished());
}

TEST_F(CheckpointCoordinatorTest, WaitsUntilAllTasksRun) {
  coordinator_ = std::make_unique<CheckpointCoordinator>(loop_, clock_, graph_,
                                                         CheckpointPolicy{.interval_ms = 1'000},
                                                         false, 1, statistics_, effects_);
  RunTask(graph_, 0, 0);
  RunTask(graph_, 0, 1);
  coordinator_->Start();
  Advance(5'000);
  EXPECT_THAT(effects_.Take(), IsEmpty());
  std::vector<Status> answers;
  coordinator_->Trigger([&](const auto& outcome) { answers.push_back(outcome.status()); });
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_THAT(answers[0].message(), HasSubstr("'v1 (1/1)' is CREATED"));
  RunTask(graph_, 1, 0);
  coordinator_->OnTaskRunning();
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 1"));
}

TEST_F(CheckpointCoordinatorTest, ByHandNeedsNoIntervalAndWaitsForItsTurn) {
  Make({.interval_ms = 3'600'000, .min_pause_ms = 1'000});
  std::vector<std::uint64_t> answers;
  const auto trigger = [&] {
    coordinator_->Trigger([&](const auto& outcome) { answers.push_back(outcome->id); });
  };
  trigger();
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 1"));
  trigger();
  trigger();
  EXPECT_THAT(effects_.Take(), IsEmpty()) << "one is under way";
  Complete(1);
  EXPECT_THAT(answers, ElementsAre(1));
  EXPECT_THAT(effects_.Take(), ElementsAre("trigger 1", "write 1", "completed 1", "folder 2"));
  Complete(2);
  EXPECT_THAT(answers, ElementsAre(1, 2, 2)) << "one for both";
}

TEST_F(CheckpointCoordinatorTest, ATaskThatEndsIsServedByACheckpointThatStartsLater) {
  Make({.interval_ms = 3'600'000});
  coordinator_->OnRequested({1, 0});
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 1"));
  // Its triggers are not sent yet.
  coordinator_->OnRequested({0, 0});
  coordinator_->OnFolderReady(1, Status::Ok());
  effects_.Take();
  // This one may have come behind the barrier.
  coordinator_->OnRequested({0, 1});
  AcknowledgeAll(1);
  coordinator_->OnMetadataWritten(1, std::string("/chk-1"));
  EXPECT_THAT(effects_.Take(), ElementsAre("write 1", "completed 1", "folder 2"));
  // Given up: asked again, after a pause.
  coordinator_->OnFolderReady(2, Status::Ok());
  Decline(2, 0, 0, Status(StatusCode::kFailedPrecondition, "has ended"));
  effects_.Take();
  Advance(99);
  EXPECT_THAT(effects_.Take(), IsEmpty());
  Advance(1);
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 3"));
  Complete(3);
  effects_.Take();
  Advance(60'000);
  EXPECT_THAT(effects_.Take(), IsEmpty());
}

TEST_F(CheckpointCoordinatorTest, StoppingAbortsAllButWhatMayHoldAlready) {
  Make({.max_concurrent = 2});
  std::vector<Status> answers;
  Advance(1'000);
  coordinator_->OnFolderReady(1, Status::Ok());
  AcknowledgeAll(1);
  coordinator_->Trigger([&](const auto& outcome) { answers.push_back(outcome.status()); });
  coordinator_->OnFolderReady(2, Status::Ok());
  effects_.Take();
  coordinator_->Stop(Status::Unavailable("a worker is gone"));
  EXPECT_THAT(effects_.Take(), ElementsAre("aborted 2", "remove 2"));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].message(), "a worker is gone");
  EXPECT_FALSE(coordinator_->settled());
  Advance(10'000);
  coordinator_->OnMetadataWritten(1, std::string("/chk-1"));
  EXPECT_THAT(effects_.Take(), ElementsAre("completed 1"));
  EXPECT_TRUE(coordinator_->settled());
  coordinator_->Start();
  Advance(1'000);
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 3"));
}

TEST_F(CheckpointCoordinatorTest, AnUnalignedOneIsAnnouncedToAllWithItsTriggers) {
  Make({.unaligned = true});
  Advance(1'000);
  Finish(0, 1);
  coordinator_->OnFolderReady(1, Status::Ok());
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 1", "trigger 1"));
  EXPECT_EQ(effects_.triggered[1].size(), 1u);
  ASSERT_EQ(effects_.announced[1].size(), 2u) << "whoever has not finished, sources as well";
  EXPECT_EQ(effects_.announced[1][0].index, (SubtaskIndex{0, 0}));
  EXPECT_EQ(effects_.announced[1][1].index, (SubtaskIndex{1, 0}));
}

TEST_F(CheckpointCoordinatorTest, AnAlignedOneIsAnnouncedWhereItTakesTooLong) {
  Make({.unaligned = true, .aligned_timeout_ms = 100});
  Advance(1'000);
  coordinator_->OnFolderReady(1, Status::Ok());
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 1", "trigger 1"));
  EXPECT_THAT(effects_.announced[1], IsEmpty());
  Acknowledge(1, 0, 0);
  Advance(99);
  EXPECT_THAT(effects_.Take(), IsEmpty());
  Advance(1);
  EXPECT_THAT(effects_.Take(), ElementsAre("announce 1"));
  ASSERT_EQ(effects_.announced[1].size(), 2u) << "those that it waits for";
  EXPECT_EQ(effects_.announced[1][0].index, (SubtaskIndex{0, 1}));
  Acknowledge(1, 0, 1);
  Acknowledge(1, 1, 0);
  coordinator_->OnMetadataWritten(1, std::string("/chk-1"));
  EXPECT_THAT(effects_.Take(), ElementsAre("write 1", "completed 1"));
  // Neither one that is fast nor one that was given up is announced.
  Advance(900);
  Complete(2);
  EXPECT_THAT(effects_.Take(), ElementsAre("folder 2", "trigger 2", "write 2", "completed 2"));
  Advance(1'000);
  coordinator_->OnFolderReady(3, Status::Ok());
  Decline(3, 0, 0, Status(StatusCode::kFailedPrecondition, "has ended"));
  effects_.Take();
  Advance(500);
  EXPECT_THAT(effects_.Take(), IsEmpty());
}

TEST_F(CheckpointCoordinatorTest, WhereTooMuchIsOnItsWayTheNextIsAligned) {
  Make({.unaligned = true});
  Advance(1'000);
  coordinator_->OnFolderReady(1, Status::Ok());
  Decline(1, 1, 0, Status(StatusCode::kResourceExhausted, "too much is on its way"));
  EXPECT_TRUE(effects_.failure.ok()) << "no failure is tolerated: " << effects_.failure.ToString();
  Advance(1'000);
  Complete(2);
  EXPECT_THAT(effects_.announced[2], IsEmpty());
  Advance(1'000);
  coordinator_->OnFolderReady(3, Status::Ok());
  EXPECT_EQ(effects_.announced[3].size(), 3u);
}

TEST_F(CheckpointCoordinatorTest, AnAlignedOneFailsWhereSomethingIsExhausted) {
  Make({});
  Advance(1'000);
  coordinator_->OnFolderReady(1, Status::Ok());
  EXPECT_THAT(effects_.announced[1], IsEmpty());
  Decline(1, 1, 0, Status(StatusCode::kResourceExhausted, "the disk is full"));
  EXPECT_THAT(effects_.failure.message(), HasSubstr("the disk is full"));
}

}  // namespace
}  // namespace weir::jobmanager
