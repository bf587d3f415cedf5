// What sinks do after a failure beside what they restore.
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/collect_sink.h>
#include <weir/internal/operators/sink_writer_operator.h>

#include "tests/unit/sdk/running_sink.h"

namespace weir {
namespace {

using internal::OperatorStateSnapshot;
using testing::RunningSink;

// A sink without output, whose committer aborts once the gate is open.
struct AbortingSink {
  using Record = int;
  using Committable = std::string;

  struct Writer final : SinkWriter<int> {
    Status Open(SinkWriterContext&) override { return Status::Ok(); }
    Result<WriteStatus> Write(int&, std::int64_t) override { return WriteStatus::kAccepted; }
    Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }
    Result<std::optional<std::vector<std::string>>> PrepareCommit(std::uint64_t, bool) {
      return std::optional(std::vector<std::string>());
    }
  };
  struct Aborting final : Committer<std::string> {
    Aborting(std::latch* gate, Status result) : gate_(gate), result_(std::move(result)) {}
    Status Commit(std::vector<CommitRequest<std::string>>&) override { return Status::Ok(); }
    Status AbortUnheld(const RestoredCommittables<std::string>&) override {
      gate_->wait();
      return result_;
    }
    std::latch* gate_;
    Status result_;
  };

  std::string name() const { return "Aborting"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(); }
  std::unique_ptr<Committer<std::string>> CreateCommitter() const {
    return std::make_unique<Aborting>(gate, result);
  }
  std::latch* gate;
  Status result;
};

TEST(SinkRecovery, ATaskEndsAfterWhatFailedAttemptsHaveLeftIsAborted) {
  std::latch gate(1);
  RunningSink<AbortingSink> running({&gate, Status::Ok()}, 0, 1, 1);
  ASSERT_TRUE(running.Open().ok());
  ASSERT_TRUE(running.Finish().ok());
  EXPECT_TRUE(running->AwaitsCheckpoint());
  gate.count_down();
  EXPECT_TRUE(running.UntilCommitted().ok());
}

TEST(SinkRecovery, ATaskWithoutCheckpointsDoesSoToo) {
  std::latch gate(1);
  RunningSink<AbortingSink> running({&gate, Status::Ok()}, 0, 1, 1, false);
  ASSERT_TRUE(running.Open().ok());
  const Result<bool> finished = running->Finish();
  ASSERT_TRUE(finished.ok());
  EXPECT_FALSE(*finished);
  gate.count_down();
  EXPECT_TRUE(running.Finish().ok());
}

TEST(SinkRecovery, WhatCannotBeAbortedFailsATaskThatHasNothingToWrite) {
  for (const bool takes_checkpoints : {false, true}) {
    std::latch gate(1);
    RunningSink<AbortingSink> running({&gate, Status::Unavailable("no answer")}, 0, 1, 1,
                                      takes_checkpoints);
    ASSERT_TRUE(running.Open().ok());
    if (takes_checkpoints) {
      ASSERT_TRUE(running.Finish().ok());
    }
    gate.count_down();
    const Status status = takes_checkpoints ? running.UntilCommitted() : running.Finish();
    EXPECT_EQ(status.message(),
              "sink 'Aborting': cannot abort what failed attempts have left: no answer");
  }
}

TEST(SinkRecovery, CollectSinkKeepsWhatASubtaskHadWhenItFinishedBeforeTheCheckpoint) {
  CollectSink<int> sink;
  OperatorStateSnapshot held;
  {
    RunningSink<CollectSink<int>> finished(sink, 0, 2);
    RunningSink<CollectSink<int>> goes_on(sink, 1, 2);
    ASSERT_TRUE(finished.Open().ok());
    ASSERT_TRUE(goes_on.Open().ok());
    finished.Push({1, 2});
    ASSERT_TRUE(finished.Finish().ok());
    goes_on.Push({10});
    held = *goes_on.Checkpoint(1);
    goes_on.Push({11});
  }
  // Twice, as it may fail before it has finished again.
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    RunningSink<CollectSink<int>> finished(sink, 0, 2, attempt);
    RunningSink<CollectSink<int>> goes_on(sink, 1, 2, attempt);
    finished.StartFromCheckpoint();
    ASSERT_TRUE(finished.Open().ok());
    ASSERT_TRUE(goes_on.Open(&held).ok());
    EXPECT_EQ(sink.records(), (std::vector<int>{1, 2, 10}));
  }
}

TEST(SinkRecovery, CollectSinkBeginsAnewWhereTheJobDoesAlsoBehindAnEnd) {
  CollectSink<int> sink;
  for (std::uint32_t attempt = 0; attempt < 2; ++attempt) {
    RunningSink<CollectSink<int>> running(sink, 0, 1, attempt);
    ASSERT_TRUE(running.Open().ok());
    running.Push({1, 2});
    ASSERT_TRUE(running.Finish().ok());
    EXPECT_EQ(sink.records(), (std::vector<int>{1, 2}));
  }
}

}  // namespace
}  // namespace weir
