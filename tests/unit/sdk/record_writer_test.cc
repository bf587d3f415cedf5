#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/partitioners/broadcast_writer.h>
#include <weir/internal/partitioners/custom_writer.h>
#include <weir/internal/partitioners/key_group_writer.h>
#include <weir/internal/partitioners/round_robin_writer.h>
#include <weir/internal/partitioners/shuffle_writer.h>
#include <weir/internal/partitioners/single_channel_writer.h>
#include <weir/internal/record_writer.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir {
namespace {

using internal::Batch;
using testing::FakeChainContext;
using testing::MakeBatch;
using testing::RecordsOf;
using testing::ShapeOf;
using Number = std::int64_t;
using Numbers = std::vector<Number>;

Numbers Range(Number first, Number end) {
  Numbers numbers;
  for (Number i = first; i < end; ++i) numbers.push_back(i);
  return numbers;
}

// A writer over one output with `channels` channels.
template <class Writer>
class Harness {
 public:
  template <class... More>
  explicit Harness(std::uint32_t channels, std::uint32_t capacity = 16, More... more)
      : chain({channels}, capacity), writer({&chain, &failure, 4}, 0, more...) {}

  void Push(const Numbers& numbers) {
    auto batch = MakeBatch(numbers);
    writer.PushBatch(*batch);
    writer.InputBlockDone();
  }
  testing::FakeOutputChannel& channel(std::uint32_t i) { return *chain.outputs[0][i]; }
  std::vector<Numbers> Records() {
    std::vector<Numbers> records;
    for (auto& each : chain.outputs[0]) records.push_back(RecordsOf<Number>(*each));
    return records;
  }

