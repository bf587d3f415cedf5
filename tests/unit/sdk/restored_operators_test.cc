// Operators that are stopped and restored at random moments, as other numbers of subtasks, put out
// what one that never stopped puts out.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/testing.h>

#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using testing::StateSnapshot;
using testing::StreamHarness;
using testing::TestInput;
using testing::TestOutput;
using Number = std::int64_t;

struct Event {
  std::string key;
  Number value = 0;
  bool operator==(const Event&) const = default;
};
WEIR_FIELDS(Event, key, value)

std::string KeyOf(const Event& event) {
  return event.key;
}
const auto kKey = [](const Event& event) { return KeyOf(event); };
const OutputTag<Event> kLate{"late"};

// Every kind of state and both kinds of timers; what it emits says all it remembers of the key.
struct RememberAll {
  ValueState<Number> count{"count"};
  MapState<Number, Number, WithTtl> seen{"seen", StateTtlConfig(60)};
  ListState<Number, WithTtl> recent{"recent", StateTtlConfig(90).CleanUpFullSnapshot()};
  ListState<Number> all{"all"};
  auto States() { return std::tie(count, seen, recent, all); }

  void ProcessElement(const Event& event, KeyedProcessContext<std::string>& context,
                      Collector<std::string>& out) {
    count.Mutable(context) += 1;
    seen.Mutable(context, event.value % 7) += event.value;
    recent.Add(context, event.value);
    all.Add(context, event.value);
    if (event.value % 11 == 0) all.Clear(context);
    auto timers = context.TimerService();
    // Not one that the watermark which is replayed after a restart would fire at once.
    timers.RegisterEventTimeTimer(
        std::max(context.timestamp_ms(), context.current_watermark_ms() + 1) + event.value % 40);
    timers.RegisterProcessingTimeTimer(context.processing_time_ms() + event.value % 50);
    if (event.value % 5 == 0) timers.DeleteEventTimeTimer(context.timestamp_ms() + 3);
    out.Collect("record " + Describe(context));
  }
  void OnTimer(std::int64_t timestamp_ms, OnTimerContext<std::string>& context,
               Collector<std::string>& out) {
    out.Collect("timer " + std::to_string(timestamp_ms) + " " + Describe(context));
    if (timestamp_ms % 6 == 0) seen.Remove(context, timestamp_ms % 7);
  }
  template <class Context>
  std::string Describe(const Context& context) const {
    std::string text = context.key() + ": " + std::to_string(count.ValueOr(context, 0)) + " seen";
    for (Number i = 0; i < 7; ++i) {
      const Number* const sum = seen.Find(context, i);
      text += " " + (sum == nullptr ? "-" : std::to_string(*sum));
    }
    for (const auto* list : {"recent", "all"}) {
      text += std::string(" ") + list;
      const auto elements = std::string(list) == "recent" ? recent.Get(context) : all.Get(context);
      for (const Number value : elements) text += " " + std::to_string(value);
    }
    return text;
  }
};

struct SumAndCount {
  struct Sum {
    Number sum = 0;
    Number count = 0;
  };
  Sum CreateAccumulator() const { return {}; }
  void Add(const Event& event, Sum& sum) const {
    sum.sum += event.value;
    ++sum.count;
  }
  std::string GetResult(const std::string& key, const Sum& sum) const {
    return key + ": " + std::to_string(sum.sum) + " of " + std::to_string(sum.count);
  }
  void Merge(Sum& sum, const Sum& other) const {
    sum.sum += other.sum;
    sum.count += other.count;
  }
};

// All of the window's records, and how often it has fired.
struct ListWindow {
  WindowValueState<Number> fired{"fired"};
  auto WindowStates() { return std::tie(fired); }
  template <class W>
  void Process(const std::string& key, WindowContext<std::string, W>& context,
               const WindowElements<Event>& events, Collector<std::string>& out) {
    std::vector<Number> values;
    for (const Event& event : events) values.push_back(event.value);
    std::sort(values.begin(), values.end());
    std::string text = key + " " + std::to_string(++fired.Mutable(context)) + ":";
    for (const Number value : values) text += " " + std::to_string(value);
    out.Collect(text);
  }
};

