// The source seam from both ends: SourceOperator with its reader, SourceCoordinator with its
// enumerator.
#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/data_sources.h>
#include <weir/internal/operators/source_operator.h>
#include <weir/internal/record_errors.h>
#include <weir/internal/source_coordinator.h>
#include <weir/source.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir {
namespace {

using internal::EncodeSourceMessage;
using internal::PollStatus;
using internal::SourceMessage;
using testing::KeepingInput;
using testing::OperatorHarness;
using Coordinator = internal::SourceCoordinator<SequenceSource>;

std::string AddSplits(const std::vector<RangeSplit>& splits) {
  std::vector<std::byte> content;
  SerializeTo(splits, content);
  return EncodeSourceMessage(SourceMessage::kAddSplits, content);
}

TEST(SourceOutput, ClaimsSlotsOfOneTimestampBehindTheOthers) {
  internal::Batch<int> block(8);
  SourceOutput<int> output(block);
  output.Collect(7, 70);
  EXPECT_EQ(output.room(), 7u);
  const std::span<int> slots = output.Claim(3, 90);
  ASSERT_EQ(slots.size(), 3u);
  std::iota(slots.begin(), slots.end(), 8);
  output.Collect(11);
  ASSERT_EQ(block.size(), 5u);
  for (std::uint32_t i = 0; i < block.size(); ++i) EXPECT_EQ(block[i], 7 + static_cast<int>(i));
  EXPECT_EQ(block.timestamp(0), 70);
  EXPECT_EQ(block.timestamp(1), 90);
  EXPECT_EQ(block.timestamp(3), 90);
  EXPECT_EQ(block.timestamp(4), internal::kNoTimestamp);
}

TEST(SourceOperator, PollsOneBlockAtATimeUntilTheEnd) {
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  internal::SourceOperator<SequenceSource> op(harness.context(), SequenceSource(0, 0), out);
  ASSERT_TRUE(op.Open().ok());
  ASSERT_EQ(harness.chain.sent.size(), 1u) << "asks for a split";
  EXPECT_EQ(*op.Poll(), PollStatus::kIdle);

  ASSERT_TRUE(op.OnCoordinatorEvent(AddSplits({{10, 10 + 1500}})).ok());
  EXPECT_GT(harness.chain.fake_availability->notified, 0);
  EXPECT_EQ(*op.Poll(), PollStatus::kProgress);
  EXPECT_EQ(out.block_sizes, (std::vector<std::uint32_t>{1024}));
  EXPECT_EQ(*op.Poll(), PollStatus::kProgress);
  EXPECT_EQ(harness.chain.sent.size(), 2u) << "asks for the next";
  EXPECT_EQ(*op.Poll(), PollStatus::kIdle);
  ASSERT_TRUE(op.OnCoordinatorEvent(EncodeSourceMessage(SourceMessage::kNoMoreSplits)).ok());
  EXPECT_TRUE(out.watermarks.empty());
  EXPECT_EQ(*op.Poll(), PollStatus::kEndOfInput);
  EXPECT_EQ(*op.Poll(), PollStatus::kEndOfInput);
  EXPECT_EQ(out.watermarks, (std::vector<std::int64_t>{internal::kMaximumWatermark}));
  EXPECT_EQ(out.records.size(), 1500u);
  EXPECT_EQ(out.records.back(), 1509);
  EXPECT_EQ(out.timestamps.front(), internal::kNoTimestamp);
}

// One bad record, then nothing.
struct BadRecordSource {
  using Record = std::int64_t;
  using Split = RangeSplit;
  class Reader final : public SourceReader<Record, Split> {
   public:
    Status Open(SourceReaderContext& context) override {
      context_ = &context;
      return Status::Ok();
    }
    Result<ReadStatus> Read(SourceOutput<Record>&) override {
      if (std::exchange(read_, true)) return ReadStatus::kNothingAvailable;
      WEIR_RETURN_IF_ERROR(context_->HandleBadRecord(
          {"x", Status::Corruption("no number"), "here", internal::kNoTimestamp}));
      return ReadStatus::kNothingAvailable;
    }
    Status AddSplits(std::vector<Split>) override { return Status::Ok(); }
    void NoMoreSplits() override {}
    std::vector<Split> Snapshot(std::uint64_t) override { return {}; }

   private:
    SourceReaderContext* context_ = nullptr;
    bool read_ = false;
  };
  std::unique_ptr<Reader> CreateReader() const { return std::make_unique<Reader>(); }
};

TEST(SourceOperator, ARejectedRecordIsProgress) {
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  internal::RecordErrors errors(ErrorPolicy::kDrop, "Source", harness.chain);
  internal::OperatorContext context = harness.context();
  context.errors = &errors;
  internal::SourceOperator<BadRecordSource> op(context, BadRecordSource(), out);
  ASSERT_TRUE(op.Open().ok());
  EXPECT_EQ(*op.Poll(), PollStatus::kProgress) << "its letter must go out";
  EXPECT_EQ(*op.Poll(), PollStatus::kIdle);
}

TEST(SourceOperator, RefusesBytesThatAreNoMessage) {
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  internal::SourceOperator<SequenceSource> op(harness.context(), SequenceSource(0, 0), out);
  ASSERT_TRUE(op.Open().ok());
  std::string other_version = AddSplits({});
  other_version[0] = 9;
  EXPECT_EQ(op.OnCoordinatorEvent(other_version).code(), StatusCode::kUnsupported);
  const std::string good = AddSplits({{1, 2}});
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(op.OnCoordinatorEvent(good.substr(0, length)).code(), StatusCode::kCorruption);
  }
}

