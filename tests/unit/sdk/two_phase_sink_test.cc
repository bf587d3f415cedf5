// SinkWriterOperator with a sink of two phases: prepared, completed, declined, restored at any
// point, each record is committed once.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/collect_sink.h>
#include <weir/internal/operators/sink_writer_operator.h>

#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/running_sink.h"
#include "tests/unit/sdk/scripted_sink.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using internal::OperatorStateSnapshot;
using testing::Destination;
using testing::RunningSink;
using testing::ScriptedSink;

std::vector<int> Numbers(int from, int to) {
  std::vector<int> numbers;
  for (int i = from; i < to; ++i) numbers.push_back(i);
  return numbers;
}

const CommitOptions kQuickRetries = {.commit_retries = 3, .retry_delay_ms = 0};

class TwoPhaseSinkTest : public ::testing::Test {
 protected:
  ~TwoPhaseSinkTest() override { EXPECT_EQ(destination_->Notes(), std::vector<std::string>()); }
  using Running = RunningSink<ScriptedSink>;

  std::shared_ptr<Destination> destination_ = std::make_shared<Destination>();
  const ScriptedSink sink_{destination_, kQuickRetries};
};

TEST_F(TwoPhaseSinkTest, OutputIsCommittedWhenItsCheckpointIsComplete) {
  Running running(sink_, 0, 1);
  ASSERT_TRUE(running.Open().ok());
  running.Push({1, 2});
  ASSERT_TRUE(running.Checkpoint(1).ok());
  running.Push({3});
  ASSERT_TRUE(running.Checkpoint(2).ok());
  EXPECT_EQ(destination_->Committed(), std::vector<int>());
  ASSERT_TRUE(running->OnCheckpointEnd(1, false).ok());
  ASSERT_TRUE(running->OnCheckpointEnd(2, true).ok());
  ASSERT_TRUE(running.Finish().ok());
  EXPECT_TRUE(running->AwaitsCheckpoint());
  ASSERT_TRUE(running.Checkpoint(3).ok());
  ASSERT_TRUE(running.UntilCommitted().ok()) << "the last one has no output to wait for";
  EXPECT_EQ(destination_->Committed(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(destination_->checkpoints, (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(TwoPhaseSinkTest, ABoundedJobEndsAfterItsLastCommit) {
  Running running(sink_, 0, 1);
  ASSERT_TRUE(running.Open().ok());
  EXPECT_FALSE(running->AwaitsCheckpoint());
  running.Push({1});
  ASSERT_TRUE(running.Finish().ok());
  EXPECT_TRUE(running->AwaitsCheckpoint());
  ASSERT_TRUE(running.Checkpoint(1).ok());
  EXPECT_TRUE(running->AwaitsCheckpoint());
  ASSERT_TRUE(running->OnCheckpointEnd(1, false).ok());
  EXPECT_TRUE(running->AwaitsCheckpoint()) << "it was declined";
  ASSERT_TRUE(running.Checkpoint(2).ok());
  ASSERT_TRUE(running->OnCheckpointEnd(2, true).ok());
  ASSERT_TRUE(running.UntilCommitted().ok());
  EXPECT_EQ(destination_->Committed(), (std::vector<int>{1}));
}

TEST_F(TwoPhaseSinkTest, AnIdleSubtaskAwaitsNothing) {
  Running running(sink_, 0, 1);
  ASSERT_TRUE(running.Open().ok());
  ASSERT_TRUE(running.Checkpoint(1).ok());
  ASSERT_TRUE(running.Finish().ok());
  EXPECT_TRUE(running.UntilCommitted().ok());
}

TEST_F(TwoPhaseSinkTest, WithoutCheckpointsTheEndOfTheInputCommits) {
  Running running(sink_, 0, 1, 0, false);
  ASSERT_TRUE(running.Open().ok());
  running.Push({1, 2});
  ASSERT_TRUE(running.Finish().ok());
  EXPECT_EQ(destination_->Committed(), (std::vector<int>{1, 2}));
  EXPECT_FALSE(running->AwaitsCheckpoint());
}

TEST_F(TwoPhaseSinkTest, WhatARestoredCheckpointHoldsIsCommittedAndTheRestAborted) {
  OperatorStateSnapshot snapshot;
  {
    Running running(sink_, 0, 1);
    ASSERT_TRUE(running.Open().ok());
    running.Push({1});
    ASSERT_TRUE(running.Prepare(1).ok());
    running.Push({2});
    snapshot = *running.Checkpoint(2);
    running.Push({3});
    ASSERT_TRUE(running.Checkpoint(3).ok());
  }
  Running running(sink_, 0, 1, 1);
  ASSERT_TRUE(running.Open(&snapshot).ok());
  running.Push({4});
  ASSERT_TRUE(running.Finish().ok());
  ASSERT_TRUE(running.Checkpoint(4).ok());
  ASSERT_TRUE(running->OnCheckpointEnd(4, true).ok());
  ASSERT_TRUE(running.UntilCommitted().ok());
  EXPECT_EQ(destination_->Committed(), (std::vector<int>{1, 2, 4}));
  EXPECT_EQ(destination_->aborted, 1);
  EXPECT_TRUE(destination_->prepared.empty());
}

TEST_F(TwoPhaseSinkTest, ABarrierWaitsAtTheBoundUntilADecision) {
  Running running(ScriptedSink(destination_, {.maximum_outstanding_checkpoints = 1}), 0, 1);
  ASSERT_TRUE(running.Open().ok());
  running.Push({1});
  ASSERT_TRUE(running.Checkpoint(1).ok());
  running.Push({2});
  EXPECT_FALSE(*running->PrepareCheckpoint({2}));
  EXPECT_FALSE(*running->PrepareCheckpoint({2})) << "and loses nothing";
  ASSERT_TRUE(running->OnCheckpointEnd(1, true).ok());
  ASSERT_TRUE(running.Prepare(2).ok());
  running.Push({3});
  EXPECT_FALSE(*running->PrepareCheckpoint({3}));
  ASSERT_TRUE(running->OnCheckpointEnd(2, false).ok());
  ASSERT_TRUE(running.Prepare(3).ok()) << "what was declined has to wait for a later one";
  ASSERT_TRUE(running->OnCheckpointEnd(3, true).ok());
  ASSERT_TRUE(running.UntilCommitted().ok());
}

TEST_F(TwoPhaseSinkTest, ABoundThatOnlyALaterCheckpointCouldLiftFailsTheTask) {
  Running running(ScriptedSink(destination_, {.maximum_outstanding_checkpoints = 2,
                                              .aborted_checkpoints_count = true}),
                  0, 1);
  ASSERT_TRUE(running.Open().ok());
  for (std::uint64_t id = 1; id <= 2; ++id) {
    running.Push({1});
    ASSERT_TRUE(running.Checkpoint(id).ok());
    ASSERT_TRUE(running->OnCheckpointEnd(id, false).ok());
  }
  const Status status = running.Prepare(3);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("sink 'Scripted': 2 checkpoints in a row"), std::string::npos)
      << status.message();
}

TEST_F(TwoPhaseSinkTest, ACommitIsTriedAgainBeforeALaterOne) {
  destination_->script = [](CommitRequest<std::string>& request) {
    if (request.checkpoint_id() == 1 && request.number_of_retries() < 3) {
      request.RetryLater(Status::Unavailable("not now"));
    }
  };
  Running running(sink_, 0, 1);
  ASSERT_TRUE(running.Open().ok());
  for (std::uint64_t id = 1; id <= 2; ++id) {
    running.Push({static_cast<int>(id)});
    ASSERT_TRUE(running.Checkpoint(id).ok());
  }
  ASSERT_TRUE(running->OnCheckpointEnd(2, true).ok());
  ASSERT_TRUE(running.Finish().ok());
  ASSERT_TRUE(running.Checkpoint(3).ok());
  ASSERT_TRUE(running.UntilCommitted().ok());
  EXPECT_EQ(destination_->Committed(), (std::vector<int>{1, 2}));
}

TEST_F(TwoPhaseSinkTest, ACommitThatFailsForGoodFailsTheTaskWithSinkCheckpointAndCause) {
  struct Case {
    Destination::CommitScript script;
    std::string message;
    RetryHint retry;
  };
  const std::vector<Case> cases = {
      {[](auto& request) {
         request.SignalFailedWithKnownReason(Status::Unavailable("5 records are lost"));
       },
       "5 records are lost", RetryHint::kNoRetry},
      {[](auto& request) {
         request.SignalFailedWithUnknownReason(Status::Unavailable("no answer"));
       },
       "no answer", RetryHint::kRetry},
      {[](auto& request) { request.RetryLater(Status::Unavailable("not now")); },
       "after 3 retries: not now", RetryHint::kRetry},
      {[](auto&) { throw std::runtime_error("the wire is cut"); },
       "the committer threw: the wire is cut", RetryHint::kRetry},
  };
  for (const Case& each : cases) {
    destination_->script = each.script;
    Running running(sink_, 0, 1);
    ASSERT_TRUE(running.Open().ok());
    running.Push({1});
    ASSERT_TRUE(running.Checkpoint(7).ok());
    ASSERT_TRUE(running->OnCheckpointEnd(7, true).ok());
    const Status status = running.UntilFailure();
    EXPECT_EQ(status.message(), "sink 'Scripted': cannot commit checkpoint 7: " + each.message);
    EXPECT_EQ(status.retry(), each.retry);
  }
}

TEST_F(TwoPhaseSinkTest, WritersHearWhatIsCommitted) {
  // Its own writer is not to be had: this one tells.
  struct TellingSink {
    using Record = int;
    using Committable = std::string;
    struct Writer final : SinkWriter<int> {
      explicit Writer(std::set<std::uint64_t>* told) : told_(told) {}
      Status Open(SinkWriterContext&) override { return Status::Ok(); }
      Result<WriteStatus> Write(int&, std::int64_t) override { return WriteStatus::kAccepted; }
      Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }
      Result<std::optional<std::vector<std::string>>> PrepareCommit(std::uint64_t, bool) {
        return std::optional(std::vector<std::string>{"a", "b"});
      }
      void NotifyCommitted(std::uint64_t checkpoint_id) { told_->insert(checkpoint_id); }
      void NotifyRecovered() { told_->insert(0); }
      std::set<std::uint64_t>* told_;
    };
    struct Silent final : Committer<std::string> {
      Status Commit(std::vector<CommitRequest<std::string>>&) override { return Status::Ok(); }
    };
    std::string name() const { return "Telling"; }
    std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(told); }
    std::unique_ptr<Committer<std::string>> CreateCommitter() const {
      return std::make_unique<Silent>();
    }
    std::set<std::uint64_t>* told;
  };
  std::set<std::uint64_t> told;
  RunningSink<TellingSink> running(TellingSink{&told}, 0, 1);
  ASSERT_TRUE(running.Open().ok());
  for (std::uint64_t id = 1; id <= 2; ++id) ASSERT_TRUE(running.Checkpoint(id).ok());
  ASSERT_TRUE(running->OnCheckpointEnd(1, true).ok());
  ASSERT_TRUE(running
                  .Until([&]() -> Result<bool> {
                    WEIR_RETURN_IF_ERROR(running->Drain().status());
                    return told.size() == 2;
                  })
                  .ok());
  EXPECT_EQ(told, (std::set<std::uint64_t>{0, 1}));
}

TEST_F(TwoPhaseSinkTest, StateThatIsNoneIsRefused) {
  Running first(sink_, 0, 1);
  ASSERT_TRUE(first.Open().ok());
  first.Push({1});
  const OperatorStateSnapshot good = *first.Checkpoint(1);
  ASSERT_EQ(good.size(), 3u);
  for (std::size_t state = 0; state < good.size(); ++state) {
    for (const bool cut : {false, true}) {
      OperatorStateSnapshot bad = good;
      auto& item = bad[state].items.front();
      cut ? item.resize(3) : void(item[0] = std::byte{2});
      Running running(sink_, 0, 1);
      const Status status = running->InitializeState(&bad);
      EXPECT_EQ(status.code(), StatusCode::kCorruption) << bad[state].name << cut;
      EXPECT_NE(status.message().find(bad[state].name), std::string::npos) << status.message();
      ASSERT_TRUE(running.Open(&good).ok());
    }
  }
}

// A job of one sink, run by hand: checkpoints, declined ones, crashes and other parallelisms, in
// any order, with a destination that is slow to commit.
class SinkJob {
 public:
  SinkJob(std::shared_ptr<Destination> destination, std::uint64_t seed)
      : destination_(std::move(destination)), random_(seed) {
    destination_->script = [this](CommitRequest<std::string>& request) {
      if (commit_random_() % 4 == 0 && request.number_of_retries() < 3) {
        request.RetryLater(Status::Unavailable("not now"));
      }
    };
    Start();
  }

  void Run(int steps, int records) {
    while (steps-- > 0) {
      switch (random_() % 8) {
        case 0:
          Complete();
          break;
        case 1:
          Decline();
          break;
        case 2:
          Crash();
          break;
        case 3:
        case 4:
          Trigger();
          break;
        default:
          Push(static_cast<int>(random_() % 20));
          break;
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
    while (position_ < records) Push(std::min(20, records - position_));
    End();
  }

 private:
  struct Checkpoint {
    std::uint64_t id = 0;
    int position = 0;
    std::vector<OperatorStateSnapshot> subtasks;
  };

  void Start() {
    const auto parallelism = static_cast<std::uint32_t>(1 + random_() % 3);
    std::vector<OperatorStateSnapshot> restored;
    if (!complete_.subtasks.empty()) {
      restored = *internal::RedistributeOperatorState(complete_.subtasks, parallelism);
    }
    position_ = complete_.position;
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      subtasks_.push_back(std::make_unique<RunningSink<ScriptedSink>>(
          ScriptedSink(destination_, kQuickRetries), i, parallelism, attempt_));
      ASSERT_TRUE(subtasks_.back()->Open(restored.empty() ? nullptr : &restored[i]).ok());
    }
  }
  void Crash() {
    pending_.clear();
    subtasks_.clear();
    ++attempt_;
    Start();
  }
  void Push(int count) {
    for (; count > 0; --count, ++position_) {
      subtasks_[static_cast<std::size_t>(position_) % subtasks_.size()]->Push({position_});
    }
  }
  void Trigger() {
    if (pending_.size() == 2) return;
    Checkpoint checkpoint{next_id_++, position_, {}};
    for (auto& subtask : subtasks_) {
      auto snapshot = subtask->Checkpoint(checkpoint.id);
      ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
      checkpoint.subtasks.push_back(*std::move(snapshot));
    }
    pending_.push_back(std::move(checkpoint));
  }
  // The coordinator decides first; who hears of it is another matter.
  void Complete() {
    if (pending_.empty()) return;
    complete_ = std::move(pending_.front());
    pending_.erase(pending_.begin());
    for (auto& subtask : subtasks_) {
      if (random_() % 5 == 0) return Crash();
      ASSERT_TRUE((*subtask)->OnCheckpointEnd(complete_.id, true).ok());
    }
  }
  void Decline() {
    if (pending_.empty()) return;
    const std::uint64_t id = pending_.front().id;
    pending_.erase(pending_.begin());
    for (auto& subtask : subtasks_) ASSERT_TRUE((*subtask)->OnCheckpointEnd(id, false).ok());
  }
  void End() {
    for (auto& subtask : subtasks_) ASSERT_TRUE(subtask->Finish().ok());
    while (!pending_.empty()) Decline();
    Trigger();
    for (auto& subtask : subtasks_) {
      ASSERT_TRUE((*subtask)->OnCheckpointEnd(pending_.front().id, true).ok());
      ASSERT_TRUE(subtask->UntilCommitted().ok());
    }
  }

  const std::shared_ptr<Destination> destination_;
  std::mt19937_64 random_;
  std::mt19937_64 commit_random_{1};  // under the destination's lock
  std::vector<std::unique_ptr<RunningSink<ScriptedSink>>> subtasks_;
  std::uint32_t attempt_ = 0;
  std::uint64_t next_id_ = 1;
  int position_ = 0;
  std::vector<Checkpoint> pending_;
  Checkpoint complete_;
};

TEST_F(TwoPhaseSinkTest, EachRecordIsCommittedOnceWhateverHappens) {
  const std::uint64_t seed = TestSeed();
  constexpr int kRecords = 400;
  for (std::uint64_t round = 0; round < 60; ++round) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed) + " round " + std::to_string(round));
    auto destination = std::make_shared<Destination>();
    SinkJob(destination, seed + round).Run(80, kRecords);
    ASSERT_FALSE(HasFatalFailure());
    std::vector<int> committed = destination->Committed();
    std::sort(committed.begin(), committed.end());
    ASSERT_GE(committed.size(), static_cast<std::size_t>(kRecords));
    ASSERT_EQ(committed, Numbers(0, static_cast<int>(committed.size())));
    ASSERT_EQ(destination->Notes(), std::vector<std::string>());
    ASSERT_TRUE(destination->prepared.empty()) << destination->prepared.begin()->first;
  }
}

