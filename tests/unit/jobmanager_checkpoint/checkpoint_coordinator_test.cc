// When checkpoints are taken and how they end: cases, and random orders against what always holds.
#include "jobmanager/checkpoint/checkpoint_coordinator.h"

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/manual_event_loop.h"
#include "common/text.h"
#include "proto/conversion/status_conversion.h"
#include "tests/unit/jobmanager_checkpoint/running_graph.h"
#include "tests/unit/test_seed.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Writes down what it is asked to do.
class RecordingEffects final : public CheckpointEffects {
 public:
  void PrepareFolder(std::uint64_t id) override { Record("folder", id); }
  void SnapshotCoordinators(std::uint64_t id) override { Record("coordinators", id); }
  void TriggerTasks(std::uint64_t id, std::int64_t,
                    const std::vector<CheckpointTask>& tasks) override {
    Record("trigger", id);
    triggered[id] = tasks;
  }
  void WriteMetadata(proto::CheckpointMetadata metadata) override {
    Record("write", metadata.checkpoint_id());
    written[metadata.checkpoint_id()] = std::move(metadata);
  }
  void NotifyCompleted(std::uint64_t id) override { Record("completed", id); }
  void NotifyAborted(std::uint64_t id) override { Record("aborted", id); }
  void RemoveFolder(std::uint64_t id) override { Record("remove", id); }
  void FailJob(Status reason) override {
    failure = reason;
    if (on_failure) on_failure(reason);
  }

  std::vector<std::string> Take() { return std::exchange(calls, {}); }

  std::vector<std::string> calls;
  std::map<std::uint64_t, std::vector<CheckpointTask>> triggered;
  std::map<std::uint64_t, proto::CheckpointMetadata> written;
  Status failure;
  std::function<void(const Status&)> on_failure;

 private:
  void Record(const char* what, std::uint64_t id) { calls.push_back(Concat(what, " ", id)); }
};

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

// ---- random orders

// Tasks, coordinators, the disk and people, each answering when it likes, and a job that fails and
// restarts; the books of what was said are compared with what always holds.
class RandomCheckpoints {
 public:
  explicit RandomCheckpoints(std::uint64_t seed)
      : random_(seed),
        graph_(LineGraph({2, 3, 1}), 0),
        policy_{.interval_ms = Below(100) + 10,
                .min_pause_ms = Below(2) * Below(60),
                .timeout_ms = Below(300) + 50,
                .max_concurrent = Below(3) + 1,
                .tolerable_failures = Below(4)},
        with_coordinators_(Below(2) == 1),
        coordinator_(loop_, clock_, graph_, policy_, with_coordinators_, 1, statistics_, effects_) {
    effects_.on_failure = [this](const Status& reason) { Fail(reason); };
    RunAllTasks(graph_);
    coordinator_.Start();
  }

  void Run() {
    for (int step = 0; step < 600 && !testing::Test::HasFailure(); ++step) Step();
    Fail(Status::Unavailable("the end"));
    for (const std::uint64_t id : std::set<std::uint64_t>(writing_)) EndWrite(id);
    loop_.AdvanceBy(10);
    Absorb();
    EXPECT_TRUE(coordinator_.settled());
    for (const std::uint64_t id : announced_) EXPECT_EQ(ended_.count(id), 1u) << id;
    EXPECT_EQ(answers_, triggers_);
  }
  std::uint64_t completed() const { return statistics_.counts().completed; }

 private:
  using Answer = std::function<void()>;

  std::int64_t Below(std::int64_t bound) {
    return std::uniform_int_distribution<std::int64_t>(0, bound - 1)(random_);
  }

  void Step() {
    switch (Below(12)) {
      case 0:
        loop_.AdvanceBy(Below(60));
        break;
      case 1:
        if (Below(20) == 0) Fail(Status::Unavailable("a worker is gone"));
        break;
      case 2:
        if (Below(15) == 0) FinishOne();
        break;
      case 3:
        ++triggers_;
        coordinator_.Trigger([this](const auto&) { ++answers_; });
        break;
      case 4:
        coordinator_.OnRequested(AnyTask());
        break;
      case 5: {
        if (writing_.empty()) break;
        auto at = writing_.begin();
        std::advance(at, Below(static_cast<std::int64_t>(writing_.size())));
        EndWrite(*at);
        break;
      }
      default: {
        if (open_.empty()) break;
        const auto at = static_cast<std::size_t>(Below(static_cast<std::int64_t>(open_.size())));
        const Answer answer = open_[at];
        // Some are repeated, some lost.
        if (Below(10) != 0) open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
        if (Below(25) != 0) answer();
      }
    }
    Absorb();
  }

  SubtaskIndex AnyTask() {
    const auto vertex = static_cast<std::uint32_t>(Below(graph_.vertex_count()));
    return {vertex, static_cast<std::uint32_t>(Below(graph_.vertex(vertex).parallelism()))};
  }

  void FinishOne() {
    const SubtaskIndex task = AnyTask();
    if (graph_.At(task.vertex, task.subtask).state() != TaskState::kRunning) return;
    FinishTask(graph_, task.vertex, task.subtask);
    coordinator_.OnTaskFinished(task);
  }

  void Fail(const Status& reason) {
    coordinator_.Stop(reason);
    for (std::uint32_t vertex = 0; vertex < graph_.vertex_count(); ++vertex) {
      for (std::uint32_t subtask = 0; subtask < graph_.vertex(vertex).parallelism(); ++subtask) {
        if (graph_.At(vertex, subtask).state() == TaskState::kFinished) continue;
        MoveTask(graph_, vertex, subtask, {TaskState::kCanceling, TaskState::kCanceled});
      }
    }
    graph_.ResetForRestart(0);
    RunAllTasks(graph_);
    restart_ = true;
  }