  FakeChainContext chain;
  internal::ChainFailure failure;
  Writer writer;
};
using SingleHarness = Harness<internal::SingleChannelWriter<Number>>;
using RoundRobinHarness = Harness<internal::RoundRobinWriter<Number>>;

TEST(SingleChannelWriter, FillsBatchesInOrder) {
  SingleHarness h(1);
  h.Push(Range(0, 20));
  h.Push(Range(20, 40));
  EXPECT_EQ(ShapeOf(h.channel(0)), "BB");
  h.writer.End();
  EXPECT_EQ(ShapeOf(h.channel(0)), "BBBE");
  EXPECT_EQ(h.Records()[0], Range(0, 40));
}

TEST(SingleChannelWriter, PassesAWholeBlockAsItIs) {
  SingleHarness h(1, 1024);
  Batch<Number> block(1024);
  for (Number i = 0; i < 1024; ++i) block.Next(i) = i;
  const Number* slots = &block[0];
  h.writer.Push(block);
  ASSERT_EQ(ShapeOf(h.channel(0)), "B");
  const auto& batch = static_cast<Batch<Number>&>(
      *std::get<std::unique_ptr<internal::AnyBatch>>(h.channel(0).written.front()));
  EXPECT_EQ(&batch[0], slots) << "no record was moved";
  EXPECT_EQ(batch.size(), 1024u);
  EXPECT_EQ(block.capacity(), 1024u);
}

TEST(SingleChannelWriter, GlobalSendsRecordsToTheFirstAndControlToAll) {
  SingleHarness h(3);
  h.Push(Range(0, 20));
  h.writer.OnWatermark({9});
  h.writer.End();
  EXPECT_EQ(ShapeOf(h.channel(0)), "BBWE");
  EXPECT_EQ(ShapeOf(h.channel(1)), "WE");
  EXPECT_EQ(ShapeOf(h.channel(2)), "WE");
}

TEST(RecordWriter, TakesRecycledBatchesFirst) {
  SingleHarness h(1);
  auto recycled = std::make_unique<Batch<Number>>(16);
  recycled->Next(0) = 77;
  const internal::AnyBatch* address = recycled.get();
  h.channel(0).recycled.push_back(std::move(recycled));
  h.Push(Range(0, 16));
  const auto& sent = std::get<std::unique_ptr<internal::AnyBatch>>(h.channel(0).written.front());
  EXPECT_EQ(sent.get(), address);
  EXPECT_EQ(h.Records()[0], Range(0, 16));
}

TEST(RecordWriter, WatermarkRidesBehindTheNextBatch) {
  SingleHarness h(1);
  h.Push(Range(0, 10));
  h.writer.OnWatermark({1});
  h.writer.OnWatermark({2});
  EXPECT_EQ(ShapeOf(h.channel(0)), "");
  h.Push(Range(10, 20));
  EXPECT_EQ(ShapeOf(h.channel(0)), "BW") << "one: the newer replaced the older";
  h.Push(Range(20, 36));
  EXPECT_EQ(ShapeOf(h.channel(0)), "BWB") << "it is not repeated";
}

TEST(RecordWriter, WatermarkShipsAtItsLagBoundWithThePartialBatch) {
  RoundRobinHarness h(2);
  h.Push({1, 2, 3});
  h.writer.OnWatermark({1});
  for (std::uint32_t i = 1; i < internal::kWatermarkLagBlocks; ++i) h.writer.InputBlockDone();
  EXPECT_EQ(ShapeOf(h.channel(0)), "");
  h.writer.InputBlockDone();
  EXPECT_EQ(ShapeOf(h.channel(0)), "BW");
  EXPECT_EQ(ShapeOf(h.channel(1)), "BW");
  // The count begins anew.
  h.writer.OnWatermark({2});
  h.writer.InputBlockDone();
  EXPECT_EQ(ShapeOf(h.channel(0)), "BW");
}

TEST(RecordWriter, WatermarkNeverPassesThePartialBatchThatWaitsForCredit) {
  RoundRobinHarness h(2);
  h.channel(0).credit = 0;
  h.Push({1, 2});
  h.writer.OnWatermark({1});
  for (std::uint32_t i = 0; i < internal::kWatermarkLagBlocks; ++i) h.writer.InputBlockDone();
  EXPECT_EQ(ShapeOf(h.channel(0)), "");
  EXPECT_EQ(ShapeOf(h.channel(1)), "BW");
  h.channel(0).credit = 1;
  h.writer.InputBlockDone();
  EXPECT_EQ(ShapeOf(h.channel(0)), "BW");
}

TEST(RecordWriter, FlushShipsOnlyWhereThereIsCredit) {
  RoundRobinHarness h(2);
  h.channel(0).credit = 0;
  h.Push({1, 2});
  h.writer.OnWatermark({1});
  h.writer.Flush();
  EXPECT_EQ(ShapeOf(h.channel(0)), "");
  EXPECT_EQ(ShapeOf(h.channel(1)), "BW");
  h.channel(0).credit = 5;
  h.writer.Flush();
  h.writer.Flush();
  EXPECT_EQ(ShapeOf(h.channel(0)), "BW");
}

TEST(RecordWriter, StatusFollowsWhatWasWrittenBefore) {
  SingleHarness h(2);
  h.Push({1});
  h.writer.OnWatermark({1});
  h.writer.OnWatermarkStatus({true});
  EXPECT_EQ(ShapeOf(h.channel(0)), "BWS");
  EXPECT_EQ(ShapeOf(h.channel(1)), "WS");
}

TEST(RecordWriter, EndShipsEverythingInOrder) {
  SingleHarness h(1);
  h.channel(0).credit = 0;
  h.Push({1});
  h.writer.OnWatermark({internal::kMaximumWatermark});
  h.writer.End();
  EXPECT_EQ(ShapeOf(h.channel(0)), "BWE");
}

TEST(RecordWriter, ABarrierIsBehindRecordsAndTheWatermarkThatWaits) {
  SingleHarness h(1);
  h.channel(0).credit = 0;
  h.Push({1});
  h.writer.OnWatermark({5});
  h.writer.EmitBarrier({3, 0});
  EXPECT_EQ(ShapeOf(h.channel(0)), "BWC");
  h.Push({2});
  h.writer.EmitBarrier({4, 0});
  EXPECT_EQ(ShapeOf(h.channel(0)), "BWCBC") << "the watermark is there already";
}

TEST(RoundRobinWriter, TakesTurns) {
  RoundRobinHarness h(3);
  h.Push(Range(0, 10));
  h.writer.End();
  EXPECT_EQ(h.Records(), (std::vector<Numbers>{{0, 3, 6, 9}, {1, 4, 7}, {2, 5, 8}}));
}

TEST(RoundRobinWriter, SubtasksStartAtDifferentChannels) {
  FakeChainContext chain({3}, 16);
  chain.fake_runtime.information.subtask_index = 4;
  internal::ChainFailure failure;
  internal::RoundRobinWriter<Number> writer({&chain, &failure, 0}, 0);
  auto batch = MakeBatch<Number>({1});
  writer.PushBatch(*batch);
  writer.End();
  EXPECT_EQ(RecordsOf<Number>(*chain.outputs[0][1]), (Numbers{1}));
}

TEST(RoundRobinWriter, PassesOverLoadedChannelsAndComesBack) {
  RoundRobinHarness h(3);
  h.channel(1).credit = 1;
  for (int i = 0; i < 20; ++i) h.Push(Range(0, 30));
  // Channel 1 got its one batch and what was being filled when it became loaded.
  EXPECT_EQ(RecordsOf<Number>(h.channel(1)).size(), 16u);
  EXPECT_GT(RecordsOf<Number>(h.channel(0)).size(), 250u);
  h.channel(1).credit = -1;
  for (int i = 0; i < 20; ++i) h.Push(Range(0, 30));
  EXPECT_GT(RecordsOf<Number>(h.channel(1)).size(), 150u);
}

TEST(RoundRobinWriter, WhenAllAreLoadedTheLeastBacklogIsChosen) {
  RoundRobinHarness h(3);
  for (std::uint32_t i = 0; i < 3; ++i) h.channel(i).credit = 0;
  h.channel(0).backlog = 5;
  h.channel(1).backlog = 2;
  h.channel(2).backlog = 9;
  h.Push(Range(0, 48));  // all become loaded as their first batch ships
  const auto before = h.Records();
  h.Push(Range(0, 160));
  h.Push(Range(0, 160));
  const auto after = h.Records();
  EXPECT_EQ(after[0].size(), before[0].size());
  EXPECT_GE(after[1].size(), before[1].size() + 300);
  EXPECT_EQ(after[2].size(), before[2].size());
}

struct Identity {
  Number operator()(const Number& i) const { return i; }
};

TEST(KeyGroupWriter, EachKeyGoesToTheOwnerOfItsGroupWithItsHash) {
  Harness<internal::KeyGroupWriter<Number, Identity>> h(3, 16, Identity(), 128u);
  h.Push(Range(0, 1000));
  h.writer.End();
  std::size_t total = 0;
  for (std::uint32_t c = 0; c < 3; ++c) {
    for (const auto& element : h.channel(c).written) {
      const auto* any = std::get_if<std::unique_ptr<internal::AnyBatch>>(&element);
      if (any == nullptr) continue;
      auto& batch = static_cast<Batch<Number>&>(**any);
      ASSERT_TRUE(batch.has_key_hashes());
      for (std::uint32_t i = 0; i < batch.size(); ++i, ++total) {
        EXPECT_EQ(batch.key_hashes()[i], StableHash(batch[i]));
        EXPECT_EQ(SubtaskOf(KeyGroupOf(StableHash(batch[i]), 128), 3, 128), c);
        EXPECT_EQ(batch.timestamp(i), batch[i]);
      }
    }
    EXPECT_GT(RecordsOf<Number>(h.channel(c)).size(), 200u);
  }
  EXPECT_EQ(total, 1000u);
  EXPECT_EQ(h.chain.entered.front(), 4u) << "the selector runs in the upstream operator's name";
}

TEST(ShuffleWriter, SpreadsEvenlyAndRepeatably) {
  const auto run = [] {
    Harness<internal::ShuffleWriter<Number>> h(4);
    h.Push(Range(0, 8000));
    h.writer.End();
    return h.Records();
  };
  const auto records = run();
  for (const Numbers& each : records) EXPECT_NEAR(static_cast<double>(each.size()), 2000.0, 200.0);
  EXPECT_EQ(records, run());
}

TEST(BroadcastWriter, EveryChannelGetsEverything) {
  Harness<internal::BroadcastWriter<Number>> h(3);
  h.Push(Range(0, 40));
  h.writer.End();
  for (const Numbers& each : h.Records()) EXPECT_EQ(each, Range(0, 40));
}

TEST(CustomWriter, TheFunctionChooses) {
  auto choose = [](const Number& i, std::uint32_t n) {
    return i < 5 ? 0 : static_cast<int>(n) - 1;
  };
  Harness<internal::CustomWriter<Number, decltype(choose)>> h(3, 16, choose);
  h.Push(Range(0, 8));
  h.writer.End();
  EXPECT_EQ(h.Records(), (std::vector<Numbers>{{0, 1, 2, 3, 4}, {}, {5, 6, 7}}));
  EXPECT_FALSE(h.failure.failed());
}

TEST(CustomWriter, AWrongChoiceFailsTheTask) {
  for (int wrong : {-1, 3}) {
    auto choose = [wrong](const Number&, std::uint32_t) { return wrong; };
    Harness<internal::CustomWriter<Number, decltype(choose)>> h(3, 16, choose);
    h.Push({1});
    EXPECT_EQ(h.failure.status().domain(), ErrorDomain::kUser);
    EXPECT_NE(h.failure.status().message().find("chose " + std::to_string(wrong)),
              std::string::npos);
  }
}

}  // namespace
}  // namespace weir
