#include "taskmanager/worker/coordinator_host.h"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "common/manual_clock.h"
#include "common/manual_event_loop.h"

namespace weir::worker {
namespace {

// Records its calls and does what the test says.
class ScriptedCoordinator final : public internal::OperatorCoordinator {
 public:
  struct Script {
    internal::CoordinatorContext* context = nullptr;
    std::vector<std::string> calls;
    std::function<Status()> on_start = [] { return Status::Ok(); };
    std::function<Result<std::string>()> on_snapshot = [] { return std::string("splits"); };
    std::function<Status()> on_restore = [] { return Status::Ok(); };
    std::function<Status(std::uint32_t, std::string_view)> on_event = [](auto, auto) {
      return Status::Ok();
    };
  };
  ScriptedCoordinator(Script& script, internal::CoordinatorContext& context) : script_(script) {
    script_.context = &context;
  }
  Status Start() override {
    script_.calls.push_back("start");
    return script_.on_start();
  }
  Status SubtaskReady(std::uint32_t subtask, std::uint32_t attempt) override {
    return Note("ready", subtask, attempt);
  }
  Status SubtaskFailed(std::uint32_t subtask, std::uint32_t attempt) override {
    return Note("failed", subtask, attempt);
  }
  Status OnEvent(std::uint32_t subtask, std::string_view payload) override {
    script_.calls.push_back("event " + std::to_string(subtask) + " " + std::string(payload));
    return script_.on_event(subtask, payload);
  }
  Result<std::string> Snapshot(std::uint64_t checkpoint_id) override {
    script_.calls.push_back("snapshot " + std::to_string(checkpoint_id));
    return script_.on_snapshot();
  }
  Status Restore(std::uint64_t checkpoint_id, std::string_view state) override {
    script_.calls.push_back("restore " + std::to_string(checkpoint_id) + " " + std::string(state));
    return script_.on_restore();
  }
  void CheckpointComplete(std::uint64_t checkpoint_id) override {
    script_.calls.push_back("complete " + std::to_string(checkpoint_id));
  }
  void Close() override { script_.calls.push_back("close"); }

 private:
  Status Note(const char* what, std::uint32_t subtask, std::uint32_t attempt) {
    script_.calls.push_back(std::string(what) + " " + std::to_string(subtask) + "@" +
                            std::to_string(attempt));
    return Status::Ok();
  }
  Script& script_;
};

class OneSourceJob final : public internal::CompiledJob {
 public:
  explicit OneSourceJob(ScriptedCoordinator::Script& script) : script_(script) {
    internal::JobVertex vertex;
    vertex.name = "Source: lines";
    vertex.parallelism = 4;
    vertex.operators.push_back({.name = "lines", .has_coordinator = true});
    graph_.vertices.push_back(vertex);
  }
  const internal::JobGraph& graph() const override { return graph_; }
  std::unique_ptr<internal::Chain> CreateChain(std::uint32_t,
                                               internal::ChainContext&) const override {
    return nullptr;
  }
  std::unique_ptr<internal::OperatorCoordinator> CreateCoordinator(
      std::uint32_t, std::uint32_t, internal::CoordinatorContext& context) const override {
    return std::make_unique<ScriptedCoordinator>(script_, context);
  }
  const internal::ChannelType& channel_type(std::uint32_t) const override { std::abort(); }

