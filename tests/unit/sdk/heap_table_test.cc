// The heap backend's table against std::map.
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <weir/fields.h>
#include <weir/internal/state/heap_table.h>

#include "tests/sanitizers/instrumented.h"
#include "tests/unit/test_seed.h"

namespace weir {
namespace {

using internal::Address;
using internal::HeapTable;
using internal::KeyGroupRange;
using internal::NoMapKey;
using internal::NoNamespace;

struct Account {
  std::string bank;
  std::int32_t number = 0;
  auto operator<=>(const Account&) const = default;
};
WEIR_FIELDS(Account, bank, number)

// A key that is equal to others only in half of its values' hashes.
struct Colliding {
  std::int64_t number = 0;
  auto operator<=>(const Colliding&) const = default;
};

}  // namespace

// Thousands of keys with one hash, and those of a weak author: small numbers.
template <>
struct StableHasher<Colliding> {
  static std::uint64_t Hash(const Colliding& key) {
    return static_cast<std::uint64_t>(key.number % 5 == 0 ? 7 : key.number);
  }
};

namespace {

struct Large {
  std::array<std::int64_t, 100> numbers{};
  bool operator==(const Large&) const = default;
};

// What to make keys, namespaces, map keys and values of a case from a random number.
template <class T>
T Make(std::uint64_t random) {
  if constexpr (std::is_same_v<T, std::string>) {
    return std::string(random % 3 == 0 ? 30 : 0, 'x') + std::to_string(random);
  } else if constexpr (std::is_same_v<T, Account>) {
    return {Make<std::string>(random / 7), static_cast<std::int32_t>(random % 7)};
  } else if constexpr (std::is_same_v<T, Colliding>) {
    return {static_cast<std::int64_t>(random)};
  } else if constexpr (std::is_same_v<T, Large>) {
    Large large;
    large.numbers.fill(static_cast<std::int64_t>(random));
    return large;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(random);
  } else {
    return {};
  }
}
template <class T>
auto Ordered(const T& value) {
  if constexpr (std::is_empty_v<T>) {
    return 0;
  } else {
    return value;
  }
}

template <class K, class N, class M, class V>
struct Oracle {
  using Key = std::tuple<decltype(Ordered(std::declval<K>())), decltype(Ordered(std::declval<N>())),
                         decltype(Ordered(std::declval<M>()))>;

  Oracle(KeyGroupRange range, std::uint64_t keys, std::uint64_t namespaces, std::uint64_t map_keys)
      : range(range), table(range), keys(keys), namespaces(namespaces), map_keys(map_keys) {}

  // One random operation on both. The seed is in the trace.
  void Step(std::mt19937_64& random, std::uint32_t erased_in_100) {
    const K key = Make<K>(random() % keys);
    const N name_space = Make<N>(random() % namespaces);
    const M map_key = Make<M>(random() % map_keys);
    const std::uint64_t hash = StableHash(key);
    if (!range.Contains(KeyGroupOf(hash, range.max_parallelism))) return;
    const Address<K, N, M> where{hash, key, name_space, map_key};
    const Key place{Ordered(key), Ordered(name_space), Ordered(map_key)};
    const auto found = expected.find(place);
    const std::uint64_t choice = random() % 100;
    if (choice < erased_in_100) {
      ASSERT_EQ(table.Erase(where), found != expected.end());
      if (found != expected.end()) expected.erase(found);
    } else if (choice < erased_in_100 + 20) {
      const V* value = std::as_const(table).Find(where);
      ASSERT_EQ(value != nullptr, found != expected.end());
      if (value != nullptr) {
        ASSERT_TRUE(*value == found->second);
      }
    } else {
      const V value = Make<V>(random());
      bool inserted = false;
      V& stored = table.FindOrInsert(where, inserted, [&] { return value; });
      ASSERT_EQ(inserted, found == expected.end());
      if (!inserted) {
        ASSERT_TRUE(stored == found->second);
      }
      stored = value;
      expected[place] = value;
    }
    ASSERT_EQ(table.size(), expected.size());
  }
  // Everything is there, each entry once and in its key group.
  void CompareAll() {
    std::size_t visited = 0;
    for (std::uint32_t g = range.first; g < range.first + range.count; ++g) {
      table.ForEachInGroup(g, [&](const K& key, const N& n, const M& m, const V& value) {
        ++visited;
        ASSERT_EQ(KeyGroupOf(StableHash(key), range.max_parallelism), g);
        const auto found = expected.find({Ordered(key), Ordered(n), Ordered(m)});
        ASSERT_TRUE(found != expected.end());
        ASSERT_TRUE(found->second == value);
      });
    }
    ASSERT_EQ(visited, expected.size());
  }

