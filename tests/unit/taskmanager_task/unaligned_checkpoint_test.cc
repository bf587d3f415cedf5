// Checkpoints of tasks that take no input.
#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/taskmanager_task/checkpoint_fixture.h"

namespace weir::task {
namespace {

using testing::HasSubstr;

class UnalignedCheckpointTest : public TaskCheckpointTest {
 protected:
  static constexpr TaskAttempt kMiddle{1, 0, 0};
  static constexpr TaskAttempt kEnd{2, 0, 0};
  const std::vector<TaskAttempt> all_{kSource, kMiddle, kEnd};

  ~UnalignedCheckpointTest() override { Release(); }

  // A source, a task that passes on what it gets, and one that takes a hundred numbers and no
  // more. In the end all three are blocked.
  void RunHeld(TaskEngineOptions options = FilesOnly()) {
    auto job = std::make_shared<TestJob>();
    job->AddSource("Source", 1, source_.Behaviour());
    job->AddVertex("Middle", 1, [](internal::ChainContext&) { return Passing(); });
    job->AddVertex("End", 1, [this](internal::ChainContext&) { return Held(); });
    job->AddEdge(0, 1);
    job->AddEdge(1, 2);
    Run(std::move(job), std::move(options));
    ASSERT_TRUE(Eventually([this] { return received_ >= kTaken && SomeAreOnTheirWayToTheEnd(); }));
  }
  bool SomeAreOnTheirWayToTheEnd() {
    std::uint64_t sent = 0;
    for (const TaskStatistics& task : checkpoints_->cluster.engine().Statistics()) {
      if (task.task == kMiddle) sent = task.records_out;
    }
    return sent > received_;
  }
  void Release() {
    held_ = false;
    if (checkpoints_) checkpoints_->cluster.engine().OnCoordinatorEvent({.task = kEnd});
  }
  // A task declines others as long as an aborted one is being written.
  std::uint64_t TriggerUntilTaken(std::uint64_t id, const std::vector<TaskAttempt>& announced_to) {
    EXPECT_TRUE(Eventually([&] {
      checkpoints_->Trigger(id, {kSource}, announced_to);
      EXPECT_TRUE(events().WaitUntilKnown([&](const auto& view) {
        return std::ranges::all_of(
                   all_,
                   [&](const auto& task) { return view.acknowledged.contains({id, task}); }) ||
               std::ranges::any_of(
                   all_, [&](const auto& task) { return view.declined.contains({id, task}); });
      }));
      if (std::ranges::all_of(all_, [&](const auto& task) {
            return events().Acknowledged().contains({id, task});
          })) {
        return true;
      }
      checkpoints_->Abort(id++);
      return HasFailure();
    }));
    return id;
  }
  // Each task has what the one before it had sent, or it was on its way.
  void ExpectCut(std::uint64_t id) {
    Total sent = checkpoints_->TotalOf(id, kSource);
    for (const TaskAttempt& task : {kMiddle, kEnd}) {
      const Total own = checkpoints_->TotalOf(id, task);
      Total received = own;
      received.Add(checkpoints_->ChannelTotalOf(id, task));
      EXPECT_EQ(received, sent) << "vertex " << task.vertex;
      sent = own;
    }
  }
  CheckpointMetrics MetricsOf(std::uint64_t id, const TaskAttempt& task) {
    return events().Acknowledged()[{id, task}].metrics;
  }

 private:
  static constexpr std::uint64_t kTaken = 100;