class FakeCoordinatorContext final : public internal::CoordinatorContext {
 public:
  std::uint32_t parallelism() const override { return 2; }
  bool subtasks_restart() const override { return restarts; }
  void SendToSubtask(std::uint32_t subtask, std::string payload) override {
    sent.emplace_back(subtask, std::move(payload));
  }
  void Fail(Status status) override { failure = std::move(status); }
  void RunBlocking(std::function<void()> work, std::function<void()> done) override {
    work();
    done();
  }
  void Schedule(std::int64_t, std::function<void()> task) override { task(); }
  Logger& logger() override { return fake_logger; }

  // The ranges assigned to a subtask so far; forgets them.
  std::vector<std::pair<std::int64_t, std::int64_t>> TakeAssigned(std::uint32_t subtask) {
    std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
    for (auto& [to, payload] : sent) {
      const auto message = internal::DecodeSourceMessage(payload);
      if (to != subtask || message->kind != SourceMessage::kAddSplits) continue;
      const auto splits = Deserialize<std::vector<RangeSplit>>(message->content);
      for (const RangeSplit& split : *splits) ranges.emplace_back(split.next, split.end);
    }
    std::erase_if(sent, [&](const auto& each) { return each.first == subtask; });
    return ranges;
  }

  std::vector<std::pair<std::uint32_t, std::string>> sent;
  Status failure;
  bool restarts = true;
  testing::FakeLogger fake_logger;
};

class SourceCoordinatorTest : public ::testing::Test {
 protected:
  void Request(std::uint32_t subtask) {
    ASSERT_TRUE(
        coordinator_.OnEvent(subtask, EncodeSourceMessage(SourceMessage::kRequestSplit)).ok());
  }
  FakeCoordinatorContext context_;
  SequenceSource source_{0, 9};
  Coordinator coordinator_{source_, context_};
};

using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;

TEST_F(SourceCoordinatorTest, AssignsOnRequestThenSaysNoMore) {
  ASSERT_TRUE(coordinator_.Start().ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 0).ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(1, 0).ok());
  Request(0);
  Request(1);
  Ranges all = context_.TakeAssigned(0);
  const Ranges second = context_.TakeAssigned(1);
  all.insert(all.end(), second.begin(), second.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (Ranges{{0, 5}, {5, 10}}));
  Request(0);
  ASSERT_EQ(context_.sent.size(), 1u);
  EXPECT_EQ(internal::DecodeSourceMessage(context_.sent[0].second)->kind,
            SourceMessage::kNoMoreSplits);
}

// Without checkpoints nobody says what is safe; with a restart strategy all of it goes back.
TEST_F(SourceCoordinatorTest, WithoutCheckpointsALostReaderGivesBackAllItEverHad) {
  ASSERT_TRUE(coordinator_.Start().ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 0).ok());
  Request(0);
  Request(0);
  const Ranges before = context_.TakeAssigned(0);
  ASSERT_EQ(before.size(), 2u);
  ASSERT_TRUE(coordinator_.SubtaskFailed(0, 0).ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 1).ok());
  Request(0);
  Request(0);
  Ranges again = context_.TakeAssigned(0);
  std::sort(again.begin(), again.end());
  EXPECT_EQ(again, (Ranges{{0, 5}, {5, 10}}));
}

TEST_F(SourceCoordinatorTest, KeepsNothingOfReadersThatDoNotRestart) {
  context_.restarts = false;
  ASSERT_TRUE(coordinator_.Start().ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 0).ok());
  Request(0);
  Request(0);
  ASSERT_EQ(context_.TakeAssigned(0).size(), 2u);
  ASSERT_TRUE(coordinator_.SubtaskFailed(0, 0).ok()) << "the job ends with it";
  ASSERT_TRUE(coordinator_.SubtaskReady(1, 0).ok());
  Request(1);
  EXPECT_TRUE(context_.TakeAssigned(1).empty()) << "nothing was kept to be given back";
}

TEST_F(SourceCoordinatorTest, SplitsOfALostReaderAreHandedOutAgain) {
  ASSERT_TRUE(coordinator_.Start().ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 0).ok());
  Request(0);
  const Ranges first = context_.TakeAssigned(0);
  ASSERT_EQ(first.size(), 1u);
  ASSERT_TRUE(coordinator_.SubtaskFailed(0, 0).ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 1).ok());
  Request(0);
  EXPECT_EQ(context_.TakeAssigned(0), first);
  // Late news of the old attempt take nothing away from the new one.
  ASSERT_TRUE(coordinator_.SubtaskFailed(0, 0).ok());
  Request(0);
  EXPECT_EQ(context_.TakeAssigned(0).size(), 1u);
}

