#include "taskmanager/task/task_checkpoint.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/taskmanager_task/checkpoint_fixture.h"
#include "tests/unit/taskmanager_task/counting_table.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(TaskCheckpointTest, ATaskWithoutStateNeedsNoFile) {
  Run([](ChainContext&) { return ChainHooks{}; });
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(events().WaitForAnswers(1, 2));
  const auto acknowledged = events().Acknowledged();
  ASSERT_EQ(acknowledged.size(), 2U);
  EXPECT_TRUE(acknowledged.at({1, kSink}).state.handles.empty());
  EXPECT_FALSE(acknowledged.at({1, kSink}).state.has_operator_state);
  const SubtaskState& source = acknowledged.at({1, kSource}).state;
  EXPECT_TRUE(source.has_operator_state);
  EXPECT_FALSE(source.has_union_state);
  ASSERT_EQ(source.handles.size(), 1U);
  EXPECT_FALSE(source.handles[0].is_inline());
  EXPECT_EQ(acknowledged.at({1, kSource}).metrics.state_bytes, source.handles[0].size_bytes());
  EXPECT_EQ(FilesOf(1).size(), 1U);
  Finish();
}

TEST_F(TaskCheckpointTest, TakesNoInputWhileItPrepares) {
  std::shared_ptr<internal::Availability> availability;
  std::atomic<bool> prepared{false};
  std::atomic<bool> preparing{false};
  std::atomic<int> batches_while_preparing{0};
  Run([&](ChainContext& context) {
    availability = context.availability();
    ChainHooks hooks;
    hooks.batch = [&](TestChain&, std::uint32_t, Numbers&) {
      if (preparing.load()) ++batches_while_preparing;
      return Status::Ok();
    };
    hooks.checkpoint.prepare = [&](const internal::Barrier&) -> Result<bool> {
      preparing = true;
      log_.Add("prepare");
      return prepared.load();
    };
    hooks.checkpoint.snapshot = [&](std::uint64_t) {
      preparing = false;
      log_.Add("snapshot");
      return std::vector<internal::ChainedOperatorState>();
    };
    return hooks;
  });
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(log_.WaitFor("prepare"));
  ASSERT_TRUE(events().WaitForAcknowledgement(1, kSource)) << "the others go on";
  prepared = true;
  availability->NotifyAvailable();
  ASSERT_TRUE(events().WaitForAcknowledgement(1, kSink));
  EXPECT_EQ(batches_while_preparing, 0);
  EXPECT_EQ(log_.lines().back(), "snapshot");
  Finish();
}

// A sink of the chain may be prepared while another one is not: what a timer emits would be lost.
TEST_F(TaskCheckpointTest, NoTimerFiresBetweenPreparationAndSnapshot) {
  std::shared_ptr<internal::Availability> availability;
  std::atomic<bool> prepared{false};
  bool due = false;
  int asked = 0;
  Run([&](ChainContext& context) {
    availability = context.availability();
    ChainHooks hooks;
    hooks.checkpoint.prepare = [&](const internal::Barrier&) -> Result<bool> {
      log_.Add("prepare " + std::to_string(++asked));
      due = true;
      context.SetTimer(1);
      return prepared.load();
    };
    hooks.timers_due = [&] { return due; };
    hooks.fire_timers = [&](TestChain&) {
      due = false;
      log_.Add("fires");
      return Status::Ok();
    };
    hooks.processing_time = [&](TestChain&, std::int64_t) {
      log_.Add("processing time");
      return Status::Ok();
    };
    hooks.checkpoint.snapshot = [&](std::uint64_t) {
      log_.Add("snapshot");
      return std::vector<internal::ChainedOperatorState>();
    };
    return hooks;
  });
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(log_.WaitFor("prepare 1"));
  availability->NotifyAvailable();
  ASSERT_TRUE(log_.WaitFor("prepare 2"));
  prepared = true;
  availability->NotifyAvailable();
  ASSERT_TRUE(log_.WaitFor("processing time"));
  auto lines = log_.lines();
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("prepare"); });
  EXPECT_THAT(lines, ElementsAre("snapshot", "fires", "processing time"));
  Finish();
}

TEST_F(TaskCheckpointTest, AnAbortEndsThePreparationAndInputGoesOn) {
  std::atomic<bool> prepares{false};
  std::atomic<Number> arrived{0};
  Run([&](ChainContext&) {
    ChainHooks hooks;
    hooks.batch = [&](TestChain&, std::uint32_t, Numbers& batch) {
      arrived += batch.size();
      return Status::Ok();
    };
    hooks.checkpoint.prepare = [&](const internal::Barrier& barrier) -> Result<bool> {
      log_.Add("prepare " + std::to_string(barrier.checkpoint_id));
      return prepares.load();
    };
    hooks.checkpoint.end = [&](std::uint64_t id, bool complete) {
      log_.Add((complete ? "complete " : "aborted ") + std::to_string(id));
      return Status::Ok();
    };
    return hooks;
  });
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(log_.WaitFor("prepare 1"));
  const Number before = arrived;
  checkpoints_->Abort(1);
  ASSERT_TRUE(log_.WaitFor("aborted 1"));
  EXPECT_TRUE(Eventually([&] { return arrived > before; })) << "the channel is unblocked";
  prepares = true;
  const std::uint64_t next = TriggerUntil(Answer::kAcknowledged, kSink, 2);
  checkpoints_->Complete(next);
  ASSERT_TRUE(log_.WaitFor("complete " + std::to_string(next)));
  EXPECT_FALSE(events().Acknowledged().contains({1, kSink}));
  EXPECT_FALSE(events().Declined().contains({1, kSink}));
  Finish();
}