// The events of a key that are above the limit, which the broadcast stream sets by key.
const MapStateDescriptor<std::string, Number> kLimits{"limits"};
struct AboveLimit {
  ValueState<Number> count{"count"};
  auto States() { return std::tie(count); }
  void ProcessElement(const Event& event, KeyedReadOnlyBroadcastContext<std::string>& context,
                      Collector<std::string>& out) {
    const Number* const limit = context.GetBroadcastState(kLimits).Find(event.key);
    if (limit == nullptr || event.value <= *limit) return;
    count.Mutable(context) += 1;
    context.TimerService().RegisterEventTimeTimer(
        std::max(context.timestamp_ms(), context.current_watermark_ms() + 1) + event.value % 20);
    out.Collect(event.key + " " + std::to_string(event.value) + " above " + std::to_string(*limit));
  }
  void ProcessBroadcastElement(const Event& event, KeyedBroadcastContext<std::string>& context,
                               Collector<std::string>&) {
    context.GetBroadcastState(kLimits).Put(event.key, event.value);
  }
  void OnTimer(std::int64_t timestamp_ms, KeyedBroadcastOnTimerContext<std::string>& context,
               Collector<std::string>& out) {
    out.Collect(context.key() + " " + std::to_string(count.ValueOr(context, 0)) + " until " +
                std::to_string(timestamp_ms));
  }
};

// A harness with its inputs and what comes out, as text.
struct Rig {
  StreamHarness harness;
  std::vector<TestInput<Event>> inputs;
  std::vector<TestOutput<std::string>> outputs;
  int broadcast_input = -1;  // its records go to all subtasks

  void Add(const DataStream<std::string>& stream) { outputs.push_back(harness.AddOutput(stream)); }
  void AddEvents(const DataStream<Event>& stream) {
    Add(stream.Map([](const Event& event) { return event.key + " " + std::to_string(event.value); })
            .Uid("text-" + std::to_string(outputs.size())));
  }
  void AddInputs(int count) {
    for (int i = 0; i < count; ++i) inputs.push_back(harness.AddInput<Event>());
  }
  auto keyed(int input) { return inputs[input].stream().KeyBy(kKey); }
  std::vector<std::string> Take() {
    std::vector<std::string> taken;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      for (const auto& each : outputs[i].TakeRecords()) {
        taken.push_back(std::to_string(i) + " at " + std::to_string(each.timestamp_ms) + " " +
                        each.record);
      }
    }
    return taken;
  }
};
using Program = std::function<void(Rig&)>;

// What happens; `restart`: everything stops and goes on as so many subtasks.
struct Step {
  enum class Kind { kRecord, kWatermark, kClock, kRestart } kind = Kind::kRecord;
  int input = 0;
  Event event;
  Number time_ms = 0;
  std::uint32_t parallelism = 1;
  bool replays_watermark = false;
};

class Scenario {
 public:
  Scenario(std::uint64_t seed, int inputs) : random_(seed), watermarks_(inputs, kNone) {
    for (int i = 0; i < 400; ++i) Add(inputs);
  }
  const std::vector<Step>& steps() const { return steps_; }

 private:
  static constexpr Number kNone = -1;

  Number Pick(Number first, Number last) {
    return std::uniform_int_distribution<Number>(first, last)(random_);
  }
  void Add(int inputs) {
    const int input = static_cast<int>(Pick(0, inputs - 1));
    const Number dice = Pick(0, 99);
    if (dice < 80) return AddRecord(input);
    if (dice < 90) {
      watermarks_[input] += Pick(1, 12);
      forgotten_ = false;
      steps_.push_back({Step::Kind::kWatermark, input, {}, watermarks_[input]});
    } else if (dice < 96) {
      clock_ms_ += Pick(1, 30);
      steps_.push_back({Step::Kind::kClock, 0, {}, clock_ms_});
    } else {
      // Of two inputs one alone would not bring the watermark back to where it was.
      const bool replays = inputs > 1 || Pick(0, 1) == 0;
      forgotten_ = !replays;
      steps_.push_back({Step::Kind::kRestart,
                        0,
                        {},
                        clock_ms_,
                        static_cast<std::uint32_t>(Pick(1, 3)),
                        replays});
    }
  }
  // As after any restore, a record is late only once there is a watermark again.
  void AddRecord(int input) {
    const Number highest = *std::max_element(watermarks_.begin(), watermarks_.end());
    const Number earliest = forgotten_ ? highest + 1 : std::max<Number>(0, highest - 25);
    steps_.push_back({Step::Kind::kRecord,
                      input,
                      {"key-" + std::to_string(Pick(0, 9)), Pick(1, 99)},
                      Pick(earliest, std::max<Number>(highest, 0) + 30)});
  }

