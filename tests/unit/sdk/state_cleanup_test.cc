// State with a time to live goes: as fast as it comes, however it comes.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/list_state.h>
#include <weir/map_state.h>
#include <weir/reducing_state.h>
#include <weir/state.h>

#include "tests/unit/sdk/state_bench.h"

namespace weir {
namespace {

using testing::StateBench;

constexpr std::int64_t kTtl = 100;

// A bounded part with each block, until all is gone.
template <class State, class Write>
void ExpectCleanedUp(State made, Write write) {
  constexpr std::int64_t kKeys = 10'000;
  testing::StateBench<State> bench(std::move(made));
  for (std::int64_t key = 0; key < kKeys; ++key) write(bench.state, bench.At(key));
  bench.now() = 50;
  write(bench.state, bench.At(kKeys));
  bench.state.template CleanUp<std::int64_t>(bench.now(), 1);  // of these: nothing has expired
  EXPECT_EQ(bench.entries(), std::uint64_t{kKeys + 1});
  bench.now() = 120;  // all but the last one have expired
  const std::uint64_t before = bench.entries();
  bench.state.template CleanUp<std::int64_t>(bench.now(), 100);
  EXPECT_LT(bench.entries(), before);
  EXPECT_GE(bench.entries(), before - 2 * 5 * 100);
  for (int round = 0; round < 2'000 && bench.entries() > 1; ++round) {
    bench.state.template CleanUp<std::int64_t>(bench.now(), 100);
  }
  EXPECT_EQ(bench.entries(), 1u);
  bench.now() = 150;
  // From where it is to the end, and from the beginning; in a store some key groups at a time.
  for (int round = 0; round < (testing::StateInStores() ? 40 : 2); ++round) {
    bench.state.template CleanUp<std::int64_t>(bench.now(), 100'000);
  }
  for (const auto& [name, table] : bench.backend.tables()) EXPECT_EQ(table->size(), 0u) << name;
}

TEST(StateCleanUp, GoesOnAsRecordsCome) {
  const StateTtlConfig ttl = StateTtlConfig(kTtl).CleanUpIncrementally(5);
  ExpectCleanedUp(ValueState<std::int64_t, WithTtl>("s", ttl),
                  [](auto& s, auto& at) { s.Update(at, 1); });
  ExpectCleanedUp(MapState<std::string, std::string, WithTtl>("s", ttl),
                  [](auto& s, auto& at) { s.Put(at, "m", std::string(40, 'v')); });
  ExpectCleanedUp(ListState<std::int64_t, WithTtl>("s", ttl),
                  [](auto& s, auto& at) { s.Add(at, 1); });
  ExpectCleanedUp(ReducingState<std::int64_t, std::plus<std::int64_t>, WithTtl>("s", ttl),
                  [](auto& s, auto& at) { s.Add(at, 1); });
}

// The most entries that any table of the state has, when `records` records come each millisecond
// for a long time: write(state, context, record).
template <class State, class Write>
std::uint64_t MostEntries(State made, std::int64_t keys, std::uint32_t records, Write write) {
  StateBench<State> bench(std::move(made));
  std::uint64_t most = 0;
  std::int64_t record = 0;
  for (bench.now() = 0; bench.now() < 20 * kTtl; ++bench.now()) {
    bench.state.template CleanUp<std::int64_t>(bench.now(), records);
    for (std::uint32_t i = 0; i < records; ++i, ++record) {
      write(bench.state, bench.At(record % keys), record);
    }
    for (const auto& [name, table] : bench.backend.tables()) most = std::max(most, table->size());
  }
  return most;
}

TEST(StateCleanUp, AListOfOneKeyStaysAsLongAsItsTimeToLive) {
  const StateTtlConfig ttl = StateTtlConfig(kTtl).CleanUpIncrementally(5);
  const auto add = [](auto& list, const auto& at, std::int64_t record) { list.Add(at, record); };
  EXPECT_LE(MostEntries(ListState<std::int64_t, WithTtl>("s", ttl), 1, 50, add), 50u * kTtl / 2);
}

// Lists that are not visited in a long time, for others are.
TEST(StateCleanUp, ListsAreCleanedUpWhereTheyAreAddedTo) {
  const StateTtlConfig ttl = StateTtlConfig(kTtl).CleanUpIncrementally(1);
  const auto add = [](auto& list, const auto& at, std::int64_t record) {
    list.AddAll(at, std::vector<std::int64_t>(20, record));
  };
  EXPECT_LE(MostEntries(ListState<std::int64_t, WithTtl>("s", ttl), 50, 1, add), 20u * kTtl / 2);
}

TEST(StateCleanUp, KeepsUpWithManyWritesForEachRecord) {
  const StateTtlConfig ttl = StateTtlConfig(kTtl).CleanUpIncrementally(5);
  const auto put = [](auto& map, const auto& at, std::int64_t record) {
    for (std::int64_t i = 0; i < 20; ++i) map.Put(at, 20 * record + i, i);
  };
  EXPECT_LE(MostEntries(MapState<std::int64_t, std::int64_t, WithTtl>("s", ttl), 7, 1, put),
            2u * 20 * kTtl);
}

TEST(StateCleanUp, ReadingWhatHasExpiredDoesNotReviveIt) {
  const StateTtlConfig ttl = StateTtlConfig(kTtl)
                                 .SetUpdateType(TtlUpdateType::kOnReadAndWrite)
                                 .SetStateVisibility(TtlVisibility::kReturnExpiredIfNotCleanedUp);
  const auto check = [](auto made, auto write, auto seen) {
    StateBench<decltype(made)> bench(std::move(made));
    write(bench.state, bench.At(1));
    bench.now() = 60;
    EXPECT_TRUE(seen(bench.state, bench.At(1)));  // lives to 160 by that
    bench.now() = 159;
    EXPECT_TRUE(seen(bench.state, bench.At(1)));  // to 259
    bench.now() = 260;
    EXPECT_TRUE(seen(bench.state, bench.At(1)));  // has expired, and nothing has cleaned up
    bench.state.template CleanUp<std::int64_t>(bench.now(), 1'000);
    EXPECT_FALSE(seen(bench.state, bench.At(1)));
  };
  check(
      ValueState<std::int64_t, WithTtl>("s", ttl), [](auto& s, auto& at) { s.Update(at, 1); },
      [](auto& s, auto& at) { return s.Find(at) != nullptr; });
  check(
      MapState<int, std::int64_t, WithTtl>("s", ttl), [](auto& s, auto& at) { s.Put(at, 1, 1); },
      [](auto& s, auto& at) { return s.Find(at, 1) != nullptr; });
  check(
      ListState<std::int64_t, WithTtl>("s", ttl), [](auto& s, auto& at) { s.Add(at, 1); },
      [](auto& s, auto& at) { return !s.Get(at).empty(); });
}

}  // namespace
}  // namespace weir
