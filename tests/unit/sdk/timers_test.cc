// Timers of an operator: which fire, when, in which order, and how a burst of them is cut in parts.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/collector.h>
#include <weir/internal/operators/timed_keyed_operator.h>
#include <weir/internal/timers/keyed_timers.h>

#include "tests/sanitizers/instrumented.h"
#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/state_copy.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using internal::KeyedStateBackend;
using internal::KeyedTimers;
using internal::kTimersPerStep;
using internal::TimerQueue;
using Window = std::pair<std::int64_t, std::int64_t>;

// --- one queue against a std::set ---

template <class K>
K MakeKey(std::uint64_t random) {
  if constexpr (std::is_same_v<K, std::string>) {
    return std::string(random % 2 == 0 ? 30 : 0, 'k') + std::to_string(random);
  } else {
    return static_cast<K>(random);
  }
}

template <class K>
class QueueAndOracle {
 public:
  using Timer = std::tuple<std::int64_t, K, Window>;  // by time

  QueueAndOracle(std::uint64_t seed, std::int64_t times, std::uint64_t keys)
      : random_(seed), times_(times), keys_(keys), queue_(MakeQueue()) {}

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) {
      const std::uint64_t choice = random_() % 100;
      if (choice < 50) {
        Register(MakeTimer());
      } else if (choice < 75) {
        Delete(MakeTimer());
      } else if (choice < 80 && !expected_.empty()) {
        Delete(Timer(*expected_.begin()));
      } else if (choice < 99) {
        Advance(now_ +
                static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(times_)) / 8);
      } else {
        Restore();
      }
      ASSERT_EQ(queue_->size(), expected_.size());
      ASSERT_LE(queue_->index_size(), 2 * expected_.size() + 1100);
    }
    Advance(std::numeric_limits<std::int64_t>::max());
    ASSERT_TRUE(expected_.empty());
  }

 private:
  std::unique_ptr<TimerQueue<K, Window>> MakeQueue() {
    backends_.push_back(std::make_unique<KeyedStateBackend>(TaskInformation()));
    return std::make_unique<TimerQueue<K, Window>>(*backends_.back(), "timers");
  }
  Timer MakeTimer() {
    const auto time =
        now_ + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(times_));
    return {time, MakeKey<K>(random_() % keys_),
            Window(0, static_cast<std::int64_t>(random_() % 2))};
  }
  void Register(const Timer& timer) {
    const auto& [time, key, window] = timer;
    ASSERT_EQ(queue_->Register(StableHash(key), key, window, time), expected_.insert(timer).second);
  }
  void Delete(const Timer& timer) {
    const auto& [time, key, window] = timer;
    ASSERT_EQ(queue_->Delete(StableHash(key), key, window, time), expected_.erase(timer) == 1);
  }
  // Some at a time; timers that fire register and delete others.
  void Advance(std::int64_t until) {
    bool done = false;
    while (!done) {
      std::uint32_t count = 1 + static_cast<std::uint32_t>(random_() % 40);
      done = queue_->Fire(until, count, [&](const auto& fired) {
        const Timer timer{fired.time_ms, fired.key, fired.name_space};
        ASSERT_EQ(fired.key_hash, StableHash(fired.key));
        ASSERT_LE(fired.time_ms, until);
        ASSERT_FALSE(expected_.empty());
        ASSERT_EQ(fired.time_ms, std::get<0>(*expected_.begin()));
        ASSERT_EQ(expected_.erase(timer), 1u);
        if (random_() % 4 == 0) Register(MakeTimer());
        if (random_() % 4 == 0) Delete(MakeTimer());
        if (random_() % 8 == 0 && !expected_.empty()) Delete(Timer(*expected_.begin()));
      });
    }
    ASSERT_TRUE(expected_.empty() || std::get<0>(*expected_.begin()) > until);
    if (until != std::numeric_limits<std::int64_t>::max()) now_ = until;
  }
  void Restore() {
    auto restored = MakeQueue();
    testing::CopyTables(*backends_[backends_.size() - 2], *backends_.back());
    restored->RebuildIndex();
    queue_ = std::move(restored);
    backends_.erase(backends_.begin());
  }

  std::mt19937_64 random_;
  const std::int64_t times_;
  const std::uint64_t keys_;
  std::int64_t now_ = 0;
  std::vector<std::unique_ptr<KeyedStateBackend>> backends_;
  std::unique_ptr<TimerQueue<K, Window>> queue_;
  std::set<Timer> expected_;
};

