// State handles as a function on a keyed stream uses them.
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/functions.h>
#include <weir/internal/operators/keyed_aggregation_operators.h>
#include <weir/map_state.h>
#include <weir/state.h>

#include "tests/sanitizers/instrumented.h"
#include "tests/unit/sdk/allocation_count.h"
#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

template <class M>
M MakeMapKey(std::uint64_t random) {
  if constexpr (std::is_same_v<M, std::string>) {
    return std::string(random % 2 == 0 ? 30 : 0, 'm') + std::to_string(random);
  } else {
    return static_cast<M>(random);
  }
}

// A map for each key against a std::map of std::maps.
template <class M>
void RunMapOracle(int steps, std::uint64_t keys, std::uint64_t map_keys) {
  steps = static_cast<int>(test::Repetitions(steps));
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  testing::OperatorHarness harness;
  internal::KeyedStateBackend backend(harness.chain.fake_runtime.information,
                                      harness.chain.keyed_stores(0));
  MapState<M, std::string> state("map");
  state.template Bind<std::int64_t>(backend);
  KeyedProcessContext<std::int64_t> context(harness.context());
  std::map<std::int64_t, std::map<M, std::string>> expected;
  for (int i = 0; i < steps; ++i) {
    const auto key = static_cast<std::int64_t>(random() % keys);
    context.SetKey(key, StableHash(key));
    backend.Evict();
    auto& map = expected[key];
    const M map_key = MakeMapKey<M>(random() % map_keys);
    const std::uint64_t choice = random() % 1000;
    if (choice < 400) {
      state.Put(context, map_key, std::to_string(i));
      map[map_key] = std::to_string(i);
    } else if (choice < 600) {
      state.Mutable(context, map_key) += "+";
      map[map_key] += "+";
    } else if (choice < 900) {
      ASSERT_EQ(state.Remove(context, map_key), map.erase(map_key) == 1);
    } else if (choice == 999) {
      state.Clear(context);
      map.clear();
    } else {
      const std::string* found = state.Find(context, map_key);
      ASSERT_EQ(found != nullptr, map.contains(map_key));
      if (found != nullptr) {
        ASSERT_EQ(*found, map[map_key]);
      }
    }
    ASSERT_EQ(state.Size(context), map.size());
    if (i % 50 == 0) {
      std::map<M, std::string> enumerated;
      state.ForEach(context, [&](const M& each, const std::string& value) {
        EXPECT_TRUE(enumerated.emplace(each, value).second);
      });
      ASSERT_TRUE(enumerated == map);
    }
  }
}

TEST(MapState, SmallMapsAgainstTheOracle) {
  RunMapOracle<std::int64_t>(200'000, 500, 12);
}
TEST(MapState, LargeMapsOfStringsAgainstTheOracle) {
  RunMapOracle<std::string>(100'000, 2, 2'000);
}

struct Pair {
  std::int64_t key = 0;
  std::int64_t value = 0;
};
struct Sum {
  std::int64_t CreateAccumulator() const { return 0; }
  void Add(const Pair& pair, std::int64_t& sum) const { sum += pair.value; }
  Pair GetResult(const std::int64_t& key, const std::int64_t& sum) const { return {key, sum}; }
};
struct ByKey {
  std::int64_t operator()(const Pair& pair) const { return pair.key; }
};

// Discards, and allocates nothing.
class NothingBehind final : public internal::Input<Pair> {
 public:
  void Push(internal::Batch<Pair>& block) override { records += block.size(); }
  void OnWatermark(internal::Watermark) override {}
  void OnWatermarkStatus(internal::WatermarkStatus) override {}
  std::uint64_t records = 0;
};

template <class MadeOperator, class F>
void ExpectNoAllocations(F function) {
  testing::OperatorHarness harness;
  NothingBehind out;
  MadeOperator op(harness.context(), {std::move(function), ByKey()}, out);
  internal::Batch<Pair> block(internal::BlockCapacity<Pair>());
  const auto push = [&](std::int64_t round) {
    block.Clear();
    while (!block.full()) {
      block.Next(0) = {(round * 7919 + static_cast<std::int64_t>(block.size())) % 5000, 1};
    }
    op.Push(block);
    harness.chain.entered.clear();
  };
  for (std::int64_t round = 0; round < 200; ++round) push(round);
  const std::uint64_t before = testing::AllocationCount();
  for (std::int64_t round = 0; round < 1000; ++round) push(round);
  EXPECT_EQ(testing::AllocationCount() - before, 0u);
  EXPECT_EQ(out.records, 1200 * internal::BlockCapacity<Pair>());
}

TEST(KeyedOperator, AllocatesNothingPerRecordAfterWarmUp) {
  if (!testing::kCountsAllocations) GTEST_SKIP() << "a sanitizer has the allocator";
  if (testing::StateInStores()) GTEST_SKIP() << "state in memory does not";
  ExpectNoAllocations<internal::KeyedAggregateOperator<Pair, Pair, Sum, ByKey>>(Sum());
  const auto add = [](Pair& reduced, const Pair& pair) { reduced.value += pair.value; };
  ExpectNoAllocations<internal::KeyedReduceOperator<Pair, decltype(add), ByKey>>(add);
}

// A head of a chain with hashes that are not its subtask's: a key that hashes differently in
// another process would else be counted in two places.
TEST(KeyedOperator, RefusesRecordsOfOtherSubtasks) {
  testing::OperatorHarness harness;
  harness.chain.fake_runtime.information.parallelism = 2;
  NothingBehind out;
  internal::KeyedAggregateOperator<Pair, Pair, Sum, ByKey> op(harness.context(), {Sum(), ByKey()},
                                                              out);
  internal::Batch<Pair> block(4);
  block.Next(0) = {1, 1};
  block.key_hashes()[0] = ~std::uint64_t{0};
  block.SetHasKeyHashes();
  op.Push(block);
  EXPECT_TRUE(harness.failure.failed());
  EXPECT_NE(harness.failure.status().message().find("came to the wrong subtask"),
            std::string::npos);
  EXPECT_EQ(out.records, 0u);
}

}  // namespace
}  // namespace weir
