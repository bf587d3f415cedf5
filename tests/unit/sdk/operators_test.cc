#include <array>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/operators/collect_operators.h>
#include <weir/internal/operators/connections.h>
#include <weir/internal/operators/filter_operator.h>
#include <weir/internal/operators/map_operator.h>
#include <weir/internal/operators/two_input_operator.h>
#include <weir/internal/operators/update_operator.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir {
namespace {

using internal::BlockCapacity;
using testing::KeepingInput;
using testing::MakeBatch;
using testing::OperatorHarness;

// Wide, so that a block has few of them.
struct Wide {
  std::int64_t value = 0;
  std::array<char, 504> filler{};
};
static_assert(BlockCapacity<Wide>() == 64);

std::vector<std::int64_t> Numbers(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

template <class U, template <class...> class Op, class T, class F>
KeepingInput<U>& RunOne(OperatorHarness& harness, KeepingInput<U>& out, F function,
                        const std::vector<T>& records) {
  Op<T, U, F> op(harness.context(), function, out);
  auto batch = MakeBatch(records);
  op.PushBatch(*batch);
  op.OnWatermark({7});
  op.OnWatermarkStatus({true});
  return out;
}

TEST(MapOperator, FillsBlocksOfItsOutputType) {
  OperatorHarness harness;
  KeepingInput<Wide> out;
  RunOne<Wide, internal::MapOperator>(
      harness, out, [](const std::int64_t& i) { return Wide{i * 2}; }, Numbers(150));
  ASSERT_EQ(out.records.size(), 150u);
  for (std::int64_t i = 0; i < 150; ++i) {
    EXPECT_EQ(out.records[i].value, i * 2);
    EXPECT_EQ(out.timestamps[i], i);
  }
  EXPECT_EQ(out.block_sizes, (std::vector<std::uint32_t>{64, 64, 22}));
  EXPECT_EQ(out.watermarks, (std::vector<std::int64_t>{7}));
  EXPECT_EQ(out.idle, (std::vector<bool>{true}));
  EXPECT_EQ(harness.chain.entered.size(), 3u) << "entered once per block, not per record";
}

TEST(MapOperator, CutsLargeBatchesIntoBlocks) {
  OperatorHarness harness;
  KeepingInput<Wide> out;
  std::vector<Wide> in(200);
  for (int i = 0; i < 200; ++i) in[i].value = i;
  RunOne<Wide, internal::MapOperator>(harness, out, [](const Wide& w) { return w; }, in);
  EXPECT_EQ(out.block_sizes, (std::vector<std::uint32_t>{64, 64, 64, 8}));
  EXPECT_EQ(out.records[199].value, 199);
  EXPECT_EQ(out.timestamps[199], 199);
}

TEST(MapOperator, TakesEveryKindOfParameter) {
  OperatorHarness harness;
  KeepingInput<std::string> out;
  const std::vector<std::string> in = {"a", "b"};
  RunOne<std::string, internal::MapOperator>(harness, out, [](std::string s) { return s; }, in);
  RunOne<std::string, internal::MapOperator>(harness, out, [](std::string& s) { return s; }, in);
  RunOne<std::string, internal::MapOperator>(
      harness, out, [](std::string&& s) { return std::move(s); }, in);
  EXPECT_EQ(out.records, (std::vector<std::string>{"a", "b", "a", "b", "a", "b"}));
}

TEST(MapIntoOperator, WritesIntoSlots) {
  OperatorHarness harness;
  KeepingInput<std::string> out;
  RunOne<std::string, internal::MapIntoOperator>(
      harness, out, [](const std::int64_t& i, std::string& slot) { slot = std::to_string(i); },
      Numbers(3));
  EXPECT_EQ(out.records, (std::vector<std::string>{"0", "1", "2"}));
}

TEST(UpdateOperator, ChangesTheSameBlock) {
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  auto add = [](std::int64_t& i) { i += 10; };
  internal::UpdateOperator<std::int64_t, decltype(add)> op(harness.context(), add, out);
  auto batch = MakeBatch(Numbers(3));
  op.PushBatch(*batch);
  EXPECT_EQ(out.records, (std::vector<std::int64_t>{10, 11, 12}));
}

template <class T, class F>
void ExpectFiltered(F keep, std::vector<T> in, const std::vector<T>& expected) {
  OperatorHarness harness;
  KeepingInput<T> out;
  internal::FilterOperator<T, F> op(harness.context(), keep, out);
  auto batch = MakeBatch(in);
  op.PushBatch(*batch);
  EXPECT_EQ(out.records, expected);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(in[static_cast<std::size_t>(out.timestamps[i])], expected[i]);
  }
}

TEST(FilterOperator, KeepsOrderAndTimestamps) {
  const auto even = [](const std::int64_t& i) { return i % 2 == 0; };
  ExpectFiltered<std::int64_t>(even, {1, 2, 4, 5, 6}, {2, 4, 6});
  ExpectFiltered<std::int64_t>(even, {1, 3}, {});
  ExpectFiltered<std::int64_t>(even, {2, 4}, {2, 4});
  const auto short_ones = [](const std::string& s) { return s.size() < 3; };
  ExpectFiltered<std::string>(short_ones, {"long", "a", "longer", "b"}, {"a", "b"});
}

TEST(FilterOperator, MovesKeyHashesAlong) {
  OperatorHarness harness;
  struct HashKeeper final : internal::Input<std::int64_t> {
    void Push(internal::Batch<std::int64_t>& block) override {
      ASSERT_TRUE(block.has_key_hashes());
      for (std::uint32_t i = 0; i < block.size(); ++i) {
        EXPECT_EQ(block.key_hashes()[i], static_cast<std::uint64_t>(block[i] * 100));
        ++seen;
      }
    }
    void OnWatermark(internal::Watermark) override {}
    void OnWatermarkStatus(internal::WatermarkStatus) override {}
    int seen = 0;
  } out;
  auto odd = [](const std::int64_t& i) { return i % 2 == 1; };
  internal::FilterOperator<std::int64_t, decltype(odd)> op(harness.context(), odd, out);
  auto batch = MakeBatch(Numbers(9));
  for (std::uint32_t i = 0; i < 9; ++i) batch->key_hashes()[i] = i * 100;
  batch->SetHasKeyHashes();
  op.PushBatch(*batch);
  EXPECT_EQ(out.seen, 4);
}

TEST(FlatMapOperator, OneCallMayEmitManyBlocks) {
  OperatorHarness harness;
  KeepingInput<Wide> out;
  RunOne<Wide, internal::FlatMapOperator>(
      harness, out,
      [](const std::int64_t& i, Collector<Wide>& collector) {
        for (std::int64_t k = 0; k < i; ++k) collector.Collect(Wide{k});
        collector.CollectWithTimestamp(Wide{-1}, 99);
      },
      std::vector<std::int64_t>{200, 0, 1});
  ASSERT_EQ(out.records.size(), 204u);
  EXPECT_EQ(out.block_sizes, (std::vector<std::uint32_t>{64, 64, 64, 12}));
  EXPECT_EQ(out.records[200].value, -1);
  EXPECT_EQ(out.timestamps[199], 0);
  EXPECT_EQ(out.timestamps[200], 99);
  EXPECT_EQ(out.timestamps[202], 2);
}

TEST(ProcessOperator, ContextKnowsTimes) {
  OperatorHarness harness;
  KeepingInput<std::string> out;
  auto describe = [](const std::int64_t& i, ProcessContext& context, Collector<std::string>& o) {
    o.Collect(std::to_string(i) + "@" + std::to_string(context.timestamp_ms()) + "/" +
              std::to_string(context.current_watermark_ms()) + "/" +
              std::to_string(context.processing_time_ms()));
  };
  internal::ProcessOperator<std::int64_t, std::string, decltype(describe)> op(harness.context(),
                                                                              describe, out);
  harness.chain.processing_time = 5;
  op.OnWatermark({42});
  auto batch = MakeBatch<std::int64_t>({8});
  op.PushBatch(*batch);
  EXPECT_EQ(out.records, (std::vector<std::string>{"8@0/42/5"}));
}

struct RichFunction {
  std::vector<std::string>* calls;
  int own_count = 0;
  Status Open(RuntimeContext& context) {
    calls->push_back("open " + std::to_string(context.subtask_index()));
    return Status::Ok();
  }
  int operator()(const std::int64_t&) { return ++own_count; }
  void Close() { calls->push_back("close"); }
};

TEST(RichFunctions, AreOpenedClosedAndCopiedFromThePrototype) {
  OperatorHarness harness;
  harness.chain.fake_runtime.information.subtask_index = 3;
  std::vector<std::string> calls;
  const RichFunction prototype{&calls};
  for (int attempt = 0; attempt < 2; ++attempt) {
    KeepingInput<int> out;
    internal::MapOperator<std::int64_t, int, RichFunction> op(harness.context(), prototype, out);
    ASSERT_TRUE(op.Open().ok());
    auto batch = MakeBatch(Numbers(2));
    op.PushBatch(*batch);
    ASSERT_TRUE(op.Close().ok());
    EXPECT_EQ(out.records, (std::vector<int>{1, 2})) << "each attempt begins anew";
  }
  EXPECT_EQ(calls, (std::vector<std::string>{"open 3", "close", "open 3", "close"}));
}

TEST(ForkingInput, EachConsumerGetsItsOwnRecords) {
  KeepingInput<std::string> first;
  KeepingInput<std::string> second;
  KeepingInput<std::string> third;
  internal::ForkingInput<std::string> fork({&first, &second, &third});
  auto batch = MakeBatch<std::string>({"a", "b"});
  fork.PushBatch(*batch);
  fork.OnWatermark({1});
  for (const auto* consumer : {&first, &second, &third}) {
    EXPECT_EQ(consumer->records, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(consumer->timestamps, (std::vector<std::int64_t>{0, 1}));
    EXPECT_EQ(consumer->watermarks, (std::vector<std::int64_t>{1}));
  }
}

struct CoFunction {
  int seen = 0;  // shared by both inputs
  std::string Map1(const std::int64_t& i) {
    return "first " + std::to_string(i) + " " + std::to_string(++seen);
  }
  std::string Map2(const std::string& s) { return "second " + s + " " + std::to_string(++seen); }
};

class CoOperatorTest : public ::testing::Test {
 protected:
  OperatorHarness harness_;
  KeepingInput<std::string> out_;
  internal::CoOperator<std::int64_t, std::string, std::string, CoFunction, internal::CoMapCalls>
      op_{harness_.context(), CoFunction(), out_};
};

TEST_F(CoOperatorTest, BothInputsShareTheFunction) {
  auto numbers = MakeBatch(Numbers(2));
  auto strings = MakeBatch<std::string>({"x"});
  op_.input(0)->PushBatch(*numbers);
  op_.input(1)->PushBatch(*strings);
  EXPECT_EQ(out_.records, (std::vector<std::string>{"first 0 1", "first 1 2", "second x 3"}));
}

TEST_F(CoOperatorTest, WatermarkIsTheMinimum) {
  op_.input(0)->OnWatermark({10});
  EXPECT_TRUE(out_.watermarks.empty());
  op_.input(1)->OnWatermark({5});
  op_.input(1)->OnWatermark({20});
  EXPECT_EQ(out_.watermarks, (std::vector<std::int64_t>{5, 10}));
  op_.input(0)->OnWatermarkStatus({true});
  EXPECT_EQ(out_.watermarks.back(), 20) << "an idle input does not hold it back";
  EXPECT_TRUE(out_.idle.empty());
  op_.input(1)->OnWatermarkStatus({true});
  EXPECT_EQ(out_.idle, (std::vector<bool>{true}));
  op_.input(0)->OnWatermarkStatus({false});
  EXPECT_EQ(out_.idle, (std::vector<bool>{true, false}));
}

TEST_F(CoOperatorTest, AnEndedInputDoesNotHoldTheWatermarkBack) {
  op_.input(1)->OnWatermark({5});
  op_.EndInput(0);
  EXPECT_EQ(out_.watermarks, (std::vector<std::int64_t>{5}));
  op_.EndInput(1);
  EXPECT_EQ(out_.watermarks.back(), internal::kMaximumWatermark);
}

TEST_F(CoOperatorTest, TheEndOfOneInputIsNotTheEndOfTimeForAnIdleOne) {
  op_.input(1)->OnWatermark({5});
  op_.input(0)->OnWatermark({7});
  op_.input(1)->OnWatermarkStatus({true});
  op_.input(0)->OnWatermark({internal::kMaximumWatermark});
  EXPECT_EQ(out_.idle, (std::vector<bool>{true}));
  op_.EndInput(0);
  op_.input(1)->OnWatermarkStatus({false});
  op_.input(1)->OnWatermark({9});
  EXPECT_EQ(out_.watermarks, (std::vector<std::int64_t>{5, 7, 9}));
  EXPECT_EQ(out_.idle, (std::vector<bool>{true, false}));
  op_.EndInput(1);
  EXPECT_EQ(out_.watermarks.back(), internal::kMaximumWatermark);
}

TEST_F(CoOperatorTest, WhenBothAreIdleWhatOneHeldBackIsReleased) {
  op_.input(0)->OnWatermark({5});
  op_.input(1)->OnWatermark({9});
  op_.input(1)->OnWatermarkStatus({true});
  op_.input(0)->OnWatermarkStatus({true});
  EXPECT_EQ(out_.watermarks, (std::vector<std::int64_t>{5, 9}));
  EXPECT_EQ(out_.idle, (std::vector<bool>{true}));
}

}  // namespace
}  // namespace weir