  std::mt19937_64 random_;
  std::vector<Step> steps_;
  std::vector<Number> watermarks_;
  bool forgotten_ = false;  // the operators know of no watermark
  Number clock_ms_ = 0;
};

class Runner {
 public:
  Runner(Program program, bool restarts) : program_(std::move(program)), restarts_(restarts) {
    Start(1, {});
  }
  std::vector<std::string> Run(const std::vector<Step>& steps) {
    for (const Step& step : steps) Do(step);
    for (auto& rig : rigs_) rig->harness.Finish();
    TakeAll();
    std::sort(records_.begin(), records_.end());
    return records_;
  }

 private:
  void Start(std::uint32_t parallelism, const std::vector<StateSnapshot>& snapshots) {
    rigs_.clear();
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      auto& rig = *rigs_.emplace_back(std::make_unique<Rig>());
      program_(rig);
      rig.harness.RunAsSubtask(i, parallelism);
      rig.harness.Restore(snapshots);
      rig.harness.AdvanceProcessingTime(clock_ms_);
    }
  }
  void Do(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kRecord: {
        const auto parallelism = static_cast<std::uint32_t>(rigs_.size());
        const std::uint32_t owner = testing::SubtaskOfKey(step.event.key, parallelism);
        for (std::uint32_t i = 0; i < parallelism; ++i) {
          if (i != owner && step.input != rigs_[i]->broadcast_input) continue;
          rigs_[i]->inputs[step.input].PushRecord(step.event, step.time_ms);
        }
        return;
      }
      case Step::Kind::kWatermark:
        watermarks_.resize(rigs_.front()->inputs.size());
        watermarks_[step.input] = step.time_ms;
        for (auto& rig : rigs_) rig->inputs[step.input].PushWatermark(step.time_ms);
        return;
      case Step::Kind::kClock:
        clock_ms_ = step.time_ms;
        for (auto& rig : rigs_) rig->harness.AdvanceProcessingTime(step.time_ms);
        return;
      case Step::Kind::kRestart:
        if (restarts_) Restart(step);
        return;
    }
  }
  void Restart(const Step& step) {
    std::vector<StateSnapshot> snapshots;
    for (auto& rig : rigs_) snapshots.push_back(rig->harness.TakeSnapshot());
    TakeAll();
    Start(step.parallelism, snapshots);
    if (!step.replays_watermark) return;
    for (std::size_t input = 0; input < watermarks_.size(); ++input) {
      if (!watermarks_[input]) continue;
      for (auto& rig : rigs_) rig->inputs[input].PushWatermark(*watermarks_[input]);
    }
  }
  void TakeAll() {
    for (auto& rig : rigs_) {
      for (std::string& record : rig->Take()) records_.push_back(std::move(record));
    }
  }

  const Program program_;
  const bool restarts_;
  Number clock_ms_ = 0;
  std::vector<std::optional<Number>> watermarks_;  // by input
  std::vector<std::unique_ptr<Rig>> rigs_;
  std::vector<std::string> records_;
};

void ExpectSameWithRestarts(int inputs, const Program& program) {
  const std::uint64_t first_seed = TestSeed();
  for (std::uint64_t seed = first_seed; seed < first_seed + 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Scenario scenario(seed, inputs);
    const std::vector<std::string> expected = Runner(program, false).Run(scenario.steps());
    const std::vector<std::string> actual = Runner(program, true).Run(scenario.steps());
    ASSERT_GT(expected.size(), 20u);
    const auto [first_expected, first_actual] =
        std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
    ASSERT_TRUE(expected == actual)
        << "first difference:\n  expected "
        << (first_expected == expected.end() ? "" : *first_expected) << "\n  actual   "
        << (first_actual == actual.end() ? "" : *first_actual);
  }
}