  const KeyGroupRange range;
  HeapTable<K, N, M, V> table;
  std::map<Key, V> expected;
  const std::uint64_t keys;
  const std::uint64_t namespaces;
  const std::uint64_t map_keys;
};

template <class K, class N, class M, class V>
void RunOracle(int steps, KeyGroupRange range, std::uint64_t keys, std::uint64_t namespaces = 1,
               std::uint64_t map_keys = 1) {
  steps = static_cast<int>(test::Repetitions(steps));
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  Oracle<K, N, M, V> oracle(range, keys, namespaces, map_keys);
  for (int i = 0; i < steps; ++i) {
    // Grows, stays, shrinks, and again.
    constexpr std::uint32_t kErased[] = {10, 40, 75, 5};
    oracle.Step(random, kErased[i * 8 / steps % 4]);
    if (::testing::Test::HasFatalFailure()) return;
    if (i % (steps / 5) == 0) oracle.CompareAll();
    if (::testing::Test::HasFatalFailure()) return;
  }
  oracle.CompareAll();
}

constexpr KeyGroupRange kAll{0, 128, 128};

TEST(HeapTable, IntegersAgainstTheOracle) {
  RunOracle<std::int64_t, NoNamespace, NoMapKey, std::int64_t>(1'500'000, kAll, 150'000);
}
TEST(HeapTable, SmallIntegersAgainstTheOracle) {
  RunOracle<std::int8_t, NoNamespace, NoMapKey, std::uint8_t>(100'000, kAll, 256);
}
TEST(HeapTable, StringsAgainstTheOracle) {
  RunOracle<std::string, NoNamespace, NoMapKey, std::string>(400'000, kAll, 30'000);
}
TEST(HeapTable, StructsWithWindowsAndMapKeysAgainstTheOracle) {
  RunOracle<Account, std::int64_t, std::string, std::int32_t>(400'000, kAll, 100, 20, 30);
}
TEST(HeapTable, LargeValuesAgainstTheOracle) {
  RunOracle<std::int64_t, NoNamespace, NoMapKey, Large>(50'000, kAll, 5'000);
}
// One key with all the windows and map entries there are: it must spread like many keys.
TEST(HeapTable, OneKeyWithManyMapEntriesAgainstTheOracle) {
  RunOracle<std::int64_t, std::int32_t, std::int64_t, std::int64_t>(500'000, kAll, 1, 10, 20'000);
}
TEST(HeapTable, EqualHashesAgainstTheOracle) {
  RunOracle<Colliding, NoNamespace, NoMapKey, std::int64_t>(60'000, {0, 4, 4}, 20'000);
}
TEST(HeapTable, EqualHashesOfOwningValuesAgainstTheOracle) {
  RunOracle<Colliding, NoNamespace, NoMapKey, std::string>(30'000, {0, 1, 1}, 5'000);
}
TEST(HeapTable, RangesOfKeyGroupsAgainstTheOracle) {
  for (const KeyGroupRange range : {KeyGroupRange{42, 43, 128},
                                    {127, 1, 128},
                                    {0, 1, 1},
                                    {64, 64, 128},
                                    {32767, 1, 32768},
                                    {300, 700, 4096}}) {
    SCOPED_TRACE(std::to_string(range.first) + "+" + std::to_string(range.count));
    RunOracle<std::int64_t, NoNamespace, NoMapKey, std::int64_t>(200'000, range, 3'000'000);
    RunOracle<std::string, NoNamespace, NoMapKey, std::int64_t>(50'000, range, 100'000);
  }
}

// A subtask of n owns 1/n of the hashes. A table indexed by them would use 1/n of its slots.
TEST(HeapTable, UsesItsMemoryWhateverPartOfTheHashesItOwns) {
  const auto bytes_for = [](KeyGroupRange range) {
    HeapTable<std::int64_t, NoNamespace, NoMapKey, std::int64_t> table(range);
    const NoNamespace no_namespace;
    const NoMapKey no_map_key;
    for (std::int64_t key = 0; table.size() < 100'000; ++key) {
      const std::uint64_t hash = StableHash(key);
      if (!range.Contains(KeyGroupOf(hash, range.max_parallelism))) continue;
      table.FindOrInsert({hash, key, no_namespace, no_map_key}) = key;
    }
    return table.allocated_bytes();
  };
  const std::size_t whole = bytes_for(kAll);
  EXPECT_LT(whole, 100'000 * 16 * 4);
  EXPECT_LT(bytes_for({8, 8, 128}), whole * 5 / 4);
  EXPECT_LT(bytes_for({127, 1, 128}), whole * 5 / 4);
  EXPECT_LT(bytes_for({43, 43, 128}), whole * 7 / 4);
}

TEST(HeapTable, BlocksGiveWhatSingleRecordsGive) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  HeapTable<std::string, std::int64_t, NoMapKey, std::int64_t> table(kAll);
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> expected;
  for (int block = 0; block < 300; ++block) {
    const std::uint32_t count = 1 + random() % 1024;
    std::vector<std::string> keys;
    std::vector<std::int64_t> windows;
    std::vector<std::uint64_t> hashes;
    for (std::uint32_t i = 0; i < count; ++i) {
      keys.push_back(Make<std::string>(random() % 20'000));
      windows.push_back(static_cast<std::int64_t>(random() % 3));
      hashes.push_back(StableHash(keys.back()));
    }
    std::uint32_t next = 0;
    table.UpsertBlock(
        count, [&](std::uint32_t i) { return hashes[i]; },
        [&](std::uint32_t i) -> const std::string& { return keys[i]; },
        [&](std::uint32_t i) { return windows[i]; }, [](std::uint32_t i) { return 1000 + i; },
        [&](std::uint32_t i, std::int64_t& value, bool inserted) {
          ASSERT_EQ(i, next++) << "records are taken in order";
          const auto [found, added] = expected.try_emplace({keys[i], windows[i]}, 1000 + i);
          ASSERT_EQ(inserted, added);
          ASSERT_EQ(value, found->second);
          value += i;
          found->second += i;
        });
    ASSERT_EQ(next, count);
  }
  EXPECT_EQ(table.size(), expected.size());
}

TEST(HeapTable, FloatingPointKeysAreTheSameAsTheirHashesSay) {
  HeapTable<double, NoNamespace, NoMapKey, int> table(kAll);
  const NoNamespace no_namespace;
  const NoMapKey no_map_key;
  const auto at = [&](const double& key) -> int& {
    return table.FindOrInsert({StableHash(key), key, no_namespace, no_map_key});
  };
  const double keys[] = {0.0, -0.0, std::nan("1"), -std::nan("2"), 1.5};
  for (const double& key : keys) ++at(key);
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(at(keys[0]), 2);
  EXPECT_EQ(at(keys[2]), 2);
}

}  // namespace
}  // namespace weir
