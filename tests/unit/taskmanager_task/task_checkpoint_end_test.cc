// Checkpoints of tasks that end, wait, or are not there.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/taskmanager_task/checkpoint_fixture.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(TaskCheckpointTest, ATriggerThatReachesNoRunningTaskIsDeclined) {
  Run([](ChainContext&) { return ChainHooks{}; });
  Finish();
  const TaskAttempt unknown{1, 7, 0};
  checkpoints_->cluster.engine().TriggerCheckpoint({kSource, unknown}, {.checkpoint_id = 1});
  const auto declined = events().Declined();
  ASSERT_EQ(declined.size(), 2U);
  EXPECT_EQ(declined.at({1, kSource}).code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(declined.at({1, unknown}).message(), HasSubstr("not running here"));
}

TEST_F(TaskCheckpointTest, ABoundedTaskStaysUntilItsLastCommit) {
  std::shared_ptr<internal::Availability> availability;
  std::atomic<bool> committed{false};
  Run([&](ChainContext& context) {
    availability = context.availability();
    ChainHooks hooks;
    hooks.checkpoint.awaits = [&] { return !committed.load(); };
    hooks.checkpoint.end = [&](std::uint64_t id, bool complete) {
      log_.Add((complete ? "complete " : "aborted ") + std::to_string(id));
      return Status::Ok();
    };
    return hooks;
  });
  source_.ended = true;
  ASSERT_TRUE(events().WaitFor(kSource, TaskState::kFinished));
  ASSERT_TRUE(events().WaitForRequests(1));
  checkpoints_->Trigger(1, {kSink});
  ASSERT_TRUE(events().WaitForAcknowledgement(1, kSink));
  checkpoints_->Abort(1);
  checkpoints_->Trigger(2, {kSink});
  ASSERT_TRUE(events().WaitForAcknowledgement(2, kSink));
  checkpoints_->Complete(2);
  ASSERT_TRUE(log_.WaitFor("complete 2"));
  EXPECT_FALSE(IsTerminal(events().Last(kSink).state)) << "the commit is under way";
  committed = true;
  availability->NotifyAvailable();
  checkpoints_->cluster.ExpectFinished();
  EXPECT_THAT(events().Requested(), ElementsAre(kSink)) << "once";
  EXPECT_THAT(log_.lines(), ElementsAre("aborted 1", "complete 2"));
}

TEST_F(TaskCheckpointTest, WhatACoordinatorSendsBehindATriggerIsNotInTheSnapshot) {
  std::shared_ptr<internal::Availability> availability;
  std::atomic<bool> prepared{false};
  auto job = std::make_shared<TestJob>();
  job->AddSource("Source", 1, [&](ChainContext& context) {
    availability = context.availability();
    ChainHooks hooks = source_.Behaviour()(context);
    hooks.event = [&](TestChain&, std::uint32_t, std::string_view payload) {
      log_.Add(std::string(payload));
      return Status::Ok();
    };
    hooks.checkpoint.prepare = [&](const internal::Barrier&) -> Result<bool> {
      log_.Add("prepare");
      return prepared.load();
    };
    hooks.checkpoint.snapshot = [&](std::uint64_t) {
      log_.Add("snapshot");
      return std::vector<internal::ChainedOperatorState>();
    };
    return hooks;
  });
  Run(job);
  TaskEngine& engine = checkpoints_->cluster.engine();
  engine.OnCoordinatorEvent({.task = kSource, .payload = "split 1"});
  checkpoints_->Trigger(1, {kSource});
  engine.OnCoordinatorEvent({.task = kSource, .payload = "split 2"});
  ASSERT_TRUE(log_.WaitFor("prepare"));
  prepared = true;
  availability->NotifyAvailable();
  ASSERT_TRUE(log_.WaitFor("split 2"));
  auto lines = log_.lines();
  std::erase(lines, "prepare");
  EXPECT_THAT(lines, ElementsAre("split 1", "snapshot", "split 2"));
  Finish();
}

