// Snippets of docs/guide/windows.md.
#include <cstdint>
#include <string>
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
  // [/triggers]
  auto counted = harness.AddOutput(thirds);
  auto hourly = harness.AddOutput(so_far);
  for (const std::int64_t cents : {1, 2, 3, 4}) input.PushRecord({"ann", cents, 0}, 1'000);
  EXPECT_EQ(counted.values(), Lines{"ann 6"});
  input.PushWatermark(3'600'000);
  EXPECT_EQ(hourly.values(), Lines{"ann 10"});
}

}  // namespace