TEST_F(TaskCheckpointTest, ASnapshotThatThrowsIsDeclinedAndTheTaskGoesOn) {
  Run([&](ChainContext&) {
    ChainHooks hooks;
    hooks.checkpoint.snapshot =
        [](std::uint64_t id) -> Result<std::vector<internal::ChainedOperatorState>> {
      if (id == 1) throw std::runtime_error("the buffer is locked");
      return std::vector<internal::ChainedOperatorState>();
    };
    return hooks;
  });
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(events().WaitForDecline(1, kSink));
  const Status cause = events().Declined()[{1, kSink}];
  EXPECT_EQ(cause.domain(), ErrorDomain::kUser);
  EXPECT_THAT(cause.message(), HasSubstr("the buffer is locked"));
  EXPECT_THAT(cause.message(), HasSubstr("subtask 0 (attempt 0) of 'Sink'"));
  checkpoints_->Trigger(2, {kSource});
  EXPECT_TRUE(events().WaitForAcknowledgement(2, kSink));
  Finish();
}

TEST_F(TaskCheckpointTest, StateThatCannotBeWrittenIsDeclinedNamingTheFile) {
  Run([](ChainContext&) { return ChainHooks{}; });
  checkpoints_->files.SetFreeBytes(3);
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(events().WaitForDecline(1, kSource));
  const Status cause = events().Declined()[{1, kSource}];
  EXPECT_EQ(cause.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(cause.message(), HasSubstr(checkpoints_->FolderOf(1)));
  EXPECT_THAT(FilesOf(1), IsEmpty());
  checkpoints_->files.SetFreeBytes(std::nullopt);
  checkpoints_->Trigger(2, {kSource});
  EXPECT_TRUE(events().WaitForAcknowledgement(2, kSource)) << "its state was thawed";
  Finish();
}

TEST_F(TaskCheckpointTest, AnAbortDiscardsWhatIsBeingSaved) {
  Barricade barricade;
  Run([](ChainContext&) { return ChainHooks{}; });
  HoldWrites(barricade, kSource.vertex);
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(barricade.WaitUntilReached());
  // Who hears of the end first answers nothing.
  ASSERT_TRUE(events().WaitForAcknowledgement(1, kSink));
  checkpoints_->Abort(1);
  barricade.Open();
  TriggerUntil(Answer::kAcknowledged, kSource, 2);
  // The abort may have come when the last byte was written already.
  EXPECT_EQ(FilesOf(1).empty(), !events().Acknowledged().contains({1, kSource}));
  Finish();
}

// A disk that hangs must not hold up what needs no disk.
TEST_F(TaskCheckpointTest, AWriteThatHangsAfterAnAbortHoldsNothingUp) {
  std::atomic<Number> arrived{0};
  auto job = std::make_shared<TestJob>();
  job->AddSource("Source", 1, [&](ChainContext& context) {
    ChainHooks hooks = source_.Behaviour()(context);
    hooks.event = [&](TestChain&, std::uint32_t, std::string_view payload) {
      log_.Add(std::string(payload));
      return Status::Ok();
    };
    return hooks;
  });
  job->AddVertex("Sink", 1, [&](ChainContext&) {
    auto total = std::make_shared<Total>();
    ChainHooks hooks;
    hooks.batch = [&, total](TestChain&, std::uint32_t, Numbers& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) total->Add(batch[i]);
      arrived += batch.size();
      return Status::Ok();
    };
    hooks.checkpoint.snapshot =
        [total](std::uint64_t) -> Result<std::vector<internal::ChainedOperatorState>> {
      return total->ToState();
    };
    return hooks;
  });
  job->AddEdge(0, 1);
  Run(job);
  std::uint64_t id = 0;
  for (const TaskAttempt& hanging : {kSource, kSink}) {
    ++id;
    Barricade hangs;
    HoldWrites(hangs, hanging.vertex);
    checkpoints_->Trigger(id, {kSource});
    ASSERT_TRUE(hangs.WaitUntilReached());
    checkpoints_->Abort(id);
    const std::uint64_t declined = TriggerUntil(Answer::kDeclined, hanging, id + 1);
    ASSERT_FALSE(HasFailure());
    EXPECT_EQ(events().Declined().at({declined, hanging}).code(), StatusCode::kCanceled);
    const Number before = arrived;
    EXPECT_TRUE(Eventually([&] { return arrived > before + 1000; })) << "input goes on";
    const std::string event = "behind " + std::to_string(declined);
    checkpoints_->cluster.engine().OnCoordinatorEvent({.task = kSource, .payload = event});
    EXPECT_TRUE(log_.WaitFor(event));
    checkpoints_->Abort(declined);
    hangs.Open();
    id = TriggerUntil(Answer::kAcknowledged, hanging, declined + 1);
    // The next barricade is for the next checkpoint's writes.
    ASSERT_TRUE(events().WaitForAnswers(id, 2));
    checkpoints_->files.SetHook(nullptr);
  }
  Finish();
}

