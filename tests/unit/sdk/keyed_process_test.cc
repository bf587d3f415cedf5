// Process functions with timers, on one keyed stream and on two.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"
#include "tests/unit/sdk/state_copy.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using testing::Collected;
using testing::CollectingSink;

enum class Act : std::uint8_t { kRegister, kDelete, kCount };
struct Event {
  std::int64_t key = 0;
  Act act = Act::kCount;
  TimeDomain domain = TimeDomain::kEventTime;
  std::int64_t time_ms = 0;
};
struct Fired {
  std::int64_t time_ms = 0;
  std::int64_t key = 0;
  TimeDomain domain = TimeDomain::kEventTime;
  std::int64_t count = 0;
  auto operator<=>(const Fired&) const = default;
};
// What a timer that fires registers anew; at some times it does.
std::int64_t Next(std::int64_t time_ms) {
  return time_ms % 5 == 0 ? time_ms + 3 : 0;
}

struct Obey {
  ValueState<std::int64_t> count{"count"};
  auto States() { return std::tie(count); }
  template <class Context>
  static void Register(const Context& context, TimeDomain domain, std::int64_t time_ms) {
    if (domain == TimeDomain::kEventTime) {
      context.TimerService().RegisterEventTimeTimer(time_ms);
    } else {
      context.TimerService().RegisterProcessingTimeTimer(time_ms);
    }
  }
  void ProcessElement(const Event& event, KeyedProcessContext<std::int64_t>& context,
                      Collector<Fired>&) {
    if (event.act == Act::kCount) {
      ++count.Mutable(context);
    } else if (event.act == Act::kRegister) {
      Register(context, event.domain, event.time_ms);
    } else if (event.domain == TimeDomain::kEventTime) {
      context.TimerService().DeleteEventTimeTimer(event.time_ms);
    } else {
      context.TimerService().DeleteProcessingTimeTimer(event.time_ms);
    }
  }
  void OnTimer(std::int64_t time_ms, OnTimerContext<std::int64_t>& context, Collector<Fired>& out) {
    EXPECT_EQ(context.timestamp_ms(), time_ms);
    out.Collect({time_ms, context.key(), context.time_domain(), count.ValueOr(context, 0)});
    if (Next(time_ms) != 0) Register(context, context.time_domain(), Next(time_ms));
  }
};
struct KeyOfEvent {
  std::int64_t operator()(const Event& event) const { return event.key; }
};
using ObeyOperator = internal::KeyedProcessOperator<Event, Fired, Obey, KeyOfEvent>;

// Keeps everything in maps.
class ObeyOracle {
 public:
  void On(const Event& event) {
    auto& timers = timers_[event.domain];
    if (event.act == Act::kCount) {
      ++counts_[event.key];
    } else if (event.act == Act::kRegister) {
      timers.insert({event.time_ms, event.key});
    } else {
      timers.erase({event.time_ms, event.key});
    }
  }
  std::vector<Fired> Advance(TimeDomain domain, std::int64_t until_ms) {
    std::vector<Fired> fired;
    auto& timers = timers_[domain];
    while (!timers.empty() && timers.begin()->first <= until_ms) {
      const auto [time_ms, key] = *timers.begin();
      timers.erase(timers.begin());
      fired.push_back({time_ms, key, domain, counts_[key]});
      if (Next(time_ms) != 0) timers.insert({Next(time_ms), key});
    }
    std::sort(fired.begin(), fired.end());
    return fired;
  }

 private:
  std::map<TimeDomain, std::set<std::pair<std::int64_t, std::int64_t>>> timers_;
  std::map<std::int64_t, std::int64_t> counts_;
};