// Others.

TEST(CollectSinkCheckpoints, GoesOnBehindTheCheckpointAtAnyParallelism) {
  const std::uint32_t parallelisms[] = {2, 3, 1, 4};
  CollectSink<int> sink;
  std::vector<OperatorStateSnapshot> held;
  int next = 0;
  for (std::uint32_t attempt = 0; attempt < 4; ++attempt) {
    const std::uint32_t parallelism = parallelisms[attempt];
    const auto restored = *internal::RedistributeOperatorState(held, parallelism);
    std::vector<std::unique_ptr<RunningSink<CollectSink<int>>>> subtasks;
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      subtasks.push_back(
          std::make_unique<RunningSink<CollectSink<int>>>(sink, i, parallelism, attempt));
      ASSERT_TRUE(subtasks[i]->Open(held.empty() ? nullptr : &restored[i]).ok());
    }
    held.clear();
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      subtasks[i]->Push({next, next + 1});
      next += 2;
      held.push_back(*subtasks[i]->Checkpoint(attempt + 1));
      subtasks[i]->Push({-1});  // in no checkpoint
    }
  }
  std::vector<int> records = sink.records();
  std::sort(records.begin(), records.end());
  std::vector<int> expected = Numbers(0, next);
  expected.insert(expected.begin(), 4, -1);
  EXPECT_EQ(records, expected) << "the last attempt did not fail";
}

