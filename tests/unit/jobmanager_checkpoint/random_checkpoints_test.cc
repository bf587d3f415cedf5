// The CheckpointCoordinator in random orders, against what always holds.
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/manual_event_loop.h"
#include "common/text.h"
#include "proto/conversion/status_conversion.h"
#include "tests/unit/jobmanager_checkpoint/recording_effects.h"
#include "tests/unit/jobmanager_checkpoint/running_graph.h"
#include "tests/unit/test_seed.h"

namespace weir::jobmanager {
namespace {

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
