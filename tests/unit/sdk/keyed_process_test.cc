// Process functions with timers on a keyed stream; on two: co_process_test.cc.
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

#include "tests/sanitizers/instrumented.h"
#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/run_job.h"
#include "tests/unit/sdk/state_copy.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using testing::Collected;
using testing::CollectingSink;
using testing::RunJob;

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
    parts_->op.keyed_state().Evict();
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
    ExpectFired(oracle_.Advance(TimeDomain::kProcessingTime, now_ - 1), false);
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
  for (std::uint64_t seed = first_seed; seed < first_seed + test::Repetitions(2'000); ++seed) {
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

}  // namespace
}  // namespace weir
