// Snippets of docs/guide/windows.md.
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/testing.h>

#include "tests/guide/order.h"

namespace {

using weir::testing::StreamHarness;
using Lines = std::vector<std::string>;

// [sum-cents]
struct SumCents {
  std::int64_t CreateAccumulator() { return 0; }
  void Add(const Order& order, std::int64_t& sum) { sum += order.cents; }
  std::string GetResult(const std::string& customer, const std::int64_t& sum) {
    return customer + " " + std::to_string(sum);
  }
};
// [/sum-cents]

TEST(GuideWindowsTest, LatenessAndLateData) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto orders = input.stream();
  // [window]
  const weir::OutputTag<Order> too_late{"too-late"};
  const auto per_minute = orders.KeyBy([](const Order& order) { return order.customer; })
                              .Window(weir::TumblingEventTimeWindows::Of(60'000))
                              .AllowedLateness(10'000)
                              .SideOutputLateData(too_late)
                              .Aggregate(SumCents())
                              .Uid("cents-per-minute");
  const auto lost = per_minute.GetSideOutput(too_late);
  // [/window]
  auto sums = harness.AddOutput(per_minute);
  auto late = harness.AddOutput(lost);
  input.PushRecord({"ann", 100, 0}, 5'000);
  input.PushRecord({"ann", 50, 0}, 59'999);
  EXPECT_TRUE(sums.records().empty());
  input.PushWatermark(60'000);
  EXPECT_EQ(sums.values(), Lines{"ann 150"});
  EXPECT_EQ(sums.records()[0].timestamp_ms, 59'999);
  input.PushRecord({"ann", 1, 0}, 30'000);
  EXPECT_EQ(sums.values().back(), "ann 151") << "late, but allowed: the window fires again";
  input.PushWatermark(70'000);
  input.PushRecord({"ann", 1, 0}, 30'000);
  EXPECT_EQ(late.records().size(), 1u);
}

TEST(GuideWindowsTest, SessionsWithAllTheirRecords) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto by_customer = input.stream().KeyBy([](const Order& order) { return order.customer; });
  // [session]
  const auto visits =
      by_customer.Window(weir::EventTimeSessionWindows::WithGap(30 * 60'000))
          .Process([](const std::string& customer, weir::WindowContext<std::string>& context,
                      const weir::WindowElements<Order>& orders,
                      weir::Collector<std::string>& out) {
            out.Collect(customer + " from " + std::to_string(context.window().start_ms) + ": " +
                        std::to_string(orders.size()) + " orders");
          })
          .Uid("visits");
  // [/session]
  auto out = harness.AddOutput(visits);
  input.PushRecord({"ann", 1, 0}, 20 * 60'000);
  input.PushRecord({"ann", 1, 0}, 0);
  input.PushRecord({"ann", 1, 0}, 100 * 60'000);
  input.PushWatermark(60 * 60'000);
  EXPECT_EQ(out.values(), Lines{"ann from 0: 2 orders"});
  harness.Finish();
  EXPECT_EQ(out.values().back(), "ann from 6000000: 1 orders");
}

TEST(GuideWindowsTest, ATriggerDecidesWhenAWindowFires) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto by_customer = input.stream().KeyBy([](const Order& order) { return order.customer; });
  // [triggers]
  // With every third order the sum of the three.
  const auto thirds = by_customer.Window(weir::GlobalWindows())
                          .Trigger(weir::PurgingTrigger(weir::CountTrigger::Of(3)))
                          .Aggregate(SumCents())
                          .Uid("thirds");
  // A day's sum, and each hour what it is by then.
  const auto so_far = by_customer.Window(weir::TumblingEventTimeWindows::Of(24 * 3'600'000))
                          .Trigger(weir::ContinuousEventTimeTrigger::Of(3'600'000))
                          .Aggregate(SumCents())
                          .Uid("so-far");
  // The dearest order so far, whenever one costs ten euros more than the first or the last told.
  const auto records = by_customer.Window(weir::GlobalWindows())
                           .Trigger(weir::DeltaTrigger<Order>(
                               1'000, [](const Order& told,
                                         const Order& order) { return order.cents - told.cents; }))
                           .MaxBy(&Order::cents)
                           .Uid("records");
  // [/triggers]
  auto dearest = harness.AddOutput(records);
  auto counted = harness.AddOutput(thirds);
  auto hourly = harness.AddOutput(so_far);
  for (const std::int64_t cents : {1, 2, 3, 4}) input.PushRecord({"ann", cents, 0}, 1'000);
  EXPECT_EQ(counted.values(), Lines{"ann 6"});
  input.PushWatermark(3'600'000);
  EXPECT_EQ(hourly.values(), Lines{"ann 10"});
  for (const std::int64_t cents : {1'000, 1'002, 2'002, 2'003}) {
    input.PushRecord({"bob", cents, 0}, 1'000);
  }
  ASSERT_EQ(dearest.records().size(), 1u) << "1002 is by 2 more than the first, 2002 by 1002";
}

TEST(GuideWindowsTest, Kinds) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto orders = input.stream();
  // [kinds]
  const auto by_customer = orders.KeyBy([](const Order& order) { return order.customer; });
  // The last hour, each minute.
  const auto hourly = by_customer.Window(weir::SlidingEventTimeWindows::Of(3'600'000, 60'000))
                          .Aggregate(SumCents())
                          .Uid("hourly");
  // Days that begin at six, by the clock.
  const auto daily = by_customer
                         .Window(weir::TumblingProcessingTimeWindows::Of(
                             24 * 3'600'000, /*offset_ms=*/6 * 3'600'000))
                         .Aggregate(SumCents())
                         .Uid("daily");
  // Large orders keep a visit open for longer. The dearest order of each visit.
  const auto dearest =
      by_customer
          .Window(weir::EventTimeSessionWindows::WithDynamicGap(
              [](const Order& order) { return order.cents >= 10'000 ? 3'600'000 : 600'000; }))
          .MaxBy(&Order::cents)
          .Uid("dearest");
  // Of all customers, in one subtask: the sum of the last hundred orders, with every tenth.
  const auto trend = orders.WindowAll(weir::GlobalWindows::Create())
                         .Trigger(weir::CountTrigger::Of(10))
                         .Evictor(weir::CountEvictor::Of(100))
                         .Sum(&Order::cents)
                         .Uid("trend");
  // [/kinds]
  auto each_minute = harness.AddOutput(hourly);
  auto each_day = harness.AddOutput(daily);
  auto each_visit = harness.AddOutput(dearest);
  auto sums = harness.AddOutput(trend);
  for (int i = 0; i < 10; ++i) input.PushRecord({"ann", 10 * i, 0}, 1'000);
  ASSERT_EQ(sums.records().size(), 1u);
  EXPECT_EQ(sums.records()[0].record.cents, 450);
  input.PushWatermark(120'000);
  EXPECT_EQ(each_minute.values(), (Lines{"ann 450", "ann 450"}));
  harness.AdvanceProcessingTime(6 * 3'600'000);
  EXPECT_EQ(each_day.values(), Lines{"ann 450"});
  input.PushWatermark(601'000);
  ASSERT_EQ(each_visit.records().size(), 1u);
  EXPECT_EQ(each_visit.records()[0].record.cents, 90);
}

// [window-function]
// Reports a customer's sum, and how it compares with the window before.
struct Compare {
  weir::ValueState<std::int64_t> before{"before"};          // of the customer
  weir::WindowValueState<std::int64_t> firings{"firings"};  // of this window alone
  auto States() { return std::tie(before); }
  auto WindowStates() { return std::tie(firings); }

  void Process(const std::string& customer, weir::WindowContext<std::string>& context,
               const weir::WindowElements<Order>& sum, weir::Collector<std::string>& out) {
    if (++firings.Mutable(context) > 1) return out.Collect(customer + " had a late order");
    const std::int64_t cents = sum[0].cents;
    out.Collect(customer + " " + std::to_string(cents - before.ValueOr(context, 0)));
    before.Update(context, cents);
  }
};
// [/window-function]

TEST(GuideWindowsTest, AReducedWindowGoesToAFunctionWithState) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto by_customer = input.stream().KeyBy([](const Order& order) { return order.customer; });
  // [window-function-use]
  const auto changes =
      by_customer.Window(weir::TumblingEventTimeWindows::Of(60'000))
          .AllowedLateness(10'000)
          .Reduce([](Order& sum, const Order& order) { sum.cents += order.cents; }, Compare())
          .Uid("changes");
  // [/window-function-use]
  auto out = harness.AddOutput(changes);
  input.PushRecord({"ann", 100, 0}, 1'000);
  input.PushRecord({"ann", 50, 0}, 2'000);
  input.PushRecord({"ann", 120, 0}, 61'000);
  input.PushWatermark(60'000);
  input.PushRecord({"ann", 5, 0}, 3'000);
  harness.Finish();
  EXPECT_EQ(out.values(), (Lines{"ann 150", "ann had a late order", "ann -30"}));
}

}  // namespace
