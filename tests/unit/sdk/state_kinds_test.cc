// Lists, reducing and aggregating states, and the time to live of all kinds.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/environment.h>
#include <weir/keyed_stream.h>
#include <weir/list_state.h>
#include <weir/map_state.h>
#include <weir/process_context.h>
#include <weir/reducing_state.h>
#include <weir/state.h>

#include "tests/sanitizers/instrumented.h"
#include "tests/unit/sdk/state_bench.h"
#include "tests/unit/sdk/state_copy.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using Context = KeyedProcessContext<std::int64_t>;
using testing::StateBench;

// --- lists ---

TEST(ListState, AgainstTheOracle) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  StateBench bench(ListState<std::string>("list"));
  std::map<std::int64_t, std::vector<std::string>> expected;
  for (int i = 0; i < 30'000; ++i) {
    const auto key = static_cast<std::int64_t>(random() % 50);
    auto& list = expected[key];
    const Context& at = bench.At(key);
    const std::uint64_t choice = random() % 100;
    if (choice < 80) {
      const std::string value(random() % 2 == 0 ? 30 : 0, 'v');
      bench.state.Add(at, value + std::to_string(i));
      list.push_back(value + std::to_string(i));
    } else if (choice < 90) {
      const std::vector<std::string> more(random() % 20, std::to_string(i));
      bench.state.AddAll(at, more);
      list.insert(list.end(), more.begin(), more.end());
    } else if (choice < 95) {
      const std::vector<std::string> other(random() % 20, std::to_string(i));
      bench.state.Update(at, other);
      list = other;
    } else {
      ASSERT_EQ(bench.state.Clear(at), !list.empty());
      list.clear();
    }
    ASSERT_EQ(bench.state.Size(at), list.size());
    ASSERT_EQ(bench.state.IsEmpty(at), list.empty());
    if (i % 10 == 0) {
      ASSERT_TRUE(bench.state.Get(at) == list);
    }
  }
  for (auto& [key, list] : expected) bench.state.Clear(bench.At(key));
  for (const auto& [name, table] : bench.backend.tables()) EXPECT_EQ(table->size(), 0u) << name;
}

// --- reducing and aggregating ---

struct Mean {
  struct Sum {
    std::int64_t total = 0;
    std::int64_t count = 0;
  };
  Sum CreateAccumulator() const { return {}; }
  void Add(const std::int64_t& value, Sum& sum) const {
    sum.total += value;
    ++sum.count;
  }
  std::int64_t GetResult(const Sum& sum) const { return sum.total / sum.count; }
};
struct Append {
  void operator()(std::string& all, const std::string& more) const { all += more; }
};

TEST(ReducingState, ReducesWhatIsAdded) {
  StateBench bench(ReducingState<std::string, Append>("words"));
  EXPECT_EQ(bench.state.Find(bench.At(1)), nullptr);
  bench.state.Add(bench.At(1), "a");
  bench.state.Add(bench.At(2), "x");
  bench.state.Add(bench.At(1), "b");
  EXPECT_EQ(*bench.state.Find(bench.At(1)), "ab");
  EXPECT_EQ(*bench.state.Find(bench.At(2)), "x");
  EXPECT_TRUE(bench.state.Clear(bench.At(1)));
  EXPECT_FALSE(bench.state.Clear(bench.At(1)));
  bench.state.Add(bench.At(1), "c");
  EXPECT_EQ(*bench.state.Find(bench.At(1)), "c");
}

TEST(AggregatingState, AggregatesWhatIsAdded) {
  StateBench bench(AggregatingState<std::int64_t, Mean>("mean"));
  EXPECT_FALSE(bench.state.Get(bench.At(1)));
  for (const std::int64_t value : {1, 2, 6}) bench.state.Add(bench.At(1), value);
  EXPECT_EQ(bench.state.Get(bench.At(1)), 3);
  EXPECT_FALSE(bench.state.Get(bench.At(2)));
  EXPECT_TRUE(bench.state.Clear(bench.At(1)));
  EXPECT_FALSE(bench.state.Get(bench.At(1)));
}

struct MeanOfCounts : Mean {
  void Add(std::int64_t value, Sum& sum) const {
    if (value < 0) throw std::invalid_argument("negative");
    Mean::Add(value, sum);
  }
};