// A reader asks when it has read its split, and hears that there are no more while it does. The
// split of a lost reader, given to it now, would be read by nobody.
TEST_F(SourceCoordinatorTest, WhoWasToldThatNoMoreComeGetsNothingThatWentBack) {
  ASSERT_TRUE(coordinator_.Start().ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 0).ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(1, 0).ok());
  Request(0);
  Request(1);
  context_.TakeAssigned(0);
  const Ranges lost = context_.TakeAssigned(1);
  Request(0);
  ASSERT_EQ(context_.sent.size(), 1u);  // no more
  ASSERT_TRUE(coordinator_.SubtaskFailed(1, 0).ok());
  Request(0);
  EXPECT_EQ(context_.TakeAssigned(0), Ranges());
  ASSERT_TRUE(coordinator_.SubtaskReady(1, 1).ok());
  Request(1);
  EXPECT_EQ(context_.TakeAssigned(1), lost);
  // Another attempt of it has been told nothing yet.
  ASSERT_TRUE(coordinator_.SubtaskFailed(1, 1).ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 1).ok());
  Request(0);
  EXPECT_EQ(context_.TakeAssigned(0), lost);
}

TEST_F(SourceCoordinatorTest, SplitsInACompletedCheckpointBelongToTheReader) {
  ASSERT_TRUE(coordinator_.Start().ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 0).ok());
  Request(0);
  const Ranges in_checkpoint_1 = context_.TakeAssigned(0);
  ASSERT_TRUE(coordinator_.Snapshot(1).ok());
  Request(0);
  const Ranges in_checkpoint_2 = context_.TakeAssigned(0);
  ASSERT_TRUE(coordinator_.Snapshot(2).ok());
  coordinator_.CheckpointComplete(1);
  ASSERT_TRUE(coordinator_.SubtaskFailed(0, 0).ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 1).ok());
  Request(0);
  EXPECT_EQ(context_.TakeAssigned(0), in_checkpoint_2);
  Request(0);
  EXPECT_EQ(context_.TakeAssigned(0), Ranges());
}

TEST_F(SourceCoordinatorTest, SnapshotAndRestore) {
  ASSERT_TRUE(coordinator_.Start().ok());
  ASSERT_TRUE(coordinator_.SubtaskReady(0, 0).ok());
  Request(0);
  const Ranges before = context_.TakeAssigned(0);
  const auto state = coordinator_.Snapshot(1);
  ASSERT_TRUE(state.ok());

  FakeCoordinatorContext context;
  Coordinator restored(source_, context);
  ASSERT_TRUE(restored.Restore(1, *state).ok());
  ASSERT_TRUE(restored.Start().ok());
  ASSERT_TRUE(restored.SubtaskReady(0, 1).ok());
  const std::string request = EncodeSourceMessage(SourceMessage::kRequestSplit);
  ASSERT_TRUE(restored.OnEvent(0, request).ok());
  Ranges rest = context.TakeAssigned(0);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_NE(rest, before);
  for (std::size_t length = 0; length < state->size(); ++length) {
    EXPECT_FALSE(Coordinator(source_, context).Restore(1, state->substr(0, length)).ok()) << length;
  }
}

TEST_F(SourceCoordinatorTest, AssigningToAReaderThatIsNotThereIsAnError) {
  ASSERT_TRUE(coordinator_.Start().ok());
  const Status status = coordinator_.OnEvent(1, EncodeSourceMessage(SourceMessage::kRequestSplit));
  EXPECT_NE(status.message().find("reader 1, which is not registered"), std::string::npos);
}

TEST(SequenceSource, SplitsCoverTheRange) {
  struct Case {
    std::int64_t first, last;
    std::size_t splits;
  };
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  for (const Case& each :
       {Case{0, 9, 2}, Case{5, 5, 1}, Case{6, 5, 0}, Case{-3, 3, 2}, Case{kMin, kMax - 1, 2}}) {
    FakeCoordinatorContext context;
    Coordinator coordinator(SequenceSource(each.first, each.last), context);
    ASSERT_TRUE(coordinator.Start().ok());
    ASSERT_TRUE(coordinator.SubtaskReady(0, 0).ok());
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(coordinator.OnEvent(0, EncodeSourceMessage(SourceMessage::kRequestSplit)).ok());
    }
    Ranges ranges = context.TakeAssigned(0);
    std::sort(ranges.begin(), ranges.end());
    ASSERT_EQ(ranges.size(), each.splits);
    std::int64_t next = each.first;
    for (const auto& [from, end] : ranges) {
      EXPECT_EQ(from, next);
      EXPECT_LT(from, end);
      next = end;
    }
    if (!ranges.empty()) {
      EXPECT_EQ(next, each.last + 1);
    }
  }
}

}  // namespace
}  // namespace weir
