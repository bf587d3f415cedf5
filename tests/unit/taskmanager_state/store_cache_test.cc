#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/state/store_cache.h>

#include "tests/unit/taskmanager_state/memory_store.h"
#include "tests/unit/test_seed.h"

namespace weir::state {
namespace {

using internal::KeyGroupRange;
using internal::NoMapKey;
using internal::NoNamespace;
using internal::StoreCache;
using internal::StoreCacheLimits;
using internal::StoreError;

class NoStateWriter final : public internal::StateWriter {
 public:
  Status Write(std::uint32_t, std::uint32_t, std::span<const std::byte>) override {
    return Status::Internal("a cache writes to its store alone");
  }
};

// Another value of a part for each number.
template <class T>
T Part(std::uint64_t number) {
  if constexpr (std::is_empty_v<T>) {
    return T{};
  } else if constexpr (std::is_same_v<T, std::string>) {
    return std::string(number % 60, 'k') + std::to_string(number);
  } else if constexpr (std::is_same_v<T, std::vector<std::int32_t>>) {
    return T(number % 20, static_cast<std::int32_t>(number));
  } else {
    return static_cast<T>(number);
  }
}

template <class Key, class Space, class MapKey, class Value>
struct Kind {
  using K = Key;
  using N = Space;
  using M = MapKey;
  using V = Value;
};
using Kinds =
    ::testing::Types<Kind<std::int64_t, NoNamespace, NoMapKey, std::int64_t>,
                     Kind<std::string, NoNamespace, NoMapKey, std::string>,
                     Kind<std::int64_t, std::int64_t, std::string, std::int32_t>,
                     Kind<std::string, std::int64_t, NoMapKey, std::vector<std::int32_t>>>;

template <class Types>
class StoreCacheTest : public ::testing::Test {
 protected:
  using K = typename Types::K;
  using N = typename Types::N;
  using M = typename Types::M;
  using V = typename Types::V;
  using Cache = StoreCache<K, N, M, V>;
  using Numbers = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;
  using Model = std::map<Numbers, V>;
  static constexpr KeyGroupRange kRange{0, 8, 8};

  // One entry's address, with what it refers to.
  struct Place {
    explicit Place(const Numbers& numbers)
        : key(Part<K>(std::get<0>(numbers))),
          name_space(Part<N>(std::get<1>(numbers))),
          map_key(Part<M>(std::get<2>(numbers))) {}
    typename Cache::Where where() const { return {StableHash(key), key, name_space, map_key}; }
    K key;
    N name_space;
    M map_key;
  };

  Numbers RandomNumbers() {
    return {Below(40), std::is_empty_v<N> ? 0 : Below(4), std::is_empty_v<M> ? 0 : Below(4)};
  }
  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }

  // What the bytes in the store say.
  typename MemoryStore::Content Encoded(const Model& model) {
    MemoryStore store;
    internal::StoreCalls calls;
    for (const auto& [numbers, value] : model) {
      const Place place(numbers);
      calls.AddPut(
          KeyGroupOf(StableHash(place.key), kRange.max_parallelism),
          [&place](ByteWriter& out) {
            internal::StoreKeyBytes<K, N, M>::Write(out, place.key, place.name_space,
                                                    place.map_key);
          },
          [&value = value](ByteWriter& out) { Serializer<V>::Write(out, value); });
    }
    EXPECT_TRUE(calls.WriteTo(store).ok());
    return store.content();
  }