TEST(CollectSinkCheckpoints, WhatWasTakenIsNotCollectedAgainFromTheCheckpoint) {
  CollectSink<int> sink;
  OperatorStateSnapshot held;
  {
    RunningSink<CollectSink<int>> running(sink, 0, 1);
    ASSERT_TRUE(running.Open().ok());
    running.Push({1, 2});
    EXPECT_EQ(sink.TakeRecords(), (std::vector<int>{1, 2}));
    running.Push({3});
    held = *running.Checkpoint(1);
    running.Push({4});
  }
  RunningSink<CollectSink<int>> running(sink, 0, 1, 1);
  ASSERT_TRUE(running.Open(&held).ok());
  running.Push({4, 5});
  EXPECT_EQ(sink.records(), (std::vector<int>{3, 4, 5}));
}

TEST(SinkWriterOperatorAtABarrier, FlushesWhatItHasTakenFirst) {
  auto collected = std::make_shared<testing::Collected<int>>();
  collected->accept_in_a_row = 3;
  collected->flushes_needed = 2;
  RunningSink<testing::CollectingSink<int>> running(testing::CollectingSink<int>(collected), 0, 1);
  ASSERT_TRUE(running.Open().ok());
  running.Push(Numbers(0, 8));
  EXPECT_EQ(collected->records.size(), 3u);
  int calls = 0;
  ASSERT_TRUE(running
                  .Until([&] {
                    ++calls;
                    return running->PrepareCheckpoint({1});
                  })
                  .ok());
  EXPECT_EQ(collected->records, Numbers(0, 8));
  EXPECT_EQ(calls, 4) << "one while records wait, two that flush, one that has";
  OperatorStateSnapshot snapshot;
  ASSERT_TRUE(running->SnapshotState(1, snapshot).ok());
  EXPECT_TRUE(snapshot.empty());
  EXPECT_FALSE(running->AwaitsCheckpoint());
}

}  // namespace
}  // namespace weir