TEST(AggregatingState, HasNothingOfAValueThatIsRefused) {
  StateBench bench(AggregatingState<std::int64_t, MeanOfCounts>("mean"));
  EXPECT_THROW(bench.state.Add(bench.At(1), -1), std::invalid_argument);
  EXPECT_FALSE(bench.state.Get(bench.At(1)));
  StateBench expiring(
      AggregatingState<std::int64_t, MeanOfCounts, WithTtl>("mean", StateTtlConfig(100)));
  expiring.state.Add(expiring.At(1), 3);
  expiring.now() = 100;
  EXPECT_THROW(expiring.state.Add(expiring.At(1), -1), std::invalid_argument);
  EXPECT_FALSE(expiring.state.Get(expiring.At(1)));
  expiring.state.Add(expiring.At(1), 5);
  EXPECT_EQ(expiring.state.Get(expiring.At(1)), 5);
}

// --- time to live ---

constexpr std::int64_t kTimedTtl = 100;
StateTtlConfig Ttl(TtlUpdateType update, TtlVisibility visibility, std::uint32_t clean_up = 0) {
  return StateTtlConfig(kTimedTtl)
      .SetUpdateType(update)
      .SetStateVisibility(visibility)
      .CleanUpIncrementally(clean_up);
}
constexpr auto kWrite = TtlUpdateType::kOnCreateAndWrite;
constexpr auto kRead = TtlUpdateType::kOnReadAndWrite;
constexpr auto kNever = TtlVisibility::kNeverReturnExpired;
constexpr auto kIfThere = TtlVisibility::kReturnExpiredIfNotCleanedUp;