// One subtask with a clock and watermarks that the test moves.
class ObeyTask {
 public:
  explicit ObeyTask(std::uint64_t seed) : random_(seed) { Make(); }

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) {
      switch (random_() % 8) {
        case 0:
          AdvanceEventTime(watermark_ + static_cast<std::int64_t>(random_() % 30));
          break;
        case 1:
          AdvanceProcessingTime(static_cast<std::int64_t>(random_() % 30));
          break;
        case 2:
          if (random_() % 4 == 0) Restore();
          break;
        default:
          Push();
      }
    }
    AdvanceEventTime(internal::kMaximumWatermark);
  }

 private:
  struct Parts {
    testing::OperatorHarness harness;
    testing::KeepingInput<Fired> out;
    ObeyOperator op{harness.context(), {Obey(), KeyOfEvent()}, out};
  };

  void Make() {
    parts_ = std::make_unique<Parts>();
    parts_->harness.chain.processing_time = now_;
  }
  void Push() {
    std::vector<Event> events;
    for (std::uint64_t i = 0; i < 1 + random_() % 20; ++i) {
      const auto domain = random_() % 2 == 0 ? TimeDomain::kEventTime : TimeDomain::kProcessingTime;
      const std::int64_t from = domain == TimeDomain::kEventTime ? watermark_ : now_;
      const std::int64_t time =
          std::max<std::int64_t>(0, from - 5 + static_cast<std::int64_t>(random_() % 60));
      events.push_back({static_cast<std::int64_t>(random_() % 5), static_cast<Act>(random_() % 3),
                        domain, time});
      oracle_.On(events.back());
    }
    static_cast<internal::AnyInput&>(parts_->op).PushBatch(*testing::MakeBatch(events));
    ASSERT_TRUE(parts_->out.records.empty());
  }
  void AdvanceEventTime(std::int64_t watermark) {
    watermark_ = watermark;
    parts_->out.watermarks.clear();
    parts_->op.OnWatermark({watermark});
    ASSERT_EQ(parts_->out.watermarks, std::vector<std::int64_t>{watermark});
    ExpectFired(oracle_.Advance(TimeDomain::kEventTime, watermark), true);
  }
  void AdvanceProcessingTime(std::int64_t by_ms) {
    now_ += by_ms;
    parts_->harness.chain.processing_time = now_;
    if (parts_->harness.chain.timer_ms <= now_) {
      parts_->harness.chain.timer_ms = internal::kNoTimer;
      ASSERT_TRUE(
          parts_->harness.timers
              .Fire(now_, [&](std::uint32_t,
                              std::int64_t now_ms) { return parts_->op.OnProcessingTime(now_ms); })
              .ok());
    }
    ExpectFired(oracle_.Advance(TimeDomain::kProcessingTime, now_), false);
  }
  // In the order of their times; which key is first does not matter.
  void ExpectFired(const std::vector<Fired>& expected, bool timestamps) {
    auto& out = parts_->out;
    for (std::size_t i = 0; i < out.records.size(); ++i) {
      if (i > 0) {
        ASSERT_LE(out.records[i - 1].time_ms, out.records[i].time_ms);
      }
      ASSERT_EQ(out.timestamps[i], timestamps ? out.records[i].time_ms : internal::kNoTimestamp);
    }
    std::sort(out.records.begin(), out.records.end());
    ASSERT_TRUE(out.records == expected);
    out.records.clear();
    out.timestamps.clear();
    ASSERT_FALSE(parts_->harness.failure.failed());
  }
  // State and timers go on in another subtask.
  void Restore() {
    const std::unique_ptr<Parts> before = std::move(parts_);
    Make();
    testing::CopyTables(before->op.keyed_state(), parts_->op.keyed_state());
    ASSERT_TRUE(parts_->op.Open().ok());
  }

  std::mt19937_64 random_;
  std::int64_t watermark_ = 0;
  std::int64_t now_ = 1'000;
  ObeyOracle oracle_;
  std::unique_ptr<Parts> parts_;
};

TEST(KeyedProcess, TimersAndStateAgainstTheOracle) {
  const std::uint64_t first_seed = TestSeed();
  for (std::uint64_t seed = first_seed; seed < first_seed + 2'000; ++seed) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    ObeyTask(seed).Run(60);
    if (HasFatalFailure()) return;
  }
}

// --- what a function is told, and what it does wrong ---

const OutputTag<std::string> kLate{"late"};

// Each number registers a timer for itself, and its timer says what it saw.
struct Announce {
  void ProcessElement(const std::int64_t& number, KeyedProcessContext<std::int64_t>& context,
                      Collector<std::string>&) {
    context.TimerService().RegisterEventTimeTimer(number);
    EXPECT_EQ(context.TimerService().CurrentWatermark(), context.current_watermark_ms());
    EXPECT_EQ(context.TimerService().CurrentProcessingTime(), context.processing_time_ms());
  }
  void OnTimer(std::int64_t time_ms, OnTimerContext<std::int64_t>& context,
               Collector<std::string>& out) {
    out.Collect("timer " + std::to_string(time_ms));
    EXPECT_GE(context.TimerService().CurrentWatermark(), time_ms);
    if (time_ms % 2 == 0) context.Output(kLate, std::to_string(context.key()));
  }
};