  static ChainHooks Passing() {
    auto total = std::make_shared<Total>();
    ChainHooks hooks;
    hooks.batch = [total](TestChain& chain, std::uint32_t, Numbers& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) {
        total->Add(batch[i]);
        chain.Emit(0, batch[i]);
      }
      return Status::Ok();
    };
    hooks.checkpoint.snapshot =
        [total](std::uint64_t) -> Result<std::vector<internal::ChainedOperatorState>> {
      return total->ToState();
    };
    return hooks;
  }
  ChainHooks Held() {
    auto total = std::make_shared<Total>();
    ChainHooks hooks;
    hooks.batch = [this, total](TestChain&, std::uint32_t, Numbers& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) total->Add(batch[i]);
      received_ += batch.size();
      return Status::Ok();
    };
    hooks.holds_input = [this] { return held_ && received_ >= kTaken; };
    hooks.checkpoint.snapshot =
        [total](std::uint64_t) -> Result<std::vector<internal::ChainedOperatorState>> {
      return total->ToState();
    };
    return hooks;
  }

  std::atomic<bool> held_{true};
  std::atomic<std::uint64_t> received_{0};
};

TEST_F(UnalignedCheckpointTest, TasksThatTakeNoInputAreNoObstacle) {
  RunHeld();
  checkpoints_->Trigger(1, {kSource}, all_);
  ASSERT_TRUE(events().WaitForAnswers(1, 3));
  ASSERT_EQ(events().Declined().size(), 0u);
  ExpectCut(1);
  EXPECT_GT(checkpoints_->ChannelTotalOf(1, kEnd).count, 0u);
  EXPECT_TRUE(MetricsOf(1, kEnd).unaligned);
  EXPECT_GT(MetricsOf(1, kEnd).alignment_bytes, 0u);
  EXPECT_GE(MetricsOf(1, kEnd).state_bytes, MetricsOf(1, kEnd).alignment_bytes);
  EXPECT_FALSE(MetricsOf(1, kSource).unaligned);
  checkpoints_->Complete(1);
  // What was read ahead and not taken yet belongs to the next one as well.
  checkpoints_->Trigger(2, {kSource}, all_);
  ASSERT_TRUE(events().WaitForAnswers(2, 3));
  ExpectCut(2);
  EXPECT_GE(checkpoints_->ChannelTotalOf(2, kEnd).count,
            checkpoints_->ChannelTotalOf(1, kEnd).count);
  Release();
  Finish();
}

TEST_F(UnalignedCheckpointTest, AnAlignedOneGoesOnUnalignedWhenItIsAnnounced) {
  RunHeld();
  checkpoints_->Trigger(1, {kSource});
  EXPECT_FALSE(events().Acknowledged().contains({1, kEnd})) << "it takes no barrier";
  checkpoints_->Announce(1, all_);
  ASSERT_TRUE(events().WaitForAnswers(1, 3));
  ASSERT_EQ(events().Declined().size(), 0u);
  ExpectCut(1);
  EXPECT_GT(checkpoints_->ChannelTotalOf(1, kEnd).count, 0u);
  Release();
  Finish();
}

TEST_F(UnalignedCheckpointTest, MoreThanMayBeOnItsWayIsDeclined) {
  TaskEngineOptions options = FilesOnly();
  options.maximum_channel_state_bytes = 100;
  RunHeld(std::move(options));
  checkpoints_->Trigger(1, {kSource}, all_);
  ASSERT_TRUE(
      events().WaitUntilKnown([](const auto& view) { return view.declined.contains({1, kEnd}); }));
  const Status cause = events().Declined().at({1, kEnd});
  EXPECT_EQ(cause.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(cause.message(), HasSubstr("more than 100 bytes"));
  EXPECT_THAT(cause.message(), HasSubstr("of 'End'"));
  checkpoints_->Abort(1);
  // Nothing is missing in an aligned one.
  Release();
  const std::uint64_t id = TriggerUntilTaken(2, {});
  ExpectCut(id);
  Finish();
}

TEST_F(UnalignedCheckpointTest, AnAbortedOneLeavesNothingBehind) {
  RunHeld();
  // The middle one is not told: the end waits for its barrier.
  checkpoints_->Trigger(1, {}, {kEnd});
  checkpoints_->Abort(1);
  const std::uint64_t id = TriggerUntilTaken(2, all_);
  ExpectCut(id);
  Release();
  Finish();
}

}  // namespace
}  // namespace weir::task