TEST(RestoredOperators, ProcessWithAllStatesAndTimers) {
  ExpectSameWithRestarts(1, [](Rig& rig) {
    rig.AddInputs(1);
    rig.Add(rig.keyed(0).Process(RememberAll()).Uid("remember"));
  });
}

TEST(RestoredOperators, RollingAggregates) {
  ExpectSameWithRestarts(1, [](Rig& rig) {
    rig.AddInputs(1);
    rig.AddEvents(rig.keyed(0).Sum(&Event::value).Uid("sum"));
    rig.AddEvents(rig.keyed(0).MaxBy(&Event::value).Uid("max"));
    rig.Add(rig.keyed(0).Aggregate(SumAndCount()).Uid("aggregate"));
  });
}

TEST(RestoredOperators, WindowsThatAggregate) {
  ExpectSameWithRestarts(1, [](Rig& rig) {
    rig.AddInputs(1);
    rig.Add(rig.keyed(0)
                .Window(TumblingEventTimeWindows::Of(10))
                .AllowedLateness(8)
                .Aggregate(SumAndCount())
                .Uid("tumbling"));
    const auto sliding = rig.keyed(0)
                             .Window(SlidingEventTimeWindows::Of(15, 5))
                             .AllowedLateness(6)
                             .SideOutputLateData(kLate)
                             .Aggregate(SumAndCount())
                             .Uid("sliding");
    rig.Add(sliding);
    rig.AddEvents(sliding.GetSideOutput(kLate));
    rig.Add(rig.keyed(0)
                .Window(EventTimeSessionWindows::WithGap(6))
                .AllowedLateness(5)
                .Aggregate(SumAndCount())
                .Uid("session"));
    rig.Add(rig.keyed(0)
                .Window(TumblingProcessingTimeWindows::Of(40))
                .Aggregate(SumAndCount())
                .Uid("processing-time"));
  });
}

TEST(RestoredOperators, WindowsThatKeepTheirRecords) {
  ExpectSameWithRestarts(1, [](Rig& rig) {
    rig.AddInputs(1);
    rig.Add(rig.keyed(0)
                .Window(TumblingEventTimeWindows::Of(10))
                .AllowedLateness(8)
                .Process<std::string>(ListWindow())
                .Uid("tumbling"));
    rig.Add(rig.keyed(0)
                .Window(EventTimeSessionWindows::WithGap(6))
                .Process<std::string>([](const std::string& key, auto&, const auto& events,
                                         Collector<std::string>& out) {
                  out.Collect(key + " " + std::to_string(events.size()));
                })
                .Uid("session"));
    rig.Add(rig.keyed(0)
                .Window(GlobalWindows::Create())
                .Trigger(CountTrigger::Of(4))
                .Evictor(CountEvictor::Of(6))
                .Process<std::string>(ListWindow())
                .Uid("counted"));
  });
}

TEST(RestoredOperators, IntervalJoin) {
  ExpectSameWithRestarts(2, [](Rig& rig) {
    rig.AddInputs(2);
    const auto joined = rig.keyed(0)
                            .IntervalJoin(rig.keyed(1))
                            .Between(-7, 9)
                            .SideOutputLeftLateData(kLate)
                            .Process([](const Event& left, const Event& right, ProcessJoinContext&,
                                        Collector<std::string>& out) {
                              out.Collect(left.key + " " + std::to_string(left.value) + " " +
                                          std::to_string(right.value));
                            })
                            .Uid("join");
    rig.Add(joined);
    rig.AddEvents(joined.GetSideOutput(kLate));
  });
}

TEST(RestoredOperators, KeyedStreamWithABroadcastOne) {
  ExpectSameWithRestarts(2, [](Rig& rig) {
    rig.AddInputs(2);
    rig.broadcast_input = 1;
    rig.Add(rig.keyed(0)
                .Connect(rig.inputs[1].stream().Broadcast(kLimits))
                .Process(AboveLimit())
                .Uid("above"));
  });
}

}  // namespace
}  // namespace weir