  void EndWrite(std::uint64_t id) {
    writing_.erase(id);
    if (Below(5) == 0) {
      coordinator_.OnMetadataWritten(id, Status::IoError("disk full"));
    } else {
      held_.insert(id);
      coordinator_.OnMetadataWritten(id, Concat("/chk-", id));
    }
  }

  // What was asked of the world since the last step becomes answers that are still to come.
  void Absorb() {
    for (const std::string& call : effects_.Take()) Absorb(call);
    // A job is started again when the last write has ended.
    if (restart_ && coordinator_.settled()) {
      restart_ = false;
      coordinator_.Start();
      return Absorb();
    }
    const std::int64_t bound = policy_.min_pause_ms > 0 ? 1 : policy_.max_concurrent;
    EXPECT_LE(static_cast<std::int64_t>(under_way_.size()), bound);
  }

  void Absorb(const std::string& call) {
    const std::size_t blank = call.find(' ');
    const std::string what = call.substr(0, blank);
    const std::uint64_t id = std::stoull(call.substr(blank + 1));
    if (what == "folder") {
      EXPECT_TRUE(under_way_.insert(id).second);
      open_.push_back([this, id] {
        coordinator_.OnFolderReady(id, Below(20) == 0 ? Status::IoError("no folder") : Status());
      });
    } else if (what == "coordinators") {
      announced_.insert(id);
      open_.push_back([this, id] {
        coordinator_.OnCoordinatorsSnapshotted(
            id, Below(20) == 0 ? Status::Internal("threw") : Status(), {});
      });
    } else if (what == "trigger") {
      announced_.insert(id);
      Answers(id);
    } else if (what == "write") {
      CheckComplete(id);
      writing_.insert(id);
    } else if (what == "completed") {
      EXPECT_EQ(held_.count(id), 1u) << "only what is durable";
      End(id);
    } else if (what == "aborted") {
      EXPECT_EQ(held_.count(id), 0u);
      EXPECT_EQ(announced_.count(id), 1u);
      End(id);
    } else {
      EXPECT_EQ(what, "remove");
      EXPECT_EQ(held_.count(id), 0u) << "what holds is not removed";
      under_way_.erase(id);
    }
  }

  void End(std::uint64_t id) {
    EXPECT_TRUE(ended_.insert(id).second) << "told twice: " << id;
    under_way_.erase(id);
  }

  void Answers(std::uint64_t id) {
    for (std::uint32_t vertex = 0; vertex < graph_.vertex_count(); ++vertex) {
      for (const Execution& execution : graph_.executions(vertex)) {
        if (execution.state() == TaskState::kFinished) continue;
        const SubtaskIndex task{vertex, execution.subtask};
        unfinished_[id].insert(task);
        open_.push_back(
            [this, id, task, attempt = execution.attempt] { AnswerOf(id, task, attempt); });
      }
    }
  }

  void AnswerOf(std::uint64_t id, SubtaskIndex task, std::uint32_t attempt) {
    proto::TaskAttempt named;
    named.set_vertex(task.vertex);
    named.set_subtask(task.subtask);
    named.set_attempt(attempt);
    if (Below(40) == 0) {
      proto::CheckpointDeclined declined;
      *declined.mutable_task() = named;
      declined.set_checkpoint_id(id);
      *declined.mutable_error() = proto::ErrorFromStatus(
          Below(2) == 0 ? Status::IoError("disk full")
                        : Status(StatusCode::kFailedPrecondition, "has ended"));
      coordinator_.OnDeclined(declined);
      return;
    }
    proto::CheckpointAcknowledged acknowledged;
    *acknowledged.mutable_task() = named;
    acknowledged.set_checkpoint_id(id);
    acknowledged.mutable_state()->add_handles()->set_inline_(Concat("attempt ", attempt));
    if (coordinator_.OnAcknowledged(acknowledged)) acknowledged_[id].insert(task);
  }

  // Written only with an acknowledgement of every task that had not finished.
  void CheckComplete(std::uint64_t id) {
    EXPECT_EQ(acknowledged_[id], unfinished_[id]) << id;
    for (const proto::VertexState& vertex : effects_.written[id].vertices()) {
      for (const proto::SubtaskState& subtask : vertex.subtasks()) {
        EXPECT_NE(subtask.finished(), subtask.handles_size() > 0);
      }
    }
  }

  std::mt19937_64 random_;
  ManualClock clock_{0, 1'700'000'000'000};
  ManualEventLoop loop_{clock_};
  ExecutionGraph graph_;
  const CheckpointPolicy policy_;
  const bool with_coordinators_;
  CheckpointStatistics statistics_;
  RecordingEffects effects_;
  CheckpointCoordinator coordinator_;

  std::vector<Answer> open_;
  std::set<std::uint64_t> under_way_, writing_, held_, announced_, ended_;
  std::map<std::uint64_t, std::set<SubtaskIndex>> unfinished_, acknowledged_;
  int triggers_ = 0;
  int answers_ = 0;
  bool restart_ = false;
};

TEST(RandomCheckpointsTest, WhatAlwaysHolds) {
  const std::uint64_t seed = TestSeed();
  std::uint64_t completed = 0;
  for (std::uint64_t run = 0; run < 300 && !testing::Test::HasFailure(); ++run) {
    SCOPED_TRACE(Concat("WEIR_TEST_SEED=", seed, ", run ", run));
    RandomCheckpoints checkpoints(seed + run);
    checkpoints.Run();
    completed += checkpoints.completed();
  }
  EXPECT_GT(completed, 300u) << "WEIR_TEST_SEED=" << seed;
}

}  // namespace
}  // namespace weir::jobmanager