TEST_F(TaskCheckpointTest, ALongCallHoldsUpItsOwnPartOnly) {
  Barricade barricade;
  auto job = std::make_shared<TestJob>();
  job->AddSource("Source", 1, source_.Behaviour());
  job->AddVertex("Slow", 1, [&](ChainContext&) {
    return ChainHooks{.batch = [&](TestChain&, std::uint32_t, Numbers&) {
      barricade.Pass();
      return Status::Ok();
    }};
  });
  job->AddVertex("Quick", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddEdge(0, 1);
  job->AddEdge(0, 2);
  source_.limit = 100;  // so that the barrier does not wait for room behind the slow one
  Run(job);
  ASSERT_TRUE(barricade.WaitUntilReached());
  checkpoints_->Trigger(1, {kSource});
  if (!events().WaitUntilKnown(
          [](const auto& view) { return view.acknowledged.contains({1, TaskAttempt{2, 0, 0}}); })) {
    ADD_FAILURE() << "the quick one waits for the slow one";
  }
  EXPECT_FALSE(events().Acknowledged().contains({1, TaskAttempt{1, 0, 0}}));
  barricade.Open();
  EXPECT_TRUE(events().WaitForAcknowledgement(1, {1, 0, 0}));
  Finish();
}

TEST_F(TaskCheckpointTest, ATaskBehindFinishedOnesTakesWhatTheySentFirst) {
  Barricade barricade;
  auto total = std::make_shared<Total>();
  std::atomic<bool> committed{false};
  std::shared_ptr<internal::Availability> availability;
  source_.limit = 5000;
  Run([&](ChainContext& context) {
    availability = context.availability();
    ChainHooks hooks;
    hooks.batch = [&, total](TestChain&, std::uint32_t, Numbers& batch) {
      barricade.Pass();
      for (std::uint32_t i = 0; i < batch.size(); ++i) total->Add(batch[i]);
      return Status::Ok();
    };
    hooks.checkpoint.snapshot =
        [total](std::uint64_t) -> Result<std::vector<internal::ChainedOperatorState>> {
      return total->ToState();
    };
    hooks.checkpoint.awaits = [&] { return !committed.load(); };
    return hooks;
  });
  ASSERT_TRUE(barricade.WaitUntilReached());
  source_.ended = true;
  checkpoints_->cluster.engine().OnCoordinatorEvent({.task = kSource});  // wakes it
  // What it emitted fits into the channel and the overdraft, or it could not end before the sink
  // reads: either way the sink has not read it all when the trigger comes.
  checkpoints_->Trigger(1, {kSink});
  barricade.Open();
  ASSERT_TRUE(events().WaitForAcknowledgement(1, kSink));
  ASSERT_TRUE(events().WaitFor(kSource, TaskState::kFinished));
  const TaskStateChange source = events().Last(kSource);
  EXPECT_EQ(checkpoints_->TotalOf(1, kSink).count, source.final_statistics->records_out);
  committed = true;
  availability->NotifyAvailable();
  checkpoints_->cluster.ExpectFinished();
}

// A chain that ends in a sink and goes on into channels, too: it has ended its output and stays.
TEST(LastCheckpointTest, ReachesWhoIsBehindATaskThatStays) {
  for (const std::uint32_t workers : {1, 2}) {
    const auto waiting = [](ChainContext&) {
      ChainHooks hooks;
      auto mine = std::make_shared<std::uint64_t>(0);
      hooks.checkpoint.awaits = [mine] { return *mine == 0; };
      hooks.checkpoint.end = [mine](std::uint64_t id, bool complete) {
        if (complete) *mine = id;
        return Status::Ok();
      };
      return hooks;
    };
    auto job = std::make_shared<TestJob>();
    job->AddSource("Source", 2, waiting);
    job->AddVertex("Middle", 2, waiting);
    job->AddVertex("Last", 1, waiting);
    job->AddVertex("Ends", 1, [](ChainContext&) { return ChainHooks{}; });
    job->AddEdge(0, 1);
    job->AddEdge(1, 2);
    job->AddEdge(0, 3);
    CheckpointCluster checkpoints(job, workers);
    checkpoints.cluster.Run([&](std::uint32_t vertex, std::uint32_t subtask) {
      return TestCluster::Place{.worker = (vertex + subtask) % workers, .slot = vertex};
    });
    RecordedEvents& events = checkpoints.cluster.events;
    ASSERT_TRUE(events.WaitForRequests(5));
    ASSERT_TRUE(events.WaitFor({3, 0, 0}, TaskState::kFinished));
    // Nobody reads the barriers for the one that has finished any more, however many there are.
    constexpr std::uint64_t kLast = 20;
    for (std::uint64_t id = 1; id <= kLast; ++id) {
      checkpoints.Trigger(id, {{0, 0, 0}, {0, 1, 0}});
      ASSERT_TRUE(events.WaitForAnswers(id, 5)) << id;
    }
    EXPECT_TRUE(events.Declined().empty());
    checkpoints.Complete(kLast);
    checkpoints.cluster.ExpectFinished();
  }
}

TEST_F(TaskCheckpointTest, ATaskThatEndsWaitsForItsAcknowledgement) {
  Barricade barricade;
  Run([](ChainContext&) { return ChainHooks{}; });
  HoldWrites(barricade, kSource.vertex);
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(barricade.WaitUntilReached());
  source_.ended = true;
  ASSERT_TRUE(events().WaitFor(kSink, TaskState::kFinished));
  barricade.Open();
  EXPECT_TRUE(events().WaitForAcknowledgement(1, kSource));
  checkpoints_->cluster.ExpectFinished();
}

}  // namespace
}  // namespace weir::task
