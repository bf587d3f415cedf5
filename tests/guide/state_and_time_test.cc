// Snippets of docs/guide/state.md, event-time.md and testing.md.
#include <cstdint>
#include <stdexcept>
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

// [aggregate]
struct Basket {
  std::int64_t orders = 0;
  std::int64_t cents = 0;
};
WEIR_FIELDS(Basket, orders, cents)

struct AverageOrder {
  Basket CreateAccumulator() { return {}; }
  void Add(const Order& order, Basket& basket) {
    ++basket.orders;
    basket.cents += order.cents;
  }
  std::string GetResult(const std::string& customer, const Basket& basket) {
    return customer + " " + std::to_string(basket.cents / basket.orders);
  }
};
// [/aggregate]

// [value-state]
// Says when a customer's orders have reached 100 euros, once.
struct Loyalty {
  weir::ValueState<std::int64_t> spent{"spent"};
  auto States() { return std::tie(spent); }

  void ProcessElement(const Order& order, weir::KeyedProcessContext<std::string>& context,
                      weir::Collector<std::string>& out) {
    std::int64_t& cents = spent.Mutable(context);
    const bool was_loyal = cents >= 10'000;
    cents += order.cents;
    if (!was_loyal && cents >= 10'000) out.Collect(context.key());
  }
};
// [/value-state]

// [map-state]
// The different amounts of each customer, until there are three.
struct Amounts {
  weir::MapState<std::int64_t, std::int64_t> times{"times"};
  auto States() { return std::tie(times); }

  void ProcessElement(const Order& order, weir::KeyedProcessContext<std::string>& context,
                      weir::Collector<std::string>& out) {
    ++times.Mutable(context, order.cents);
    if (times.Size(context) < 3) return;
    std::int64_t orders = 0;
    times.ForEach(context, [&](std::int64_t, std::int64_t count) { orders += count; });
    out.Collect(context.key() + " needed " + std::to_string(orders));
    times.Clear(context);
  }
};
// [/map-state]

// [ttl]
// Lets pass the first order of a customer, and then none for an hour.
struct OncePerHour {
  weir::ValueState<bool, weir::WithTtl> seen{"seen", weir::StateTtlConfig(3'600'000)};
  auto States() { return std::tie(seen); }

  void ProcessElement(const Order& order, weir::KeyedProcessContext<std::string>& context,
                      weir::Collector<Order>& out) {
    if (seen.Find(context) != nullptr) return;
    seen.Update(context, true);
    out.Collect(order);
  }
};
// [/ttl]

// [timer]
// Reports customers who have not ordered for an hour.
struct Absence {
  static constexpr std::int64_t kHour = 3'600'000;
  weir::ValueState<std::int64_t> last{"last"};
  auto States() { return std::tie(last); }

  void ProcessElement(const Order& order, weir::KeyedProcessContext<std::string>& context,
                      weir::Collector<std::string>&) {
    auto timers = context.TimerService();
    if (const std::int64_t* before = last.Find(context))
      timers.DeleteEventTimeTimer(*before + kHour);
    last.Update(context, order.time_ms);
    timers.RegisterEventTimeTimer(order.time_ms + kHour);
  }
  void OnTimer(std::int64_t, weir::OnTimerContext<std::string>& context,
               weir::Collector<std::string>& out) {
    out.Collect(context.key());
    last.Clear(context);
  }
};
// [/timer]

// [late-data]
const weir::OutputTag<Order> kLate{"late"};

// Lets pass what is on time. Everything else goes to the side.
struct OnTime {
  void ProcessElement(const Order& order, weir::ProcessContext& context,
                      weir::Collector<Order>& out) {
    if (context.timestamp_ms() > context.current_watermark_ms()) {
      out.Collect(order);
    } else {
      context.Output(kLate, order);
    }
  }
};
// [/late-data]

constexpr auto kByCustomer = [](const Order& order) { return order.customer; };

TEST(GuideStateTest, RollingAggregates) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto orders = input.stream();
  // [rolling]
  const auto by_customer = orders.KeyBy([](const Order& order) { return order.customer; });
  const auto totals =
      by_customer.Reduce([](Order& sum, const Order& order) { sum.cents += order.cents; })
          .Uid("totals");
  const auto averages = by_customer.Aggregate(AverageOrder()).Uid("averages");
  // [/rolling]
  auto sums = harness.AddOutput(totals);
  auto means = harness.AddOutput(averages);
  input.PushRecord({"ann", 100, 0});
  input.PushRecord({"ann", 300, 0});
  EXPECT_EQ(sums.values().back().cents, 400);
  EXPECT_EQ(means.values(), (Lines{"ann 100", "ann 200"}));
}

TEST(GuideStateTest, StateOfAFunction) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  auto amounts =
      harness.AddOutput(input.stream().KeyBy(kByCustomer).Process(Amounts()).Uid("amounts"));
  for (const std::int64_t cents : {1, 2, 2, 3, 4}) input.PushRecord({"ann", cents, 0});
  EXPECT_EQ(amounts.values(), Lines{"ann needed 4"});
}