struct TtlCase {
  TtlUpdateType update;
  TtlVisibility visibility;
  std::int64_t read_at;    // before it, written at 0
  std::int64_t looked_at;  // then
  bool seen;
};
class TtlTable : public ::testing::TestWithParam<TtlCase> {};
INSTANTIATE_TEST_SUITE_P(
    Cases, TtlTable,
    ::testing::Values(TtlCase{kWrite, kNever, 50, 99, true},
                      TtlCase{kWrite, kNever, 50, 100, false},
                      TtlCase{kRead, kNever, 50, 149, true}, TtlCase{kRead, kNever, 50, 150, false},
                      TtlCase{kRead, kNever, 100, 101, false},  // had expired when it was read
                      TtlCase{kWrite, kIfThere, 50, 1'000, true},
                      TtlCase{kRead, kIfThere, 50, 1'000, true},
                      TtlCase{TtlUpdateType::kDisabled, kNever, 50, 1'000'000, true}));

TEST_P(TtlTable, HoldsForEveryKindOfState) {
  const TtlCase& c = GetParam();
  const StateTtlConfig ttl = Ttl(c.update, c.visibility);
  const auto run = [&](auto state, auto write, auto seen) {
    StateBench bench(std::move(state));
    write(bench.state, bench.At(1));
    bench.now() = c.read_at;
    (void)seen(bench.state, bench.At(1));
    bench.now() = c.looked_at;
    EXPECT_EQ(seen(bench.state, bench.At(1)), c.seen);
    write(bench.state, bench.At(1));
    EXPECT_TRUE(seen(bench.state, bench.At(1)));
  };
  run(
      ValueState<std::int64_t, WithTtl>("s", ttl), [](auto& s, auto& at) { s.Update(at, 1); },
      [](auto& s, auto& at) { return s.Find(at) != nullptr; });
  run(
      MapState<std::string, std::int64_t, WithTtl>("s", ttl),
      [](auto& s, auto& at) { s.Put(at, "m", 1); },
      [](auto& s, auto& at) { return s.Contains(at, "m"); });
  run(
      MapState<std::string, std::int64_t, WithTtl>("s", ttl),
      [](auto& s, auto& at) { s.Put(at, "m", 1); },
      [](auto& s, auto& at) { return !s.IsEmpty(at); });
  run(
      ListState<std::int64_t, WithTtl>("s", ttl), [](auto& s, auto& at) { s.Add(at, 1); },
      [](auto& s, auto& at) { return !s.Get(at).empty(); });
  run(
      ReducingState<std::int64_t, std::plus<std::int64_t>, WithTtl>("s", ttl),
      [](auto& s, auto& at) { s.Add(at, 1); },
      [](auto& s, auto& at) { return s.Find(at) != nullptr; });
  run(
      AggregatingState<std::int64_t, Mean, WithTtl>("s", ttl),
      [](auto& s, auto& at) { s.Add(at, 1); },
      [](auto& s, auto& at) { return s.Get(at).has_value(); });
}

TEST(StateTtl, WhatHasExpiredIsNotAddedTo) {
  const StateTtlConfig ttl = Ttl(kWrite, kNever);
  StateBench value(ValueState<std::int64_t, WithTtl>("s", ttl));
  StateBench map(MapState<int, std::int64_t, WithTtl>("s", ttl));
  StateBench reducing(ReducingState<std::int64_t, std::plus<std::int64_t>, WithTtl>("s", ttl));
  StateBench aggregating(AggregatingState<std::int64_t, Mean, WithTtl>("s", ttl));
  for (const std::int64_t now : {0, 99, 199, 250}) {  // the third write finds what has expired
    value.now() = map.now() = reducing.now() = aggregating.now() = now;
    ++value.state.Mutable(value.At(1));
    ++map.state.Mutable(map.At(1), 7);
    reducing.state.Add(reducing.At(1), 1);
    aggregating.state.Add(aggregating.At(1), now);
  }
  EXPECT_EQ(*value.state.Find(value.At(1)), 2);
  EXPECT_EQ(*map.state.Find(map.At(1), 7), 2);
  EXPECT_EQ(map.state.Size(map.At(1)), 1u);
  EXPECT_EQ(*reducing.state.Find(reducing.At(1)), 2);
  EXPECT_EQ(aggregating.state.Get(aggregating.At(1)), (199 + 250) / 2);
}

struct Timed {
  std::string value;
  std::int64_t last = 0;
};

// Everything in maps; expired entries are looked at as if they were not there.
class TtlOracle {
 public:
  TtlOracle(std::uint64_t seed, TtlUpdateType update)
      : random_(seed),
        update_(update),
        ttl_(Ttl(update, kNever, static_cast<std::uint32_t>(seed % 3)).CleanUpFullSnapshot()) {}

  void Run(int steps) {
    Make();
    for (int i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) {
      if (random_() % 4 == 0) now_ += static_cast<std::int64_t>(random_() % 40);
      map_->now() = list_->now() = now_;
      const auto key = static_cast<std::int64_t>(random_() % 4);
      if (random_() % 2 == 0) {
        UseMap(key, std::to_string(random_() % 6), i);
      } else {
        UseList(key, i);
      }
      if (random_() % 4 == 0) {
        map_->state.CleanUp<std::int64_t>(now_, 20);
        list_->state.CleanUp<std::int64_t>(now_, 20);
      }
      if (random_() % 64 == 0) Restore();
    }
  }

 private:
  using Map = MapState<std::string, std::string, WithTtl>;
  using List = ListState<std::string, WithTtl>;

  void Make() {
    map_ = std::make_unique<StateBench<Map>>(Map("map", ttl_));
    list_ = std::make_unique<StateBench<List>>(List("list", ttl_));
  }
  bool Live(const Timed& entry) const { return entry.last + kTimedTtl > now_; }
  void Touch(Timed& entry) const {
    if (update_ == kRead) entry.last = now_;
  }

  void UseMap(std::int64_t key, const std::string& map_key, int step) {
    auto& expected = expected_map_[key];
    std::erase_if(expected, [&](const auto& each) { return !Live(each.second); });
    const Context& at = map_->At(key);
    const auto found = expected.find(map_key);
    switch (random_() % 6) {
      case 0:
        map_->state.Put(at, map_key, std::to_string(step));
        expected[map_key] = {std::to_string(step), now_};
        break;
      case 1:
        map_->state.Mutable(at, map_key) += "+";
        expected[map_key] = {expected[map_key].value + "+", now_};
        break;
      case 2:
        ASSERT_EQ(map_->state.Remove(at, map_key), found != expected.end());
        expected.erase(map_key);
        break;
      case 3: {
        const std::string* seen = map_->state.Find(at, map_key);
        ASSERT_EQ(seen != nullptr, found != expected.end());
        if (seen == nullptr) break;
        ASSERT_EQ(*seen, found->second.value);
        Touch(found->second);
        break;
      }
      case 4: {
        std::map<std::string, std::string> seen;
        map_->state.ForEach(at, [&](const std::string& each, const std::string& value) {
          ASSERT_TRUE(seen.emplace(each, value).second);
        });
        ASSERT_EQ(seen.size(), expected.size());
        for (auto& [each, entry] : expected) {
          ASSERT_EQ(seen[each], entry.value);
          Touch(entry);
        }
        break;
      }
      default:
        if (random_() % 8 == 0) {
          map_->state.Clear(at);
          expected.clear();
        }
    }
  }

  void UseList(std::int64_t key, int step) {
    auto& expected = expected_list_[key];
    std::erase_if(expected, [&](const Timed& each) { return !Live(each); });
    const Context& at = list_->At(key);
    switch (random_() % 4) {
      case 0:
      case 1:
        list_->state.Add(at, std::to_string(step));
        expected.push_back({std::to_string(step), now_});
        break;
      case 2: {
        const std::vector<std::string> seen = list_->state.Get(at);
        ASSERT_EQ(seen.size(), expected.size());
        for (std::size_t i = 0; i < seen.size(); ++i) {
          ASSERT_EQ(seen[i], expected[i].value);
          Touch(expected[i]);
        }
        break;
      }
      default:
        if (random_() % 8 == 0) {
          list_->state.Clear(at);
          expected.clear();
        }
    }
  }
  void Restore() {
    const auto map = std::move(map_);
    const auto list = std::move(list_);
    Make();
    for (const auto& [name, table] : map->backend.tables()) table->SetSnapshotTime(now_);
    testing::CopyTables(map->backend, map_->backend);
    testing::CopyTables(list->backend, list_->backend);
    map_->now() = list_->now() = now_;
  }

  std::mt19937_64 random_;
  const TtlUpdateType update_;
  const StateTtlConfig ttl_;
  std::int64_t now_ = 0;
  std::unique_ptr<StateBench<Map>> map_;
  std::unique_ptr<StateBench<List>> list_;
  std::map<std::int64_t, std::map<std::string, Timed>> expected_map_;
  std::map<std::int64_t, std::vector<Timed>> expected_list_;
};

TEST(StateTtl, MapsAndListsAgainstTheOracle) {
  const std::uint64_t first_seed = TestSeed();
  for (std::uint64_t seed = first_seed; seed < first_seed + test::Repetitions(2'000); ++seed) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    TtlOracle(seed, seed % 2 == 0 ? kWrite : kRead).Run(200);
    if (HasFatalFailure()) return;
  }
}

TEST(StateTtl, FullSnapshotsLeaveOutWhatHasExpired) {
  if (testing::StateInStores()) GTEST_SKIP() << "those of stores are not full";
  using State = ValueState<std::int64_t, WithTtl>;
  for (const bool clean_up : {false, true}) {
    StateTtlConfig ttl = Ttl(kWrite, kNever);
    if (clean_up) ttl.CleanUpFullSnapshot();
    StateBench bench(State("s", ttl));
    for (std::int64_t key = 0; key < 1'000; ++key) {
      bench.now() = key;
      bench.state.Update(bench.At(key), key);
    }
    StateBench restored(State("s", ttl));
    bench.backend.tables()[0].table->SetSnapshotTime(1'000);
    testing::CopyTables(bench.backend, restored.backend);
    EXPECT_EQ(restored.entries(), clean_up ? 99u : 1'000u);
    restored.now() = 1'000;
    EXPECT_EQ(restored.state.Find(restored.At(900)), nullptr);
    EXPECT_EQ(*restored.state.Find(restored.At(901)), 901);
  }
}

// --- declarations that cannot be ---

struct TwoOfAName {
  ValueState<std::int64_t> count{"count"};
  ListState<std::string> words{"count"};
  auto States() { return std::tie(count, words); }
  void operator()(const std::int64_t&, Context&, Collector<std::int64_t>&) {}
};
struct NoTime {
  ValueState<std::int64_t, WithTtl> seen{"seen", StateTtlConfig(0)};
  auto States() { return std::tie(seen); }
  void operator()(const std::int64_t&, Context&, Collector<std::int64_t>&) {}
};
template <class F>
std::string RefusalOf(F function) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.FromSequence(1, 2)
      .KeyBy([](const std::int64_t& number) { return number; })
      .Process(std::move(function))
      .Uid("states")
      .Name("Counter");
  return env.Compile().status().message();
}

TEST(KeyedStates, RefuseANameThatIsUsedForTwoTypes) {
  const std::string message = RefusalOf(TwoOfAName());
  EXPECT_NE(message.find("operator 'Counter' (uid 'states')"), std::string::npos) << message;
  EXPECT_NE(message.find("two of its states have the name 'count'"), std::string::npos) << message;
}
TEST(KeyedStates, RefuseATimeToLiveOfNothing) {
  const std::string message = RefusalOf(NoTime());
  EXPECT_NE(message.find("'seen' is 0 ms"), std::string::npos) << message;
}

}  // namespace
}  // namespace weir