  void DoOne(Cache& cache, Model& model) {
    const Numbers numbers = RandomNumbers();
    const Place place(numbers);
    const auto found = model.find(numbers);
    switch (Below(5)) {
      case 0: {
        const V* const value = cache.Find(place.where());
        ASSERT_EQ(value != nullptr, found != model.end());
        if (value != nullptr) {
          ASSERT_EQ(*value, found->second);
        }
        break;
      }
      case 1: {
        V* const value = cache.FindForWrite(place.where());
        ASSERT_EQ(value != nullptr, found != model.end());
        if (value != nullptr) *value = found->second = Part<V>(Below(1000));
        break;
      }
      case 2:
        ASSERT_EQ(cache.Erase(place.where()), model.erase(numbers) == 1);
        break;
      default: {
        bool inserted = false;
        V& value = cache.FindOrInsert(place.where(), inserted, [] { return Part<V>(7); });
        ASSERT_EQ(inserted, found == model.end());
        ASSERT_EQ(value, inserted ? Part<V>(7) : found->second);
        value = model[numbers] = Part<V>(Below(1000));
      }
    }
    ASSERT_EQ(cache.size(), model.size());
  }
  void DoBlock(Cache& cache, Model& model) {
    if constexpr (std::is_same_v<M, NoMapKey>) {
      std::vector<Numbers> numbers(Below(50));
      std::vector<Place> places;
      for (Numbers& one : numbers) places.emplace_back(one = RandomNumbers());
      cache.UpsertBlock(
          static_cast<std::uint32_t>(places.size()),
          [&](std::uint32_t i) { return StableHash(places[i].key); },
          [&](std::uint32_t i) -> const K& { return places[i].key; },
          [&](std::uint32_t i) -> const N& { return places[i].name_space; },
          [](std::uint32_t) { return Part<V>(3); },
          [&](std::uint32_t i, V& value, bool inserted) {
            const auto found = model.find(numbers[i]);
            ASSERT_EQ(inserted, found == model.end());
            ASSERT_EQ(value, inserted ? Part<V>(3) : found->second);
            value = model[numbers[i]] = Part<V>(Below(1000));
          });
    }
  }
  void ExpectAll(Cache& cache, const Model& model) {
    std::map<std::string, V> expected;
    std::map<std::string, V> seen;
    const auto name = [](const K& key, const N& name_space, const M& map_key) {
      std::vector<std::byte> bytes;
      ByteWriter writer(bytes);
      internal::StoreKeyBytes<K, N, M>::Write(writer, key, name_space, map_key);
      writer.Finish();
      return std::string(internal::AsText(bytes, 0, bytes.size()));
    };
    for (const auto& [numbers, value] : model) {
      const Place place(numbers);
      expected[name(place.key, place.name_space, place.map_key)] = value;
    }
    for (std::uint32_t group = 0; group < kRange.count; ++group) {
      cache.ForEachInGroup(
          group, [&](const K& key, const N& name_space, const M& map_key, const V& value) {
            ASSERT_EQ(KeyGroupOf(StableHash(key), kRange.max_parallelism), group);
            ASSERT_TRUE(seen.emplace(name(key, name_space, map_key), value).second);
          });
    }
    ASSERT_EQ(seen, expected);
  }
  void Change(Cache& cache, Model& model, int operations) {
    for (int i = 0; i < operations; ++i) {
      DoOne(cache, model);
      if (i % 16 == 0) DoBlock(cache, model);
      cache.Evict();
    }
  }