TEST_F(TaskCheckpointTest, ACancelWaitsForTheThreadThatSaves) {
  struct Chain {
    explicit Chain(Log& log) : log_(log) {}
    ~Chain() { log_.Add("chain destroyed"); }
    Log& log_;
  };
  Barricade barricade;
  Run([&](ChainContext&) {
    auto table = std::make_shared<CountingTable>(0, 1);
    auto chain = std::make_shared<Chain>(log_);
    ChainHooks hooks;
    hooks.batch = [table, chain](TestChain&, std::uint32_t, Numbers& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) table->Count(batch[i]);
      return Status::Ok();
    };
    hooks.checkpoint.tables = {table->Chained()};
    return hooks;
  });
  checkpoints_->files.SetHook([&](const FileOperation& operation) {
    const std::string& id = checkpoints_->cluster.job().graph().vertices[1].id;
    if (operation.path.find("/" + id + "-") != std::string::npos) {
      barricade.Pass();
      log_.Add("writes");
    }
    return Status::Ok();
  });
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(barricade.WaitUntilReached());
  checkpoints_->cluster.engine().CancelAll();
  ASSERT_TRUE(events().WaitFor(kSource, TaskState::kCanceled));
  barricade.Open();
  ASSERT_TRUE(events().WaitFor(kSink, TaskState::kCanceled));
  EXPECT_EQ(log_.lines().front(), "writes");
  EXPECT_EQ(log_.lines().back(), "chain destroyed");
}

TEST_F(TaskCheckpointTest, TheStateIsThatOfTheBarrierWhileTheTaskGoesOn) {
  Barricade barricade;
  std::atomic<Number> arrived{0};
  std::atomic<Number> at_snapshot{-1};
  Run([&](ChainContext&) {
    auto table = std::make_shared<CountingTable>(0, 1);
    ChainHooks hooks;
    hooks.batch = [&, table](TestChain&, std::uint32_t, Numbers& batch) {
      // Old entries change and new ones come.
      for (std::uint32_t i = 0; i < batch.size(); ++i) {
        table->Count(batch[i] / 2);
        table->Count(-1 - batch[i] % 64);
      }
      arrived += batch.size();
      return Status::Ok();
    };
    hooks.checkpoint.snapshot = [&](std::uint64_t) {
      at_snapshot = arrived.load();
      return std::vector<internal::ChainedOperatorState>();
    };
    hooks.checkpoint.tables = {table->Chained()};
    return hooks;
  });
  ASSERT_TRUE(Eventually([&] { return arrived > 20'000; }));
  HoldWrites(barricade, kSink.vertex);
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(barricade.WaitUntilReached());
  const Number at_barrier = at_snapshot;
  ASSERT_TRUE(Eventually([&] { return arrived > 2 * at_barrier; })) << "the task stands still";
  barricade.Open();
  ASSERT_TRUE(events().WaitForAnswers(1, 2));

  ASSERT_EQ(checkpoints_->TotalOf(1, kSource).count, static_cast<std::uint64_t>(at_barrier));
  std::map<Number, Number> expected;
  for (Number number = 0; number < at_barrier; ++number) {
    ++expected[number / 2];
    ++expected[-1 - number % 64];
  }
  CountingTable restored(0, 1);
  const auto reader = checkpoints_->Open(events().Acknowledged()[{1, kSink}].state.handles.at(0));
  ASSERT_EQ(reader->sections().size(), 1U);
  EXPECT_EQ(reader->sections()[0].state, "counts");
  ASSERT_TRUE(reader
                  ->ReadKeyGroups(0, 0, kMaxParallelism,
                                  [&](auto, std::uint32_t entries, auto bytes) {
                                    return restored.table().Restore(entries, bytes);
                                  })
                  .ok());
  EXPECT_EQ(restored.Content(), expected);
  Finish();
}

TEST_F(TaskCheckpointTest, APreparationThatFailsFailsTheTask) {
  Run([](ChainContext&) {
    ChainHooks hooks;
    hooks.checkpoint.prepare = [](const internal::Barrier&) -> Result<bool> {
      return Status::Unavailable("the broker is gone");
    };
    return hooks;
  });
  checkpoints_->Trigger(1, {kSource});
  ASSERT_TRUE(events().WaitFor(kSink, TaskState::kFailed));
  EXPECT_THAT(events().Last(kSink).failure->cause.message(), HasSubstr("the broker is gone"));
  EXPECT_FALSE(events().Last(kSink).failure->restore_failed);
}

}  // namespace
}  // namespace weir::task
