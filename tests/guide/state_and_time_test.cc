// Snippets of docs/guide/state.md, event-time.md and testing.md.
#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
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

// [more-states]
struct Larger {
  void operator()(std::int64_t& larger, std::int64_t each) { larger = std::max(larger, each); }
};

// With every third order of a customer: the three, the dearest so far and the average.
struct Review {
  weir::ListState<std::int64_t> latest{"latest"};
  weir::ReducingState<std::int64_t, Larger> dearest{"dearest"};
  weir::AggregatingState<Order, AverageOrder> average{"average"};
  auto States() { return std::tie(latest, dearest, average); }

  void ProcessElement(const Order& order, weir::KeyedProcessContext<std::string>& context,
                      weir::Collector<std::string>& out) {
    latest.Add(context, order.cents);
    dearest.Add(context, order.cents);
    average.Add(context, order);
    if (latest.Size(context) < 3) return;
    std::string text;
    latest.ForEach(context, [&](std::int64_t cents) { text += std::to_string(cents) + " "; });
    out.Collect(text + "of " + std::to_string(*dearest.Find(context)) + ", on average " +
                *average.Get(context));
    latest.Clear(context);
  }
};
// [/more-states]

// [operator-state]
// Passes on orders a hundred at a time, whosever they are, and counts them.
struct Hundreds {
  weir::OperatorListState<Order> waiting{"waiting"};    // divided among the subtasks
  weir::UnionListState<std::int64_t> counts{"counts"};  // all of them to every subtask
  auto OperatorStates() { return std::tie(waiting, counts); }

  void InitializeState(const weir::FunctionInitializationContext& context) {
    orders = waiting.Get();
    if (context.runtime().subtask_index() > 0) return;
    for (const std::int64_t count : counts.Get()) passed += count;  // of subtasks that are no more
  }
  void operator()(const Order& order, weir::Collector<std::vector<Order>>& out) {
    orders.push_back(order);
    if (orders.size() < 100) return;
    passed += 100;
    out.Collect(std::exchange(orders, {}));
  }
  void SnapshotState(const weir::FunctionSnapshotContext&) {
    waiting.Update(orders);
    counts.Update({passed});
  }

  std::vector<Order> orders;
  std::int64_t passed = 0;
};
// [/operator-state]

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

// [generator]
// Time is what the records say that close a minute.
struct MinuteMarks {
  void OnEvent(const Order& order, std::int64_t timestamp_ms, weir::WatermarkOutput& output) {
    if (order.customer == "end of minute") output.EmitWatermark(timestamp_ms);
  }
};
// [/generator]

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
  const auto spent = by_customer.Sum(&Order::cents).Uid("spent");
  const auto largest = by_customer.MaxBy(&Order::cents).Uid("largest");
  const auto averages = by_customer.Aggregate(AverageOrder()).Uid("averages");
  // [/rolling]
  auto sums = harness.AddOutput(totals);
  auto means = harness.AddOutput(averages);
  auto maxima = harness.AddOutput(largest);
  auto fields = harness.AddOutput(spent);
  input.PushRecord({"ann", 100, 0});
  input.PushRecord({"ann", 300, 0});
  EXPECT_EQ(sums.values().back().cents, 400);
  EXPECT_EQ(fields.values().back().cents, 400);
  EXPECT_EQ(means.values(), (Lines{"ann 100", "ann 200"}));
  EXPECT_EQ(maxima.values().back().cents, 300);
}

TEST(GuideStateTest, StateOfAFunction) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  auto amounts =
      harness.AddOutput(input.stream().KeyBy(kByCustomer).Process(Amounts()).Uid("amounts"));
  for (const std::int64_t cents : {1, 2, 2, 3, 4}) input.PushRecord({"ann", cents, 0});
  EXPECT_EQ(amounts.values(), Lines{"ann needed 4"});
}

TEST(GuideStateTest, ListsAndWhatIsReducedAsItComes) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  auto reviews =
      harness.AddOutput(input.stream().KeyBy(kByCustomer).Process(Review()).Uid("review"));
  for (const std::int64_t cents : {7, 1, 4, 2}) input.PushRecord({"ann", cents, 0});
  EXPECT_EQ(reviews.values(), Lines{"7 1 4 of 7, on average ann 4"});
}

TEST(GuideStateTest, WhatASubtaskKeepsIsDealtOutAgain) {
  StreamHarness before;
  auto input = before.AddInput<Order>();
  const auto orders = input.stream();
  // [operator-state-use]
  const auto hundreds = orders.FlatMap(Hundreds()).Uid("hundreds");
  // [/operator-state-use]
  auto first = before.AddOutput(hundreds);
  for (int i = 0; i < 120; ++i) input.PushRecord({"ann", i, 0});
  EXPECT_EQ(first.records().size(), 1u);
  const auto snapshot = before.TakeSnapshot();
  for (std::uint32_t subtask = 0; subtask < 2; ++subtask) {
    StreamHarness harness;
    auto rest = harness.AddInput<Order>();
    auto out = harness.AddOutput(rest.stream().FlatMap(Hundreds()).Uid("hundreds"));
    harness.RunAsSubtask(subtask, 2);
    harness.Restore({snapshot});
    for (int i = 0; i < 89; ++i) rest.PushRecord({"bob", i, 0});
    EXPECT_TRUE(out.records().empty());
    rest.PushRecord({"bob", 89, 0});
    EXPECT_EQ(out.records().size(), 1u) << "ten of the twenty, and ninety";
  }
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

TEST(GuideEventTimeTest, AGeneratorOfItsOwn) {
  StreamHarness harness;
  auto input = harness.AddInput<Order>();
  const auto orders = input.stream();
  // [generator-use]
  const auto timed = orders.AssignTimestampsAndWatermarks(
      weir::WatermarkStrategy<Order>::ForGenerator(MinuteMarks())
          .WithTimestampAssigner([](const Order& order) { return order.time_ms; }));
  // [/generator-use]
  auto out = harness.AddOutput(timed);
  input.PushRecord({"ann", 1, 59'000});
  EXPECT_TRUE(out.watermarks().empty());
  input.PushRecord({"end of minute", 0, 60'000});
  input.PushRecord({"end of minute", 0, 30'000});
  EXPECT_EQ(out.watermarks(), std::vector<std::int64_t>{60'000}) << "time does not go back";
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