  const std::uint64_t seed_ = TestSeed();
  std::mt19937_64 random_{seed_};
};
TYPED_TEST_SUITE(StoreCacheTest, Kinds);

// Everything is evicted all the time, snapshots are saved by other threads meanwhile; some are
// given up, some caches end and others go on from the last snapshot.
TYPED_TEST(StoreCacheTest, ItHasWhatAModelHasAndSnapshotsAreOfTheBarrier) {
  using Cache = typename TestFixture::Cache;
  SCOPED_TRACE("seed " + std::to_string(this->seed_));
  for (const std::uint64_t entries : {1, 8, 100}) {
    MemoryStore store;
    typename TestFixture::Model model;
    auto cache = std::make_unique<Cache>(TestFixture::kRange, store, StoreCacheLimits{entries, 0});
    for (int round = 0; round < 40; ++round) {
      this->Change(*cache, model, 100);
      if (this->HasFatalFailure()) return;
      const typename TestFixture::Model at_barrier = model;
      cache->Freeze();
      std::vector<std::thread> savers;
      const bool give_up = this->Below(5) == 0;
      std::atomic<int> segments{give_up ? 1 : std::numeric_limits<int>::max()};
      for (int i = 0; i < 2; ++i) {
        savers.emplace_back([&] {
          NoStateWriter none;
          while (segments-- > 0) {
            const Result<bool> more = cache->SaveNext(none);
            ASSERT_TRUE(more.ok()) << more.status().ToString();
            if (!*more) return;
          }
        });
      }
      this->Change(*cache, model, 100);
      for (std::thread& saver : savers) saver.join();
      if (this->HasFatalFailure()) return;
      if (!give_up) {
        ASSERT_TRUE(store.content() == this->Encoded(at_barrier)) << "round " << round;
        if (this->Below(5) == 0) {
          cache = std::make_unique<Cache>(TestFixture::kRange, store, StoreCacheLimits{entries, 0});
          model = at_barrier;
          continue;
        }
      }
      cache->Thaw();
      this->ExpectAll(*cache, model);
      if (this->HasFatalFailure()) return;
      cache->Evict();
      ASSERT_LE(cache->entries_in_memory(), entries);
    }
  }
}

TYPED_TEST(StoreCacheTest, EntriesOfAStateFileAreTakenIn) {
  using Cache = typename TestFixture::Cache;
  using Slot = internal::TableSlot<typename TypeParam::K, typename TypeParam::N,
                                   typename TypeParam::M, typename TypeParam::V>;
  internal::HeapTable<typename TypeParam::K, typename TypeParam::N, typename TypeParam::M,
                      typename TypeParam::V>
      heap(TestFixture::kRange);
  typename TestFixture::Model model;
  for (int i = 0; i < 200; ++i) {
    const auto numbers = this->RandomNumbers();
    const typename TestFixture::Place place(numbers);
    heap.FindOrInsert(place.where()) = model[numbers] = Part<typename TypeParam::V>(i);
  }
  class Taker final : public internal::StateWriter {
   public:
    explicit Taker(Cache& cache) : cache_(cache) {}
    Status Write(std::uint32_t, std::uint32_t entries, std::span<const std::byte> bytes) override {
      EXPECT_EQ(cache_.Restore(entries, bytes.first(bytes.size() - 1)).code(),
                StatusCode::kCorruption);
      Cache other({0, 1, 1u << 20}, store_, {10, 0});
      EXPECT_EQ(other.Restore(entries, bytes).code(), StatusCode::kCorruption);
      Cache whole(TestFixture::kRange, store_, {10, 0});
      EXPECT_TRUE(whole.Restore(entries, bytes).ok());
      EXPECT_EQ(whole.Restore(entries, bytes).code(), StatusCode::kCorruption);
      return taken_.Restore(entries, bytes);
    }
    Cache& cache_;
    MemoryStore store_;
    MemoryStore taken_store_;
    Cache taken_{TestFixture::kRange, taken_store_, {10, 0}};
  };
  MemoryStore store;
  Cache cache(TestFixture::kRange, store, {10, 0});
  EXPECT_EQ(cache.schema(), Slot::Schema());
  EXPECT_EQ(cache.schema(), heap.schema());
  Taker taker(cache);
  heap.Freeze();
  for (;;) {
    const Result<bool> more = heap.SaveNext(taker);
    ASSERT_TRUE(more.ok()) << more.status().ToString();
    if (!*more) break;
  }
  heap.Thaw();
  this->ExpectAll(taker.taken_, model);
  EXPECT_EQ(taker.taken_.size(), model.size());
}

using Counts = StoreCache<std::int64_t, NoNamespace, NoMapKey, std::int64_t>;
constexpr KeyGroupRange kRange{0, 8, 8};
constexpr NoNamespace kNoNamespace;
constexpr NoMapKey kNoMapKey;

std::int64_t& At(Counts& counts, const std::int64_t& key) {
  return counts.FindOrInsert({StableHash(key), key, kNoNamespace, kNoMapKey});
}
Status Save(Counts& counts) {
  NoStateWriter none;
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const bool more, counts.SaveNext(none));
    if (!more) return Status::Ok();
  }
}

TEST(StoreCacheCalls, ANewStoreIsNotAskedAndABlockAsksOnce) {
  MemoryStore store;
  Counts counts(kRange, store, {1000, 0});
  for (std::int64_t key = 0; key < 100; ++key) At(counts, key) = key;
  EXPECT_EQ(store.look_ups(), 0);
  counts.Freeze();
  ASSERT_TRUE(Save(counts).ok());
  counts.Thaw();
  EXPECT_EQ(store.writes(), 100);

  Counts again(kRange, store, {1000, 0});
  for (int round = 0; round < 2; ++round) {
    std::vector<std::int64_t> keys;
    for (std::int64_t key = 50; key < 150; ++key) keys.push_back(key);
    std::uint32_t inserted = 0;
    again.UpsertBlock(
        100, [&](std::uint32_t i) { return StableHash(keys[i]); },
        [&](std::uint32_t i) { return keys[i]; }, [](std::uint32_t) { return kNoNamespace; },
        [](std::uint32_t) { return std::int64_t{0}; },
        [&](std::uint32_t, std::int64_t& value, bool is_new) {
          inserted += is_new;
          ++value;
        });
    EXPECT_EQ(inserted, round == 0 ? 50u : 0u);
    EXPECT_EQ(store.look_ups(), 1);
  }
}