TEST(GuideStateTest, TimeToLive) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  auto passed = harness.AddOutput(
      input.stream().KeyBy(kByCustomer).Process(OncePerHour()).Uid("once-per-hour"));
  input.PushRecord({"ann", 1, 0});
  harness.AdvanceProcessingTime(3'599'999);
  input.PushRecord({"ann", 2, 0});
  EXPECT_EQ(passed.records().size(), 1u);
  harness.AdvanceProcessingTime(3'600'000);
  input.PushRecord({"ann", 3, 0});
  EXPECT_EQ(passed.records().size(), 2u);
}

// [harness-test]
TEST(LoyaltyTest, SaysItOncePerCustomer) {
  weir::testing::StreamHarness harness;
  auto orders = harness.AddInput<Order>();
  auto loyal = harness.AddOutput(orders.stream()
                                     .KeyBy([](const Order& order) { return order.customer; })
                                     .Process(Loyalty())
                                     .Uid("loyalty"));
  orders.PushRecord({"ann", 6'000, 0});
  orders.PushRecord({"bob", 6'000, 0});
  EXPECT_TRUE(loyal.records().empty());
  orders.PushRecord({"ann", 4'000, 0});
  orders.PushRecord({"ann", 4'000, 0});
  EXPECT_EQ(loyal.values(), std::vector<std::string>{"ann"});
}
// [/harness-test]

// [harness-time]
TEST(AbsenceTest, AnHourWithoutAnOrder) {
  weir::testing::StreamHarness harness;
  auto orders = harness.AddInput<Order>();
  auto absent = harness.AddOutput(orders.stream()
                                      .KeyBy([](const Order& order) { return order.customer; })
                                      .Process(Absence())
                                      .Uid("absence"));
  orders.PushRecord({"ann", 500, 1'000}, 1'000);
  orders.PushRecord({"ann", 500, 2'000}, 2'000);
  orders.PushWatermark(Absence::kHour + 1'999);
  EXPECT_TRUE(absent.records().empty()) << "the second order has moved the timer";
  orders.PushWatermark(Absence::kHour + 2'000);
  ASSERT_EQ(absent.records().size(), 1u);
  EXPECT_EQ(absent.records()[0].record, "ann");
  EXPECT_EQ(absent.records()[0].timestamp_ms, Absence::kHour + 2'000);
}
// [/harness-time]

// [harness-errors]
TEST(ParseTest, AWordIsNoNumber) {
  weir::testing::StreamHarness harness;
  auto lines = harness.AddInput<std::string>();
  harness.AddOutput(lines.stream().Map([](const std::string& line) { return std::stoll(line); }));
  EXPECT_THROW(lines.PushRecord("twelve"), std::invalid_argument);
}
// [/harness-errors]

TEST(GuideEventTimeTest, LateDataGoesToTheSide) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto orders = input.stream();
  // [late-use]
  const auto on_time = orders.Process(OnTime());
  const auto late = on_time.GetSideOutput(kLate);
  // [/late-use]
  auto passed = harness.AddOutput(on_time);
  auto aside = harness.AddOutput(late);
  input.PushRecord({"ann", 1, 0}, 1'000);
  input.PushWatermark(1'500);
  input.PushRecord({"bob", 1, 0}, 1'500);
  input.PushRecord({"cleo", 1, 0}, 1'501);
  EXPECT_EQ(passed.records().size(), 2u);
  ASSERT_EQ(aside.records().size(), 1u);
  EXPECT_EQ(aside.records()[0].record.customer, "bob");
}

TEST(GuideEventTimeTest, AWholeJob) {
  const char* const program = "guide";
  weir::StreamExecutionEnvironment env(1, &program);
  const weir::DataSource<Order> source({{"ann", 900, 1'000}, {"bob", 900, 4'000'000}});
  // [strategy]
  const auto strategy = weir::WatermarkStrategy<Order>::ForBoundedOutOfOrderness(5'000)
                            .WithTimestampAssigner([](const Order& order) { return order.time_ms; })
                            .WithIdleness(60'000);
  const auto orders = env.FromSource(source, strategy, "orders");
  // [/strategy]
  // [alignment]
  const auto aligned = strategy.WithWatermarkAlignment("orders-and-payments",
                                                       /*max_drift_ms=*/60'000);
  // [/alignment]
  EXPECT_TRUE(aligned.failure().ok());
  // [collect]
  weir::CollectSink<std::string> absent;
  orders.KeyBy([](const Order& order) { return order.customer; })
      .Process(Absence())
      .Uid("absence")
      .SinkTo(absent);
  const auto result = env.ExecuteLocal("absences");
  ASSERT_TRUE(result.ok() && result->failure.ok());
  EXPECT_EQ(absent.records().size(), 2u);
  // [/collect]
}

}  // namespace
