// The windows of the DataStream API: what window functions see, side outputs, bursts, errors.
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/testing.h>

namespace weir::testing {
namespace {

struct Sale {
  std::string shop;
  std::int64_t cents = 0;
  bool operator==(const Sale&) const = default;
};
using Sales = std::vector<TimestampedRecord<Sale>>;
using Lines = std::vector<TimestampedRecord<std::string>>;
const auto kShop = [](const Sale& sale) -> const std::string& { return sale.shop; };

struct Total {
  std::int64_t CreateAccumulator() const { return 0; }
  std::int64_t Add(const Sale& sale, std::int64_t sum) const { return sum + sale.cents; }
  std::int64_t Merge(std::int64_t into, std::int64_t from) const { return into + from; }
  std::int64_t GetResult(std::int64_t sum) const { return sum; }
};

TEST(WindowedStream, ResultsComeWithTheWindowsLastMillisecondAheadOfTheWatermark) {
  StreamHarness harness;
  auto sales = harness.AddInput<Sale>();
  auto sums = harness.AddOutput(sales.stream()
                                    .KeyBy(kShop)
                                    .Window(TumblingEventTimeWindows::Of(10))
                                    .Sum(&Sale::cents)
                                    .Uid("sums"));
  sales.PushRecord({"a", 1}, 3);
  sales.PushRecord({"a", 2}, 9);
  sales.PushRecord({"b", 4}, 10);
  sales.PushWatermark(8);
  EXPECT_TRUE(sums.records().empty());
  sales.PushWatermark(9);
  EXPECT_EQ(sums.TakeRecords(), (Sales{{{"a", 3}, 9}}));
  sales.PushRecord({"a", 8}, 9);  // late
  harness.Finish();
  EXPECT_EQ(sums.TakeRecords(), (Sales{{{"b", 4}, 19}}));
  EXPECT_EQ(harness.counter("numLateRecordsDropped"), 1u);
}

TEST(WindowedStream, MinAndMaxOfAFieldAndTheRecordsThatHaveThem) {
  StreamHarness harness;
  auto sales = harness.AddInput<Sale>();
  const auto windows = sales.stream().WindowAll(TumblingEventTimeWindows::Of(10));
  auto least = harness.AddOutput(windows.Min(&Sale::cents).Uid("a"));
  auto most = harness.AddOutput(windows.Max(&Sale::cents).Uid("b"));
  auto cheapest = harness.AddOutput(windows.MinBy(&Sale::cents).Uid("c"));
  auto dearest = harness.AddOutput(windows.MaxBy(&Sale::cents).Uid("d"));
  const std::pair<const char*, std::int64_t> each[] = {{"a", 5}, {"b", 2}, {"c", 9}, {"d", 9}};
  for (const auto& [shop, cents] : each) sales.PushRecord({shop, cents}, 1);
  harness.Finish();
  EXPECT_EQ(least.records(), (Sales{{{"a", 2}, 9}}));
  EXPECT_EQ(most.records(), (Sales{{{"a", 9}, 9}}));
  EXPECT_EQ(cheapest.records(), (Sales{{{"b", 2}, 9}}));
  EXPECT_EQ(dearest.records(), (Sales{{{"c", 9}, 9}}));
}

// Says what it sees, and keeps something for the key and for the window.
struct Report {
  ValueState<std::int64_t> windows{"windows"};
  WindowValueState<std::int64_t> firings{"firings"};
  auto States() { return std::tie(windows); }
  auto WindowStates() { return std::tie(firings); }
  void Process(const std::string& shop, WindowContext<std::string>& context,
               const WindowElements<Sale>& sales, Collector<std::string>& out) {
    if (firings.ValueOr(context, 0) == 0) ++windows.Mutable(context);
    std::string line = shop + ToString(context.window()) + " at " +
                       std::to_string(context.current_watermark_ms()) + ", window " +
                       std::to_string(*windows.Find(context)) + " firing " +
                       std::to_string(++firings.Mutable(context)) + ":";
    for (const Sale& sale : sales) line += " " + std::to_string(sale.cents);
    out.Collect(line);
    context.Output(cleared, std::to_string(sales.size()));
  }
  void Clear(WindowContext<std::string>& context) {
    context.Output(cleared, "cleared " + ToString(context.window()) + " after " +
                                std::to_string(*firings.Find(context)));
  }
  OutputTag<std::string> cleared{"cleared"};
};

TEST(WindowedStream, AWindowFunctionHasStatesSideOutputsAndIsToldWhenAWindowGoes) {
  StreamHarness harness;
  auto sales = harness.AddInput<Sale>();
  const OutputTag<Sale> late{"late"};
  auto report = sales.stream()
                    .KeyBy(kShop)
                    .Window(TumblingEventTimeWindows::Of(10))
                    .AllowedLateness(5)
                    .SideOutputLateData(late)
                    .Process(Report())
                    .Uid("report");
  auto lines = harness.AddOutput(report);
  auto cleared = harness.AddOutput(report.GetSideOutput(OutputTag<std::string>("cleared")));
  auto too_late = harness.AddOutput(report.GetSideOutput(late));
  sales.PushRecord({"a", 1}, 1);
  sales.PushRecord({"a", 2}, 0);
  sales.PushRecord({"a", 7}, 11);
  sales.PushWatermark(10);
  sales.PushRecord({"a", 3}, 9);
  EXPECT_EQ(lines.TakeRecords(), (Lines{{"a[0, 10) at 10, window 1 firing 1: 1 2", 9},
                                        {"a[0, 10) at 10, window 1 firing 2: 1 2 3", 9}}));
  EXPECT_EQ(cleared.TakeRecords(), (Lines{{"2", 9}, {"3", 9}}));
  sales.PushWatermark(14);
  EXPECT_EQ(cleared.TakeRecords(), (Lines{{"cleared [0, 10) after 2", 9}}));
  sales.PushRecord({"a", 4}, 9);
  EXPECT_EQ(too_late.TakeRecords(), (Sales{{{"a", 4}, 9}}));
  harness.Finish();
  EXPECT_EQ(lines.TakeRecords(),
            (Lines{{"a[10, 20) at 9223372036854775807, window 2 firing 1: 7", 19}}));
  EXPECT_EQ(harness.counter("numLateRecordsDropped"), 0u);
}

// Any context will do: Clear is a template.
struct SaysWhenCleared {
  void Process(WindowContext<std::string>&, const WindowElements<std::int64_t>&,
               Collector<std::string>& out) {
    out.Collect("fired");
  }
  template <class Context>
  void Clear(Context& context) {
    context.Output(OutputTag<std::string>("cleared"), ToString(context.window()));
  }
};

TEST(WindowedStream, SlidingAggregatesTellAWindowFunctionWhenAWindowGoes) {
  StreamHarness harness;
  auto sales = harness.AddInput<Sale>();
  auto fired = sales.stream()
                   .KeyBy(kShop)
                   .Window(SlidingEventTimeWindows::Of(10, 5))
                   .Aggregate(Total(), SaysWhenCleared())
                   .Uid("sliding");
  harness.AddOutput(fired);
  auto cleared = harness.AddOutput(fired.GetSideOutput(OutputTag<std::string>("cleared")));
  sales.PushRecord({"a", 1}, 7);
  sales.PushWatermark(14);
  EXPECT_EQ(cleared.TakeRecords(), (Lines{{"[0, 10)", 9}, {"[5, 15)", 14}}));
}

// Says whether it knows the shop, which it forgets.
template <class Element>
struct Acquaintance {
  ValueState<bool, WithTtl> known;
  explicit Acquaintance(std::int64_t time_to_live_ms = 100)
      : known("known", StateTtlConfig(time_to_live_ms)
                           .SetStateVisibility(TtlVisibility::kReturnExpiredIfNotCleanedUp)
                           .CleanUpIncrementally(1'000)) {}
  auto States() { return std::tie(known); }
  void Process(WindowContext<std::string>& context, const WindowElements<Element>&,
               Collector<std::string>& out) {
    out.Collect(known.Find(context) == nullptr ? "new" : "known");
    known.Update(context, true);
  }
};

TEST(WindowedStream, StateOfAWindowFunctionIsCleanedUpAsRecordsCome) {
  StreamHarness harness;
  auto sales = harness.AddInput<Sale>();
  const auto keyed = sales.stream().KeyBy(kShop);
  std::vector<TestOutput<std::string>> outputs;
  outputs.push_back(harness.AddOutput(keyed.Window(TumblingEventTimeWindows::Of(10))
                                          .Aggregate(Total(), Acquaintance<std::int64_t>())
                                          .Uid("tumbling")));
  outputs.push_back(harness.AddOutput(keyed.Window(SlidingEventTimeWindows::Of(10, 5))
                                          .Aggregate(Total(), Acquaintance<std::int64_t>())
                                          .Uid("sliding")));
  outputs.push_back(harness.AddOutput(
      keyed.Window(TumblingEventTimeWindows::Of(10)).Process(Acquaintance<Sale>()).Uid("plain")));
  sales.PushRecord({"a", 1}, 1);
  sales.PushWatermark(9);
  for (auto& output : outputs) EXPECT_EQ(output.TakeRecords().at(0).record, "new");
  harness.AdvanceProcessingTime(99);
  sales.PushRecord({"a", 1}, 11);
  sales.PushWatermark(19);
  for (auto& output : outputs) EXPECT_EQ(output.TakeRecords().at(0).record, "known");
  harness.AdvanceProcessingTime(1'000);
  sales.PushRecord({"a", 1}, 31);
  sales.PushWatermark(39);
  for (auto& output : outputs) EXPECT_EQ(output.TakeRecords().at(0).record, "new");
}

TEST(WindowedStream, SessionsAreMergedByALateRecord) {
  StreamHarness harness;
  auto sales = harness.AddInput<Sale>();
  auto lines = harness.AddOutput(
      sales.stream()
          .KeyBy(kShop)
          .Window(EventTimeSessionWindows::WithGap(10))
          .Aggregate(Total(),
                     [](const std::string& shop, WindowContext<std::string>& context,
                        const WindowElements<std::int64_t>& totals, Collector<std::string>& out) {
                       out.Collect(shop + ToString(context.window()) + std::to_string(totals[0]));
                     })
          .Uid("sessions"));
  sales.PushRecord({"a", 1}, 100);
  sales.PushRecord({"a", 2}, 120);
  sales.PushRecord({"b", 4}, 105);
  sales.PushRecord({"a", 8}, 110);  // touches both
  sales.PushWatermark(119);
  EXPECT_EQ(lines.TakeRecords(), (Lines{{"b[105, 115)4", 114}}));
  sales.PushWatermark(129);
  EXPECT_EQ(lines.TakeRecords(), (Lines{{"a[100, 130)11", 129}}));
}

TEST(WindowedStream, ProcessingTimeWindowsNeedNoTimestamps) {
  StreamHarness harness;
  auto sales = harness.AddInput<Sale>();
  const auto keyed = sales.stream().KeyBy(kShop);
  auto sums = harness.AddOutput(
      keyed.Window(TumblingProcessingTimeWindows::Of(100)).Aggregate(Total()).Uid("tumbling"));
  auto counted = harness.AddOutput(keyed.Window(GlobalWindows::Create())
                                       .Trigger(PurgingTrigger(CountTrigger::Of(2)))
                                       .Sum(&Sale::cents)
                                       .Uid("counted"));
  auto at_the_end = harness.AddOutput(
      keyed.Window(GlobalWindows::CreateWithEndOfStreamTrigger()).Aggregate(Total()).Uid("end"));
  sales.PushRecord({"a", 1});
  harness.AdvanceProcessingTime(99);  // the window's last millisecond
  sales.PushRecord({"a", 2});
  EXPECT_TRUE(sums.records().empty());
  harness.AdvanceProcessingTime(100);
  EXPECT_EQ(sums.TakeRecords(), (std::vector<TimestampedRecord<std::int64_t>>{{3, 99}}));
  sales.PushRecord({"a", 4});
  harness.Finish();
  EXPECT_TRUE(sums.TakeRecords().empty());  // as in Flink: not due when the input ended
  EXPECT_EQ(counted.values(), (std::vector<Sale>{{"a", 3}}));
  EXPECT_EQ(at_the_end.values(), (std::vector<std::int64_t>{7}));
}

// More keys than timers are fired in a step: what follows waits until all have.
TEST(WindowedStream, TheWatermarkWaitsForABurstOfResults) {
  constexpr std::int64_t kKeys = 5000;
  StreamHarness harness;
  auto numbers = harness.AddInput<std::int64_t>();
  const auto keyed = numbers.stream().KeyBy([](const std::int64_t& number) { return number; });
  const auto sum = [](std::int64_t& into, const std::int64_t& number) { into += number; };
  std::vector<TestOutput<std::int64_t>> outputs;
  outputs.push_back(harness.AddOutput(
      keyed.Window(TumblingEventTimeWindows::Of(10)).Reduce(sum).Uid("tumbling")));
  outputs.push_back(harness.AddOutput(
      keyed.Window(SlidingEventTimeWindows::Of(20, 10)).Reduce(sum).Uid("sliding")));
  outputs.push_back(harness.AddOutput(
      keyed.Window(TumblingEventTimeWindows::Of(10))
          .Trigger(EventTimeTrigger::Create())
          .Process([](WindowContext<std::int64_t>&, const WindowElements<std::int64_t>& elements,
                      Collector<std::int64_t>& out) { out.Collect(elements[0]); })
          .Uid("plain")));
  std::vector<TimestampedRecord<std::int64_t>> records;
  for (std::int64_t i = 0; i < kKeys; ++i) records.push_back({i, 15});
  numbers.PushRecords(records);
  numbers.PushWatermark(25);
  for (auto& output : outputs) {
    EXPECT_EQ(output.records().size(), static_cast<std::size_t>(kKeys));
    EXPECT_EQ(output.watermarks(), (std::vector<std::int64_t>{25}));
  }
  numbers.PushWatermark(1000);
  EXPECT_EQ(outputs[0].records().size(), static_cast<std::size_t>(kKeys));
  EXPECT_EQ(outputs[1].records().size(), static_cast<std::size_t>(2 * kKeys));
}

// --- errors ---

using Build = std::function<void(
    const KeyedStream<Sale, std::string, std::remove_const_t<decltype(kShop)>>&)>;

Status Submitted(const Build& build) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  build(env.FromData(std::vector<Sale>{}).KeyBy(kShop));
  return env.Compile().status();
}

TEST(WindowedStream, WrongArgumentsAreErrorsAtSubmission) {
  constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max();
  const auto window = [](auto assigner) -> Build {
    return [assigner](const auto& keyed) { keyed.Window(assigner).Sum(&Sale::cents).Uid("u"); };
  };
  const auto trigger = [](auto made) -> Build {
    return [made](const auto& keyed) {
      keyed.Window(TumblingEventTimeWindows::Of(5)).Trigger(made).Sum(&Sale::cents).Uid("u");
    };
  };
  const std::pair<Build, const char*> cases[] = {
      {window(TumblingEventTimeWindows::Of(0)), "TumblingEventTimeWindows: the window size is 0"},
      {window(TumblingProcessingTimeWindows::Of(-1)), "the window size is -1"},
      {window(TumblingEventTimeWindows::Of(kFar)), "to 2^60"},
      {window(TumblingEventTimeWindows::Of(10, 10)), "must be smaller than the window size, 10"},
      {window(TumblingEventTimeWindows::Of(10, -10)), "the offset is -10"},
      {window(SlidingEventTimeWindows::Of(10, 0)), "SlidingEventTimeWindows: the slide is 0"},
      {window(SlidingEventTimeWindows::Of(10, 2, 5)), "must be smaller than the slide, 2"},
      {window(SlidingProcessingTimeWindows::Of(0, 2)), "the window size is 0"},
      {window(EventTimeSessionWindows::WithGap(0)), "EventTimeSessionWindows: the gap is 0"},
      {window(ProcessingTimeSessionWindows::WithGap(-3)), "the gap is -3"},
      {trigger(CountTrigger::Of(0)), "CountTrigger: the count is 0"},
      {trigger(PurgingTrigger(CountTrigger::Of(-2))), "CountTrigger: the count is -2"},
      {trigger(ContinuousEventTimeTrigger::Of(0)), "the interval is 0"},
      {[](const auto& keyed) {
         keyed.Window(TumblingEventTimeWindows::Of(5))
             .Evictor(CountEvictor::Of(-1))
             .Sum(&Sale::cents)
             .Uid("u");
       },
       "CountEvictor: the count is -1"},
      {[](const auto& keyed) {
         keyed.Window(TumblingEventTimeWindows::Of(5))
             .AllowedLateness(-1)
             .Sum(&Sale::cents)
             .Uid("u");
       },
       "AllowedLateness: the lateness is -1"},
      {[](const auto& keyed) {
         keyed.Window(TumblingEventTimeWindows::Of(5)).Process(Acquaintance<Sale>(0)).Uid("u");
       },
       "'known' is 0 ms"},
      {[](const auto& keyed) {
         keyed.Window(TumblingEventTimeWindows::Of(5)).Sum(&Sale::cents).Name("hourly");
       },
       "has no uid"},
  };
  for (const auto& [build, text] : cases) {
    const Status status = Submitted(build);
    EXPECT_FALSE(status.ok()) << text;
    EXPECT_NE(status.ToString().find(text), std::string::npos) << status.ToString();
  }
  EXPECT_TRUE(Submitted(window(TumblingEventTimeWindows::Of(10, 9))).ok());
}

// The error of a record behind these windows.
template <class Put>
std::string ErrorOf(Put put, std::int64_t cents, std::int64_t timestamp_ms) {
  StreamHarness harness;
  auto sales = harness.AddInput<Sale>();
  harness.AddOutput(put(sales.stream().KeyBy(kShop)).Name("hourly").Uid("u"));
  try {
    sales.PushRecord({"a", cents}, timestamp_ms);
  } catch (const HarnessError& error) {
    return error.status().ToString();
  }
  return "no error";
}

TEST(WindowedStream, TimestampsThatCannotBeAreErrorsThatNameThem) {
  const auto tumbling = [](const auto& keyed) {
    return keyed.Window(TumblingEventTimeWindows::Of(10)).Aggregate(Total());
  };
  const auto sliding = [](const auto& keyed) {
    return keyed.Window(SlidingEventTimeWindows::Of(10, 5)).Aggregate(Total());
  };
  const auto plain = [](const auto& keyed) {
    return keyed.Window(TumblingEventTimeWindows::Of(10))
        .Trigger(EventTimeTrigger::Create())
        .AllowedLateness(1'000)
        .Aggregate(Total());
  };
  const auto dynamic = [](const auto& keyed) {
    return keyed
        .Window(
            EventTimeSessionWindows::WithDynamicGap([](const Sale& sale) { return sale.cents; }))
        .Aggregate(Total());
  };
  const auto expect = [](const std::string& error, const std::string& text) {
    EXPECT_NE(error.find(text), std::string::npos) << error << "\n" << text;
  };
  for (const std::int64_t time : {std::int64_t{-1}, kMaximumTimestampMs + 1}) {
    const std::string text = "a record with the timestamp " + std::to_string(time);
    expect(ErrorOf(tumbling, 1, time), text);
    expect(ErrorOf(sliding, 1, time), text);
    expect(ErrorOf(plain, 1, time), text);
    expect(ErrorOf(dynamic, 1, time), text);
  }
  expect(ErrorOf(tumbling, 1, internal::kNoTimestamp), "a record without a timestamp");
  expect(ErrorOf(plain, 1, internal::kNoTimestamp), "(subtask 0)");
  expect(ErrorOf(plain, 1, kMaximumTimestampMs), "ends behind 2^62 - 1");
  EXPECT_EQ(ErrorOf(tumbling, 1, kMaximumTimestampMs), "no error");
  EXPECT_EQ(ErrorOf(sliding, 1, kMaximumTimestampMs), "no error");
  expect(ErrorOf(dynamic, -7, 12), "a record with the timestamp 12 (subtask 0)");
  expect(ErrorOf(dynamic, -7, 12), "the session gap of a record is -7 ms");
  expect(ErrorOf(dynamic, 0, 12), "the session gap of a record is 0 ms");
  EXPECT_EQ(ErrorOf(dynamic, 1, 12), "no error");
}

}  // namespace
}  // namespace weir::testing
