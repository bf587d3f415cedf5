// RateLimit: the operator on a clock of the test.
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir {
namespace {

using testing::KeepingInput;
using testing::MakeBatch;
using testing::OperatorHarness;
using Longs = std::vector<std::int64_t>;
using Limit = internal::RateLimitOperator<std::int64_t>;

struct LimitFixture {
  explicit LimitFixture(double records_per_second)
      : op(harness.context(), {records_per_second}, out) {}
  void Push(const Longs& records) {
    auto batch = MakeBatch<std::int64_t>(records);
    op.PushBatch(*batch);
  }
  // As the task does in each step; the timer only wakes it.
  bool Step(std::int64_t later_ms) {
    harness.chain.processing_time += later_ms;
    return op.holding()->Resume().value();
  }

  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  Limit op;
};

TEST(RateLimit, RecordsAndWatermarksWaitInTheirOrder) {
  LimitFixture test(100);
  test.op.OnWatermark({-5});
  test.Push({10, 20, 30});
  test.op.OnWatermark({25});
  test.op.OnWatermarkStatus({true});
  test.op.OnWatermarkStatus({false});
  test.Push({40});
  EXPECT_EQ(test.out.records, (Longs{10})) << "the first one at once";
  EXPECT_EQ(test.out.watermarks, (Longs{-5}));
  EXPECT_TRUE(test.op.holding()->HoldsInput());
  EXPECT_FALSE(*test.op.Finish());
  EXPECT_EQ(test.harness.chain.timer_ms, test.harness.chain.processing_time + 11);
  EXPECT_FALSE(test.Step(9));
  EXPECT_TRUE(test.Step(2));
  EXPECT_EQ(test.out.records, (Longs{10, 20}));
  EXPECT_TRUE(test.Step(10));
  EXPECT_EQ(test.out.records, (Longs{10, 20, 30}));
  EXPECT_EQ(test.out.watermarks, (Longs{-5, 25}));
  EXPECT_EQ(test.out.idle, (std::vector<bool>{true, false}));
  EXPECT_TRUE(test.Step(10));
  EXPECT_EQ(test.out.records, (Longs{10, 20, 30, 40}));
  EXPECT_EQ(test.out.timestamps, (Longs{0, 1, 2, 0}));
  EXPECT_FALSE(test.op.holding()->HoldsInput());
  EXPECT_TRUE(*test.op.Finish());
  EXPECT_EQ(test.harness.chain.timer_ms, internal::kNoTimer);
}

TEST(RateLimit, ABlockThatIsDueGoesOnAsItIs) {
  LimitFixture test(1000);
  test.Push({1});
  test.harness.chain.processing_time += 700;
  test.Push(Longs(500, 2));
  EXPECT_EQ(test.out.block_sizes, (std::vector<std::uint32_t>{1, 500}));
  EXPECT_FALSE(test.op.holding()->HoldsInput());
  test.Push(Longs(500, 3));
  EXPECT_EQ(test.out.records.size(), 701u) << "what was left of 700 ms";
}

TEST(RateLimit, EachSubtaskHasItsPart) {
  OperatorHarness harness;
  harness.chain.fake_runtime.information.parallelism = 4;
  KeepingInput<std::int64_t> out;
  Limit op(harness.context(), {400}, out);
  auto batch = MakeBatch<std::int64_t>(Longs(1000, 1));
  op.PushBatch(*batch);
  harness.chain.processing_time += 500;
  ASSERT_TRUE(op.holding()->Resume().ok());
  EXPECT_EQ(out.records.size(), 51u);
}

TEST(RateLimit, AWallClockThatIsSetBackHoldsUpNothing) {
  LimitFixture test(100);
  test.Push(Longs(10, 1));
  test.Step(50);
  const std::size_t before = test.out.records.size();
  EXPECT_TRUE(test.Step(-3'600'000));
  EXPECT_TRUE(test.Step(20));
  EXPECT_EQ(test.out.records.size(), before + 3);
}

TEST(RateLimit, WhatWaitsIsState) {
  LimitFixture test(10);
  test.Push({1, 2, 3});
  test.op.OnWatermark({7});
  internal::OperatorStateSnapshot snapshot;
  ASSERT_TRUE(test.op.SnapshotState(1, snapshot).ok());
  ASSERT_EQ(snapshot.size(), 1u);
  EXPECT_EQ(snapshot[0].items.size(), 2u);

  LimitFixture restored(10);
  ASSERT_TRUE(restored.op.InitializeState(&snapshot).ok());
  EXPECT_TRUE(restored.op.holding()->HoldsInput());
  EXPECT_TRUE(restored.Step(1));
  EXPECT_TRUE(restored.Step(101));
  EXPECT_EQ(restored.out.records, (Longs{2, 3}));
  EXPECT_EQ(restored.out.timestamps, (Longs{1, 2}));
  snapshot[0].name = "another";
  EXPECT_EQ(LimitFixture(10).op.InitializeState(&snapshot).code(), StatusCode::kFailedPrecondition);
}

TEST(RateLimit, WrongUseIsReportedAtSubmission) {
  for (const double rate : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::infinity()}) {
    internal::JobInputs inputs;
    StreamExecutionEnvironment env(inputs);
    env.FromSequence(1, 2).RateLimit(rate).Uid("limit").Print();
    const auto job = env.Compile();
    ASSERT_FALSE(job.ok());
    EXPECT_NE(job.status().message().find("RateLimit: the rate"), std::string::npos)
        << job.status().message();
  }
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.FromSequence(1, 2).RateLimit(5).Print();
  const auto job = env.Compile();
  ASSERT_FALSE(job.ok()) << "it has state, so it needs a Uid";
  EXPECT_NE(job.status().message().find("Rate Limit"), std::string::npos) << job.status().message();
}

}  // namespace
}  // namespace weir