TEST(TimerQueue, FiresWhatASetWould) {
  const std::uint64_t first_seed = TestSeed();
  for (std::uint64_t seed = first_seed; seed < first_seed + test::Repetitions(1000); ++seed) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    QueueAndOracle<std::int64_t>(seed, 1 + static_cast<std::int64_t>(seed % 500), 1 + seed % 7)
        .Run(150);
    if (HasFatalFailure()) return;
  }
  SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(first_seed));
  QueueAndOracle<std::string>(first_seed, 5'000, 50).Run(20'000);
  QueueAndOracle<std::uint32_t>(first_seed, 200'000, 5'000).Run(50'000);
}

// As sessions do: each record deletes its key's timer and registers a later one.
TEST(TimerQueue, ForgetsDeletedTimersLongBeforeTheirTime) {
  KeyedStateBackend backend{TaskInformation()};
  TimerQueue<std::int64_t, internal::NoNamespace> queue(backend, "timers");
  constexpr std::int64_t kKeys = 1'000;
  for (std::int64_t i = 0; i < 200'000; ++i) {
    const std::int64_t key = i % kKeys;
    const std::uint64_t hash = StableHash(key);
    ASSERT_EQ(queue.Delete(hash, key, {}, 1'000'000 + i - kKeys), i >= kKeys);
    ASSERT_TRUE(queue.Register(hash, key, {}, 1'000'000 + i));
    ASSERT_FALSE(queue.Register(hash, key, {}, 1'000'000 + i));
    ASSERT_LE(queue.index_size(), static_cast<std::size_t>(3 * kKeys + 1'024));
  }
  std::int64_t fired = 0;
  std::uint32_t count = 100'000;
  EXPECT_TRUE(queue.Fire(2'000'000, count, [&](const auto&) { ++fired; }));
  EXPECT_EQ(fired, kKeys);
  EXPECT_EQ(queue.index_size(), 0u);
}

// --- both time domains ---

struct DomainTimers {
  testing::OperatorHarness harness;
  KeyedStateBackend backend{TaskInformation()};
  KeyedTimers<std::int64_t, internal::NoNamespace> timers{harness.context(), backend};
  bool Register(TimeDomain domain, std::int64_t time) {
    return timers.Register(domain, StableHash(std::int64_t{1}), 1, {}, time);
  }
  std::vector<std::int64_t> Fire() {
    std::vector<std::int64_t> times;
    std::uint32_t count = 1'000;
    EXPECT_TRUE(
        timers.Fire(count, [&](TimeDomain, const auto& timer) { times.push_back(timer.time_ms); }));
    return times;
  }
};

TEST(KeyedTimers, RefusesTimesThatCannotBe) {
  for (const std::int64_t wrong :
       {std::int64_t{-1}, internal::kNoTimestamp, internal::kNoTimestamp + 1'000,
        kMaximumTimestampMs + 1, internal::kMaximumWatermark - 1}) {
    for (const TimeDomain domain : {TimeDomain::kEventTime, TimeDomain::kProcessingTime}) {
      DomainTimers t;
      EXPECT_FALSE(t.Register(domain, wrong));
      ASSERT_TRUE(t.harness.failure.failed());
      EXPECT_NE(t.harness.failure.status().message().find(std::to_string(wrong)),
                std::string::npos);
      EXPECT_EQ(t.timers.size(domain), 0u);
    }
  }
  DomainTimers t;
  EXPECT_TRUE(t.Register(TimeDomain::kEventTime, 0));
  EXPECT_TRUE(t.Register(TimeDomain::kEventTime, kMaximumTimestampMs));
  EXPECT_TRUE(t.Register(TimeDomain::kEventTime, internal::kMaximumWatermark));
  EXPECT_FALSE(t.harness.failure.failed());
  t.timers.AdvanceWatermark(internal::kMaximumWatermark - 1);
  EXPECT_EQ(t.Fire(), (std::vector<std::int64_t>{0, kMaximumTimestampMs}));
  t.timers.AdvanceWatermark(internal::kMaximumWatermark);
  EXPECT_EQ(t.Fire(), (std::vector<std::int64_t>{internal::kMaximumWatermark}));
}

TEST(KeyedTimers, SetTheChainsTimerToTheFirst) {
  DomainTimers t;
  const auto processing = TimeDomain::kProcessingTime;
  EXPECT_TRUE(t.Register(processing, 500));
  EXPECT_EQ(t.harness.chain.timer_ms, 501);
  EXPECT_TRUE(t.Register(processing, 700));
  EXPECT_TRUE(t.Register(TimeDomain::kEventTime, 100));
  EXPECT_EQ(t.harness.chain.timer_ms, 501);
  EXPECT_TRUE(t.Register(processing, 300));
  EXPECT_EQ(t.harness.chain.timer_ms, 301);
  t.timers.AdvanceProcessingTime(550);
  EXPECT_EQ(t.Fire(), (std::vector<std::int64_t>{300, 500}));
  EXPECT_EQ(t.harness.chain.timer_ms, 701);
  t.timers.AdvanceProcessingTime(700);  // its millisecond has not passed
  EXPECT_EQ(t.Fire(), std::vector<std::int64_t>());
  EXPECT_EQ(t.harness.chain.timer_ms, 701);
  t.timers.AdvanceProcessingTime(701);
  EXPECT_EQ(t.Fire(), std::vector<std::int64_t>{700});
  t.harness.chain.timer_ms = internal::kNoTimer;                     // the chain has forgotten it
  EXPECT_TRUE(t.Register(processing, internal::kMaximumWatermark));  // never
  EXPECT_EQ(t.harness.chain.timer_ms, internal::kNoTimer);
  EXPECT_TRUE(t.Register(processing, 900));
  EXPECT_EQ(t.harness.chain.timer_ms, 901);
}

TEST(KeyedTimers, DropThoseOfProcessingTimeAtTheEndOfTheInput) {
  DomainTimers t;
  for (std::int64_t time = 500; time < 600; ++time) {
    EXPECT_TRUE(t.Register(TimeDomain::kProcessingTime, time));
  }
  EXPECT_TRUE(t.Register(TimeDomain::kProcessingTime, internal::kMaximumWatermark));
  EXPECT_TRUE(t.Register(TimeDomain::kEventTime, 100));
  t.timers.Finish();
  EXPECT_EQ(t.timers.size(TimeDomain::kProcessingTime), 0u);
  EXPECT_EQ(t.timers.size(TimeDomain::kEventTime), 1u);
  EXPECT_EQ(t.harness.chain.timer_ms, internal::kNoTimer);
  EXPECT_TRUE(t.Fire().empty());
}

// --- bursts ---

struct Request {
  std::int64_t key = 0;
  std::int64_t timers = 0;  // registers as many, for 1, 2, …
};
struct KeyOfRequest {
  std::int64_t operator()(const Request& request) const { return request.key; }
};
struct NoFunction {};

// Emits the timers' times, and -1 for each record.
class BurstOperator final
    : public internal::TimedKeyedOperator<Request, std::int64_t, NoFunction, KeyOfRequest,
                                          internal::NoNamespace> {
 public:
  using TimedKeyedOperator::TimedKeyedOperator;
  std::uint32_t fired = 0;
  std::int64_t watermark_of_records = 0;

 private:
  void Process(internal::Batch<Request>& in) override {
    watermark_of_records = timers().current_watermark_ms();
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      const std::int64_t key = in[i].key;
      for (std::int64_t time = 1; time <= in[i].timers; ++time) {
        timers().Register(in.timestamp(i) == internal::kNoTimestamp ? TimeDomain::kProcessingTime
                                                                    : TimeDomain::kEventTime,
                          StableHash(key), key, {}, time);
      }
      out_.Collect(-1);
    }
    out_.Finish();
  }
  bool FireDue(std::uint32_t& count) override {
    const bool done = timers().Fire(count, [this](TimeDomain, const auto& timer) {
      ++fired;
      out_.Collect(timer.time_ms);
    });
    out_.Finish();
    return done;
  }
  Collector<std::int64_t> out_{this->context_, this->output_};
};

struct Burst {
  testing::OperatorHarness harness;
  testing::KeepingInput<std::int64_t> out;
  BurstOperator op{harness.context(), {NoFunction(), KeyOfRequest()}, out};

  void Push(std::vector<Request> requests) {
    const auto batch = testing::MakeBatch(requests);
    static_cast<internal::AnyInput&>(op).PushBatch(*batch);
  }
  bool due() const { return harness.timers.any_due(); }
};

TEST(TimedKeyedOperator, HasNoTimersOfProcessingTimeLeftInItsLastCheckpoint) {
  Burst b;
  internal::Batch<Request> batch(1);
  batch.Next(internal::kNoTimestamp) = {1, 7};
  static_cast<internal::AnyInput&>(b.op).PushBatch(batch);
  const auto size = [&] {
    std::uint64_t timers = 0;
    for (const auto& [name, table] : b.op.keyed_state_backend()->tables()) timers += table->size();
    return timers;
  };
  EXPECT_EQ(size(), 7u);
  EXPECT_TRUE(*b.op.Finish());
  EXPECT_EQ(size(), 0u);
  EXPECT_EQ(b.op.fired, 0u);
}

TEST(TimerBurst, AMillionTimersTakeAThousandSteps) {
  constexpr std::int64_t kKeys = 1'000;
  Burst b;
  for (std::int64_t key = 0; key < kKeys; ++key) b.Push({{key, 1'000}});
  b.out.records.clear();
  std::uint32_t steps = 0;
  std::uint32_t before = b.op.fired;
  b.op.OnWatermark({1'000});
  b.op.OnWatermarkStatus({true});  // in the same step
  for (;; ++steps) {
    ASSERT_LE(b.op.fired - before, kTimersPerStep);
    before = b.op.fired;
    if (!b.due()) break;
    ASSERT_TRUE(b.out.watermarks.empty());
    ASSERT_TRUE(b.out.idle.empty());
    ASSERT_TRUE(b.op.FireTimers().ok());
  }
  EXPECT_EQ(steps, (kKeys * 1'000 + kTimersPerStep - 1) / kTimersPerStep - 1);
  EXPECT_EQ(b.op.fired, kKeys * 1'000);
  EXPECT_EQ(b.out.records.size(), static_cast<std::size_t>(kKeys * 1'000));
  EXPECT_TRUE(std::is_sorted(b.out.records.begin(), b.out.records.end()));
  EXPECT_EQ(b.out.watermarks, (std::vector<std::int64_t>{1'000}));
  EXPECT_EQ(b.out.idle, (std::vector<bool>{true}));
}

// What the same step still brings waits, in order, and nothing is lost.
TEST(TimerBurst, RecordsAndWatermarksBehindItWait) {
  Burst b;
  b.Push({{1, 2'500}, {2, 2'500}});
  b.out.records.clear();
  b.op.OnWatermark({2'000});
  b.Push({{3, 1}, {4, 0}});
  b.op.OnWatermark({2'500});
  b.Push({{5, 0}});
  EXPECT_EQ(b.op.fired, kTimersPerStep);
  while (b.due()) ASSERT_TRUE(b.op.FireTimers().ok());
  std::vector<std::int64_t> expected;
  for (std::int64_t time = 1; time <= 2'000; ++time) expected.insert(expected.end(), 2, time);
  expected.insert(expected.end(), 2, -1);  // records behind the first watermark
  expected.push_back(1);                   // their timer, late
  for (std::int64_t time = 2'001; time <= 2'500; ++time) expected.insert(expected.end(), 2, time);
  expected.push_back(-1);
  EXPECT_EQ(b.out.records, expected);
  EXPECT_EQ(b.out.watermarks, (std::vector<std::int64_t>{2'000, 2'500}));
  EXPECT_EQ(b.op.watermark_of_records, 2'500);
}

// A function that emits without end in one step: from some point on the burst is not cut any more.
TEST(TimerBurst, KeepsABoundedNumberOfBlocks) {
  Burst b;
  b.Push({{1, 100'000}});
  b.op.OnWatermark({100'000});
  for (int i = 0; i < 10'000; ++i) b.Push({{2, 0}});
  EXPECT_FALSE(b.due());
  EXPECT_EQ(b.op.fired, 100'000u);
  EXPECT_EQ(b.out.records.size(), 1u + 100'000u + 10'000u);
  EXPECT_EQ(b.out.watermarks, (std::vector<std::int64_t>{100'000}));
}

TEST(TimerBurst, ProcessingTimeTimersAreCutAsWell) {
  Burst b;
  auto batch = testing::MakeBatch<Request>({{1, 3'000}});
  batch->timestamp(0) = internal::kNoTimestamp;
  b.op.Push(*batch);
  EXPECT_EQ(b.harness.chain.timer_ms, 2);
  std::vector<std::uint32_t> fired;
  ASSERT_TRUE(
      b.harness.timers
          .Fire(2'901, [&](std::uint32_t, std::int64_t now) { return b.op.OnProcessingTime(now); })
          .ok());
  fired.push_back(b.op.fired);
  while (b.due()) {
    ASSERT_TRUE(b.op.FireTimers().ok());
    fired.push_back(b.op.fired);
  }
  EXPECT_EQ(fired, (std::vector<std::uint32_t>{kTimersPerStep, 2 * kTimersPerStep, 2'900}));
  EXPECT_EQ(b.harness.chain.timer_ms, 2'902);
}

}  // namespace
}  // namespace weir