 private:
  internal::JobGraph graph_;
  ScriptedCoordinator::Script& script_;
};

class CoordinatorHostTest : public testing::Test {
 protected:
  using Calls = std::vector<std::string>;
  const OperatorKey key_{.vertex = 0, .operator_index = 0};
  ManualClock clock_;
  ManualEventLoop loop_{clock_};
  ScriptedCoordinator::Script script_;
  OneSourceJob job_{script_};
  std::vector<std::string> sent_;
  std::vector<Status> failures_;
  CoordinatorHost host_{
      loop_,
      loop_,
      {.on_event =
           [this](OperatorKey, std::uint32_t subtask, std::uint32_t attempt,
                  const std::string& payload) {
             sent_.push_back(std::to_string(subtask) + "@" + std::to_string(attempt) + " " +
                             payload);
           },
       .on_failure = [this](OperatorKey, const Status& status) { failures_.push_back(status); }}};
};

TEST_F(CoordinatorHostTest, RelaysBetweenSubtasksAndCoordinator) {
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  EXPECT_EQ(script_.context->parallelism(), 4u);
  host_.SubtaskReady(key_, 1, 0);
  script_.on_event = [this](std::uint32_t subtask, std::string_view payload) {
    script_.context->SendToSubtask(subtask, "echo " + std::string(payload));
    return Status::Ok();
  };
  host_.OnEvent(key_, 1, 0, "hello");
  EXPECT_EQ(sent_, (Calls{"1@0 echo hello"}));
}

TEST_F(CoordinatorHostTest, FencesAttempts) {
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  host_.SubtaskReady(key_, 0, 1);
  host_.OnEvent(key_, 0, 0, "late");
  host_.SubtaskFailed(key_, 0, 0);
  script_.context->SendToSubtask(3, "nobody is there");
  host_.SubtaskFailed(key_, 0, 1);
  host_.OnEvent(key_, 0, 1, "late again");
  EXPECT_EQ(script_.calls, (Calls{"start", "ready 0@1", "failed 0@1"}));
  EXPECT_TRUE(sent_.empty());
}

TEST_F(CoordinatorHostTest, AnExceptionFailsTheJobNamingTheOperator) {
  script_.on_start = []() -> Status { throw std::runtime_error("no such topic"); };
  const Status status = host_.Start(job_, key_);
  EXPECT_EQ(status.domain(), ErrorDomain::kUser);
  EXPECT_NE(status.message().find("'lines'"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("no such topic"), std::string::npos) << status.message();
}

TEST_F(CoordinatorHostTest, AFailingEventIsReported) {
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  host_.SubtaskReady(key_, 0, 0);
  script_.on_event = [](std::uint32_t, std::string_view) {
    return Status::Corruption("bad split");
  };
  host_.OnEvent(key_, 0, 0, "x");
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].code(), StatusCode::kCorruption);
}

TEST_F(CoordinatorHostTest, BlockingWorkComesBackToTheLoopUnlessClosed) {
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  int worked = 0;
  int done = 0;
  script_.context->RunBlocking([&] { ++worked; }, [&] { ++done; });
  loop_.RunUntilIdle();
  EXPECT_EQ(worked, 1);
  EXPECT_EQ(done, 1);
  script_.context->RunBlocking([&] { ++worked; }, [&] { ++done; });
  script_.context->Schedule(10, [&] { ++done; });
  host_.CloseAll();
  loop_.AdvanceBy(100);
  EXPECT_EQ(done, 1) << "a closed coordinator is not called any more";
  EXPECT_EQ(script_.calls.back(), "close");
}

TEST_F(CoordinatorHostTest, WhatBlockingWorkThrowsFailsTheJob) {
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  script_.context->RunBlocking([] { throw std::runtime_error("broker is down"); }, [] { FAIL(); });
  loop_.RunUntilIdle();
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_NE(failures_[0].message().find("broker is down"), std::string::npos);
}

TEST_F(CoordinatorHostTest, ANewCoordinatorReplacesTheOld) {
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  EXPECT_EQ(script_.calls, (Calls{"start", "close", "start"}));
}

TEST_F(CoordinatorHostTest, StartsFromASnapshotAndKnowsNoAttemptOfBefore) {
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  host_.SubtaskReady(key_, 0, 0);
  ASSERT_TRUE(host_.Start(job_, key_, CoordinatorSnapshot{.checkpoint_id = 7, .state = "s"}).ok());
  host_.SubtaskFailed(key_, 0, 0);
  host_.SubtaskReady(key_, 0, 1);
  EXPECT_EQ(script_.calls,
            (Calls{"start", "ready 0@0", "close", "restore 7 s", "start", "ready 0@1"}));
}

TEST_F(CoordinatorHostTest, AStateThatCannotBeRestoredNamesOperatorAndCheckpoint) {
  script_.on_restore = [] { return Status::Corruption("half a split"); };
  const Status status =
      host_.Start(job_, key_, CoordinatorSnapshot{.checkpoint_id = 7, .state = "s"});
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  for (const char* part : {"'lines'", "checkpoint 7", "half a split"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
  EXPECT_EQ(script_.calls, (Calls{"restore 7 s"})) << "it does not start";
}

TEST_F(CoordinatorHostTest, ASnapshotComesBehindWhatWasSentBefore) {
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  host_.SubtaskReady(key_, 0, 0);
  script_.on_snapshot = [this] {
    script_.context->SendToSubtask(0, "last");
    return std::string("splits");
  };
  const auto states = host_.Snapshot(3);
  ASSERT_TRUE(states.ok());
  EXPECT_EQ(states->at(key_), "splits");
  EXPECT_EQ(sent_, (Calls{"0@0 last"}));
  host_.CheckpointComplete(3);
  EXPECT_EQ(script_.calls, (Calls{"start", "ready 0@0", "snapshot 3", "complete 3"}));
}

TEST_F(CoordinatorHostTest, ASnapshotThatFailsNamesTheOperatorAndTheJobGoesOn) {
  ASSERT_TRUE(host_.Start(job_, key_).ok());
  script_.on_snapshot = []() -> Result<std::string> { throw std::runtime_error("too large"); };
  const auto states = host_.Snapshot(3);
  ASSERT_FALSE(states.ok());
  EXPECT_NE(states.status().message().find("'lines'"), std::string::npos);
  EXPECT_NE(states.status().message().find("too large"), std::string::npos);
  EXPECT_TRUE(failures_.empty());
}

}  // namespace
}  // namespace weir::worker