TEST(StoreCacheCalls, OnlyWhatChangedIsWritten) {
  MemoryStore store;
  Counts counts(kRange, store, {1000, 0});
  for (std::int64_t key = 0; key < 100; ++key) At(counts, key) = key;
  counts.Freeze();
  ASSERT_TRUE(Save(counts).ok());
  counts.Thaw();
  At(counts, 5) = 55;
  const std::int64_t absent = 1000;
  EXPECT_EQ(counts.Find({StableHash(absent), absent, kNoNamespace, kNoMapKey}), nullptr);
  counts.Freeze();
  ASSERT_TRUE(Save(counts).ok());
  counts.Thaw();
  EXPECT_EQ(store.writes(), 101);
}

TEST(StoreCacheCalls, WhileASnapshotIsSavedChangesStayInMemoryUntilTheTaskHasToWait) {
  MemoryStore store;
  Counts counts(kRange, store, {10, 20});
  counts.Freeze();
  for (std::int64_t key = 0; key < 30; ++key) {
    EXPECT_FALSE(counts.must_wait());
    At(counts, key) = key;
    counts.Evict();
  }
  EXPECT_FALSE(counts.must_wait());
  At(counts, 30) = 30;
  EXPECT_TRUE(counts.must_wait());
  EXPECT_EQ(store.writes(), 0);
  ASSERT_TRUE(Save(counts).ok());
  EXPECT_EQ(store.writes(), 0);
  counts.Thaw();
  EXPECT_FALSE(counts.must_wait());
  counts.Evict();
  EXPECT_EQ(counts.entries_in_memory(), 10u);
  EXPECT_EQ(store.writes(), 21);
}

TEST(StoreCacheCalls, AFailureOfTheStoreIsThrownAndNothingIsLost) {
  MemoryStore store;
  Counts counts(kRange, store, {4, 0});
  for (std::int64_t key = 0; key < 20; ++key) At(counts, key) = key;
  store.FailWith(Status::IoError("injected"));
  EXPECT_THROW(counts.Evict(), StoreError);
  counts.Freeze();
  EXPECT_EQ(Save(counts).code(), StatusCode::kIoError);
  counts.Thaw();
  const std::int64_t absent = 1000;
  try {
    counts.Find({StableHash(absent), absent, kNoNamespace, kNoMapKey});
    ADD_FAILURE() << "the store was not asked";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.status(), Status::IoError("injected"));
  }
  EXPECT_THROW(counts.ForEachInGroup(0, [](const auto&...) {}), StoreError);
  store.FailWith(Status::Ok());
  counts.Freeze();
  ASSERT_TRUE(Save(counts).ok());
  counts.Thaw();
  EXPECT_EQ(store.content().size(), 20u);
}

TEST(StoreCacheCalls, DamagedBytesAreNotTakenForAValue) {
  MemoryStore store;
  {
    Counts counts(kRange, store, {4, 0});
    At(counts, 1) = 1;
    counts.Freeze();
    ASSERT_TRUE(Save(counts).ok());
  }
  MemoryStore::Content content = store.content();
  content.begin()->second.pop_back();
  store.Assign(content);
  Counts counts(kRange, store, {4, 0});
  EXPECT_THROW(At(counts, 1), StoreError);
}

TEST(StoreCacheCalls, KeysThatAreTheSameHaveTheSameBytes) {
  MemoryStore store;
  using Key = std::pair<double, std::optional<float>>;
  StoreCache<Key, NoNamespace, NoMapKey, std::int64_t> counts(kRange, store, {1, 0});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Key keys[] = {{0.0, -0.0F}, {-0.0, 0.0F}, {nan, std::nullopt}, {-nan, std::nullopt}};
  for (const Key& key : keys) {
    ++counts.FindOrInsert({StableHash(key), key, kNoNamespace, kNoMapKey});
    const Key other{1.0, 2.0F};
    counts.FindOrInsert({StableHash(other), other, kNoNamespace, kNoMapKey});
    counts.Evict();
  }
  EXPECT_EQ(counts.size(), 3u);
  for (const Key& key : keys) {
    EXPECT_EQ(*counts.Find({StableHash(key), key, kNoNamespace, kNoMapKey}), 2);
  }
}

}  // namespace
}  // namespace weir::state