template <class T, class Build>
Status RunJob(std::uint32_t parallelism, std::uint64_t seed,
              const std::shared_ptr<Collected<T>>& collected, Build build) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.SetParallelism(parallelism);
  build(env).SinkTo(CollectingSink<T>(collected)).SetParallelism(1);
  auto job = env.Compile();
  if (!job.ok()) return job.status();
  return testing::JobRunner(**job, seed, 64).Run();
}

const auto kSelf = [](const std::int64_t& number) { return number % 100; };

// Chained at parallelism 1, across channels otherwise; the end of the input fires more timers at
// once than a step does.
TEST(KeyedProcess, TimersOfAWholeJobFireBeforeItEnds) {
  for (const std::uint32_t parallelism : {1u, 2u, 3u}) {
    auto main = std::make_shared<Collected<std::string>>();
    auto side = std::make_shared<Collected<std::string>>();
    const Status status = RunJob(parallelism, parallelism, main, [&](auto& env) {
      auto announced = env.FromSequence(1, 5'000).KeyBy(kSelf).Process(Announce()).Uid("announce");
      announced.GetSideOutput(kLate).SinkTo(CollectingSink<std::string>(side)).SetParallelism(1);
      return announced;
    });
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(main->records.size(), 5'000u);
    EXPECT_EQ(side->records.size(), 2'500u);
  }
}

// Passes numbers on from its timers, so that another operator with timers has a burst of its own.
struct Delay {
  void ProcessElement(const std::int64_t& number, KeyedProcessContext<std::int64_t>& context,
                      Collector<std::int64_t>&) {
    context.TimerService().RegisterEventTimeTimer(number);
  }
  void OnTimer(std::int64_t time_ms, OnTimerContext<std::int64_t>&, Collector<std::int64_t>& out) {
    out.Collect(time_ms);
  }
};

TEST(KeyedProcess, BurstsBehindEachOther) {
  for (const std::uint32_t parallelism : {1u, 2u}) {
    auto collected = std::make_shared<Collected<std::int64_t>>();
    const Status status = RunJob(parallelism, 7, collected, [&](auto& env) {
      return env.FromSequence(1, 10'000)
          .KeyBy(kSelf)
          .Process(Delay())
          .Uid("first")
          .KeyBy(kSelf)
          .Process(Delay())
          .Uid("second");
    });
    ASSERT_TRUE(status.ok()) << status.ToString();
    auto& numbers = collected->records;
    if (parallelism == 1) {
      EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
    }
    std::sort(numbers.begin(), numbers.end());
    ASSERT_EQ(numbers.size(), 10'000u);
    EXPECT_EQ(numbers.front(), 1);
    EXPECT_EQ(numbers.back(), 10'000);
  }
}

TEST(KeyedProcess, TimersAreStateAndNeedAUid) {
  auto collected = std::make_shared<Collected<std::int64_t>>();
  const Status status = RunJob(1, 1, collected, [](auto& env) {
    return env.FromSequence(1, 2).KeyBy(kSelf).Process(Delay());
  });
  EXPECT_NE(status.message().find("has no uid"), std::string::npos) << status.ToString();
}

struct Misuse {
  std::int64_t time_ms = 0;
  void ProcessElement(const std::int64_t&, KeyedProcessContext<std::int64_t>& context,
                      Collector<std::int64_t>&) {
    context.TimerService().RegisterEventTimeTimer(time_ms);
  }
};
struct MisuseWithTimer : Misuse {
  void OnTimer(std::int64_t, OnTimerContext<std::int64_t>&, Collector<std::int64_t>&) {
    throw std::runtime_error("the timer does not like this");
  }
};

TEST(KeyedProcess, SaysWhatIsWrongWithTimers) {
  auto collected = std::make_shared<Collected<std::int64_t>>();
  const auto run = [&](auto function) {
    return RunJob(1, 1, collected, [&](auto& env) {
      return env.FromSequence(1, 2).KeyBy(kSelf).Process(function).Uid("misuse");
    });
  };
  const Status none = run(Misuse{5});
  EXPECT_NE(none.message().find("no void OnTimer"), std::string::npos) << none.ToString();
  const Status negative = run(MisuseWithTimer{{-5}});
  EXPECT_NE(negative.message().find("registered for -5"), std::string::npos) << negative.ToString();
  EXPECT_THROW((void)run(MisuseWithTimer{{5}}), std::runtime_error);
}

// The engine names the operator that was entered last.
TEST(KeyedProcess, EntersItsOperatorBeforeTimers) {
  testing::OperatorHarness harness;
  testing::KeepingInput<std::int64_t> out;
  const internal::OperatorContext context = harness.context();
  internal::KeyedProcessOperator<std::int64_t, std::int64_t, MisuseWithTimer, decltype(kSelf)> op(
      context, {MisuseWithTimer{{5}}, kSelf}, out);
  op.Push(*testing::MakeBatch<std::int64_t>({1}));
  harness.chain.entered.clear();
  EXPECT_THROW(op.OnWatermark({10}), std::runtime_error);
  EXPECT_EQ(harness.chain.entered, std::vector<std::uint32_t>{0});
}

// --- two streams ---

struct Order {
  std::int64_t id = 0;
  std::int64_t due_ms = 0;
};
struct Payment {
  std::int64_t order = 0;
};
const OutputTag<std::int64_t> kUnpaid{"unpaid"};

struct MatchPayment {
  ValueState<Order> waiting{"waiting"};
  auto States() { return std::tie(waiting); }
  void ProcessElement1(const Order& order, KeyedProcessContext<std::int64_t>& context,
                       Collector<std::int64_t>&) {
    waiting.Update(context, order);
    context.TimerService().RegisterEventTimeTimer(order.due_ms);
  }
  void ProcessElement2(const Payment& payment, KeyedProcessContext<std::int64_t>& context,
                       Collector<std::int64_t>& out) {
    const Order* order = waiting.Find(context);
    if (order == nullptr) return;
    context.TimerService().DeleteEventTimeTimer(order->due_ms);
    waiting.Clear(context);
    out.Collect(payment.order);
  }
  void OnTimer(std::int64_t, OnTimerContext<std::int64_t>& context, Collector<std::int64_t>&) {
    context.Output(kUnpaid, waiting.Find(context)->id);
    waiting.Clear(context);
  }
};

using OrderKey = decltype(std::mem_fn(&Order::id));
using PaymentKey = decltype(std::mem_fn(&Payment::order));
struct Matching {
  testing::OperatorHarness harness;
  testing::KeepingInput<std::int64_t> out;
  testing::KeepingInput<std::int64_t> unpaid;
  internal::SideOutputs sides;
  std::unique_ptr<internal::KeyedCoProcessOperator<Order, Payment, std::int64_t, MatchPayment,
                                                   OrderKey, PaymentKey>>
      op;
  Matching() {
    internal::OperatorContext context = harness.context();
    sides.Add("unpaid", &internal::kTypeMark<std::int64_t>,
              std::make_unique<internal::SideCollector<std::int64_t>>(context, unpaid));
    context.side_outputs = &sides;
    op = std::make_unique<typename decltype(op)::element_type>(
        context,
        internal::KeyedCoPrototype<MatchPayment, OrderKey, PaymentKey>{
            MatchPayment(), std::mem_fn(&Order::id), std::mem_fn(&Payment::order)},
        out);
  }
  void Push(std::vector<Order> orders) { op->input(0)->PushBatch(*testing::MakeBatch(orders)); }
  void Push(std::vector<Payment> payments) {
    op->input(1)->PushBatch(*testing::MakeBatch(payments));
  }
};

TEST(KeyedCoProcess, BothInputsShareStateAndTimers) {
  Matching m;
  m.Push(std::vector<Order>{{1, 100}, {2, 100}, {3, 200}});
  m.Push(std::vector<Payment>{{2}, {9}});
  EXPECT_EQ(m.out.records, std::vector<std::int64_t>{2});
  m.op->input(0)->OnWatermark({150});
  m.sides.Finish();
  EXPECT_TRUE(m.unpaid.records.empty());  // the other input holds event time back
  m.op->input(1)->OnWatermark({120});
  m.sides.Finish();
  EXPECT_EQ(m.unpaid.records, std::vector<std::int64_t>{1});
  EXPECT_EQ(m.unpaid.timestamps, std::vector<std::int64_t>{100});
  EXPECT_EQ(m.out.watermarks, std::vector<std::int64_t>{120});
  m.op->input(1)->OnWatermarkStatus({true});
  EXPECT_EQ(m.out.watermarks, (std::vector<std::int64_t>{120, 150}));
  m.op->input(0)->OnWatermarkStatus({true});
  EXPECT_EQ(m.out.idle, std::vector<bool>{true});
  m.op->EndInput(0);
  m.op->EndInput(1);
  m.sides.Finish();
  EXPECT_EQ(m.unpaid.records, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(m.out.watermarks.back(), internal::kMaximumWatermark);
}

TEST(KeyedCoProcess, BurstsHoldBackWatermarkStatusAndEnd) {
  Matching m;
  std::vector<Order> orders;
  for (std::int64_t id = 0; id < 5'000; ++id) orders.push_back({id, 100 + id});
  m.Push(orders);
  m.op->input(1)->OnWatermark({10'000});
  m.op->input(0)->OnWatermark({3'000});
  m.op->input(0)->OnWatermarkStatus({true});
  m.op->EndInput(0);
  EXPECT_TRUE(m.out.watermarks.empty());
  int steps = 0;
  for (; m.harness.timers.any_due(); ++steps) ASSERT_TRUE(m.op->FireTimers().ok());
  m.sides.Finish();
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(m.unpaid.records.size(), 5'000u);
  EXPECT_EQ(m.out.watermarks, (std::vector<std::int64_t>{3'000, 10'000}));
}

TEST(KeyedCoProcess, WholeJobsAtSeveralParallelisms) {
  std::vector<Order> orders;
  std::vector<Payment> payments;
  for (std::int64_t id = 0; id < 3'000; ++id) orders.push_back({id, 1'000'000});
  for (std::int64_t id = 0; id < 3'000; id += 3) payments.push_back({id});
  for (const std::uint32_t parallelism : {1u, 2u, 3u}) {
    auto paid = std::make_shared<Collected<std::int64_t>>();
    auto unpaid = std::make_shared<Collected<std::int64_t>>();
    const Status status = RunJob(parallelism, parallelism, paid, [&](auto& env) {
      auto keyed = env.FromData(orders).KeyBy(&Order::id);
      auto matched = keyed.Connect(env.FromData(payments).KeyBy(&Payment::order))
                         .Process(MatchPayment())
                         .Uid("match");
      matched.GetSideOutput(kUnpaid).SinkTo(CollectingSink<std::int64_t>(unpaid)).SetParallelism(1);
      return matched;
    });
    ASSERT_TRUE(status.ok()) << status.ToString();
    // A payment that comes before its order is forgotten: how many do depends on the order of
    // arrival, but every order ends on one side.
    EXPECT_GE(unpaid->records.size(), 2'000u);
    std::vector<std::int64_t> all = paid->records;
    all.insert(all.end(), unpaid->records.begin(), unpaid->records.end());
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all.size(), 3'000u);
    for (std::int64_t id = 0; id < 3'000; ++id) ASSERT_EQ(all[static_cast<std::size_t>(id)], id);
  }
}

struct Sides {
  void ProcessElement1(const std::int64_t& number, ProcessContext& context,
                       Collector<std::string>& out) {
    if (number % 2 == 0) context.Output(kUnpaid, number);
    out.Collect("number " + std::to_string(number));
  }
  void ProcessElement2(const std::string& word, ProcessContext&, Collector<std::string>& out) {
    out.Collect("word " + word);
  }
};

TEST(CoProcess, HasSideOutputs) {
  auto main = std::make_shared<Collected<std::string>>();
  auto side = std::make_shared<Collected<std::int64_t>>();
  const Status status = RunJob(1, 1, main, [&](auto& env) {
    auto words = env.template FromData<std::string>({"a", "b"});
    auto both = env.FromSequence(1, 10).Connect(words).Process(Sides());
    both.GetSideOutput(kUnpaid).SinkTo(CollectingSink<std::int64_t>(side)).SetParallelism(1);
    return both;
  });
  ASSERT_TRUE(status.ok()) << status.ToString();
  std::sort(side->records.begin(), side->records.end());
  EXPECT_EQ(side->records, (std::vector<std::int64_t>{2, 4, 6, 8, 10}));
  EXPECT_EQ(main->records.size(), 12u);
  EXPECT_EQ(std::count(main->records.begin(), main->records.end(), "word b"), 1);
}

}  // namespace
}  // namespace weir
