#include "taskmanager/state/rocksdb_store.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/state/keyed_state_backend.h>
#include <weir/map_state.h>
#include <weir/state.h>

#include "common/rocksdb_metric_settings.h"
#include "tests/unit/eventually.h"
#include "tests/unit/taskmanager_state/store_fixture.h"
#include "tests/unit/test_seed.h"

namespace weir::state {
namespace {

using internal::KeyedStore;
using internal::KeyGroupRange;
using internal::StoreChange;
using internal::StoreKey;
using internal::StoreValues;

constexpr KeyGroupRange kAll{0, 16, 16};

using RocksDbStoreTest = StoreFixture;

// Of a state; of the store where that is empty. Negative: it is not there.
double MetricOf(const RocksDbStore& store, std::string_view state, std::string_view metric) {
  for (const NativeMetric& native : store.Metrics()) {
    if (native.name == metric && native.state == state) return native.value;
  }
  return -1;
}

TEST_F(RocksDbStoreTest, WritesAreReadBackInAnyKeyGroup) {
  const auto store = OpenStore(kAll);
  KeyedStore& table = Table(*store);
  Put(table, 0, "a", "1");
  Put(table, 15, "a", "2");
  Put(table, 15, std::string("a\0b", 3), "");
  const StoreKey keys[] = {{15, "a"}, {0, "a"}, {7, "a"}, {15, std::string_view("a\0b", 3)}};
  StoreValues values;
  ASSERT_TRUE(table.MultiGet(keys, values).ok());
  EXPECT_EQ(values[0], "2");
  EXPECT_EQ(values[1], "1");
  EXPECT_EQ(values[2], std::nullopt);
  EXPECT_EQ(values[3], "");
  ASSERT_TRUE(table.MultiGet({keys, 1}, values).ok());
  EXPECT_EQ(values[0], "2");
  ASSERT_TRUE(table.MultiGet({&keys[2], 1}, values).ok());
  EXPECT_EQ(values[0], std::nullopt);
}

TEST_F(RocksDbStoreTest, OfChangesToOneKeyTheLastCounts) {
  const auto store = OpenStore(kAll);
  KeyedStore& table = Table(*store);
  const StoreChange changes[] = {{StoreChange::Kind::kPut, {3, "k"}, "old"},
                                 {StoreChange::Kind::kDelete, {3, "k"}, ""},
                                 {StoreChange::Kind::kPut, {3, "k"}, "new"},
                                 {StoreChange::Kind::kPut, {3, "l"}, "x"},
                                 {StoreChange::Kind::kDelete, {3, "l"}, ""}};
  ASSERT_TRUE(table.Write(changes).ok());
  EXPECT_EQ(ContentOf(table, kAll), (Model{{{3, "k"}, "new"}}));
}

TEST_F(RocksDbStoreTest, AScanSeesItsPrefixInOrderAsItWasWhenItBegan) {
  const auto store = OpenStore(kAll);
  KeyedStore& table = Table(*store);
  for (const char* key : {"b\xff", "b\xff\xff", "b", "bz", "c", "a"}) Put(table, 5, key, "v");
  Put(table, 6, "b", "other group");
  const auto cursor = table.Scan(5, "b");
  Put(table, 5, "bb", "too late");
  std::vector<std::string> keys;
  while (cursor->Next()) keys.emplace_back(cursor->key());
  EXPECT_TRUE(cursor->status().ok());
  EXPECT_EQ(keys, (std::vector<std::string>{"b", "bz", "b\xff", "b\xff\xff"}));
  const auto high = table.Scan(5, "b\xff\xff");
  EXPECT_TRUE(high->Next());
  EXPECT_FALSE(high->Next());
}

TEST_F(RocksDbStoreTest, TablesAreApartAndOpenedOnce) {
  const auto store = OpenStore(kAll);
  KeyedStore& a = Table(*store, "a");
  KeyedStore& b = Table(*store, "b");
  Put(a, 1, "k", "of a");
  EXPECT_EQ(ContentOf(b, kAll), Model{});
  EXPECT_EQ(store->OpenTable("a", kSchema).status().code(), StatusCode::kAlreadyExists);
}

TEST_F(RocksDbStoreTest, ItsFolderIsNewAndRemoved) {
  const std::string path = NewPath("store");
  {
    auto store = RocksDbStore::Open(path, kAll, 4, options_, memory_);
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(RocksDbStore::Open(path, kAll, 4, options_, memory_).status().code(),
              StatusCode::kAlreadyExists);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto failed = RocksDbStore::Open("/proc/none", kAll, 4, options_, memory_);
  EXPECT_NE(failed.status().message().find("/proc/none"), std::string::npos);
}

TEST_F(RocksDbStoreTest, ItHasWhatAModelHas) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const KeyGroupRange range{5, 6, 16};
  const auto store = OpenStore(range, 8);
  KeyedStore& table = Table(*store);
  RandomChanges changes(seed, range);
  Model model;
  for (int round = 0; round < 200; ++round) {
    ASSERT_TRUE(changes.Apply(table, model, 1 + changes.Below(50)).ok());
    if (round % 20 == 0) {
      ASSERT_TRUE(store->Flush().ok());
    }
    if (round % 10 == 0) {
      ASSERT_EQ(ContentOf(table, range), model);
    }
    std::vector<std::pair<std::uint32_t, std::string>> asked(changes.Below(40) + 1);
    std::vector<StoreKey> keys;
    for (auto& [group, key] : asked) {
      group = range.first + changes.Below(range.count);
      key = "key" + std::to_string(changes.Below(200));
      keys.push_back({group, key});
    }
    StoreValues values;
    ASSERT_TRUE(table.MultiGet(keys, values).ok());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto found = model.find(asked[i]);
      ASSERT_EQ(values[i].has_value(), found != model.end());
      if (values[i]) {
        ASSERT_EQ(*values[i], found->second);
      }
    }
  }
}

class NoWriter final : public internal::StateWriter {
  Status Write(std::uint32_t, std::uint32_t, std::span<const std::byte>) override {
    return Status::Internal("a cache writes to its store alone");
  }
};

// By way of the handles of a job; nothing goes by the walk over the state.
TEST_F(RocksDbStoreTest, StateWithATimeToLiveShrinksButForMaps) {
  options_.metrics = {"estimate-num-keys"};
  const auto store = OpenStore(kAll);
  internal::KeyedStateBackend backend({.parallelism = 1, .max_parallelism = 16}, store.get());
  const StateTtlConfig ttl = StateTtlConfig(1000).CleanUpIncrementally(0);
  ValueState<std::int64_t, WithTtl> seen{"seen", ttl};
  MapState<std::int64_t, std::int64_t, WithTtl> map{"map", ttl};
  seen.Bind<std::int64_t>(backend);
  map.Bind<std::int64_t>(backend);
  for (std::int64_t key = 0; key < 100; ++key) {
    const internal::KeyAtTime<std::int64_t> at(key, key < 60 ? 0 : 5000);
    seen.Mutable(at) = key;
    map.Put(at, 7, key);
  }
  NoWriter none;
  for (const auto& [name, table] : backend.tables()) {
    table->Freeze();
    while (*table->SaveNext(none)) {
    }
    table->Thaw();
  }
  ASSERT_TRUE(store->Compact().ok());
  EXPECT_EQ(MetricOf(*store, "seen", "estimate-num-keys"), 100);
  seen.CleanUp<std::int64_t>(5000, 1);
  map.CleanUp<std::int64_t>(5000, 1);
  ASSERT_TRUE(store->Compact().ok());
  EXPECT_EQ(MetricOf(*store, "seen", "estimate-num-keys"), 40);
  EXPECT_EQ(MetricOf(*store, "map", "estimate-num-keys"), 100);
}

// Flushing is up to RocksDB's threads, so how far beyond the limit memtables get depends on the
// disk. That the budget makes them be flushed, and that this brings them back below it, does not.
TEST_F(RocksDbStoreTest, MemoryIsCountedAgainstTheBudget) {
  const auto store = OpenStore(kAll);
  KeyedStore& table = Table(*store);
  const std::uint64_t before = memory_.memtable_bytes();
  const std::string value(1000, 'x');
  std::uint64_t most = 0;
  for (int i = 0; i < 40000; ++i) {
    Put(table, static_cast<std::uint32_t>(i % 16), std::to_string(i), value);
    if (i % 1000 != 0) continue;
    // Far below what the tables' own write buffers hold: nobody else asks for a flush.
    ASSERT_TRUE(test::Eventually([&] {
      return memory_.memtable_bytes() < memory_.budget_bytes() / 2 &&
             memory_.used_bytes() < memory_.budget_bytes();
    })) << memory_.memtable_bytes()
        << " and " << memory_.used_bytes() << " bytes after put " << i;
    most = std::max(most, memory_.memtable_bytes());
  }
  EXPECT_GT(most, before);
}

TEST_F(RocksDbStoreTest, ReportsTheMetricsThatAreAskedFor) {
  EXPECT_TRUE(OpenStore(kAll)->Metrics().empty()) << "none, if nothing is said";
  options_.metrics = {"estimate-num-keys",    "live-sst-files-size", "cur-size-all-mem-tables",
                      "block-cache-capacity", "block-cache-hit",     "block-cache-miss",
                      "bytes-written",        "is-write-stopped"};
  ASSERT_TRUE(options_.Check().ok());
  const auto store = OpenStore(kAll);
  KeyedStore& table = Table(*store);
  Table(*store, "other");
  for (int i = 0; i < 1000; ++i) {
    Put(table, static_cast<std::uint32_t>(i % 16), std::to_string(i), std::string(100, 'x'));
  }
  EXPECT_EQ(MetricOf(*store, "count", "estimate-num-keys"), 1000);
  EXPECT_EQ(MetricOf(*store, "other", "estimate-num-keys"), 0);
  EXPECT_GT(MetricOf(*store, "count", "cur-size-all-mem-tables"), 100'000);
  EXPECT_EQ(MetricOf(*store, "count", "live-sst-files-size"), 0);
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_GT(MetricOf(*store, "count", "live-sst-files-size"), 0);
  EXPECT_EQ(ContentOf(table, kAll).size(), 1000u);
  EXPECT_EQ(ContentOf(table, kAll).size(), 1000u);
  EXPECT_GT(MetricOf(*store, "", "block-cache-miss"), 0);
  EXPECT_GT(MetricOf(*store, "", "block-cache-hit"), 0);
  EXPECT_GT(MetricOf(*store, "", "bytes-written"), 100'000);
  EXPECT_GT(MetricOf(*store, "", "block-cache-capacity"), 0);
  EXPECT_EQ(MetricOf(*store, "", "is-write-stopped"), 0);
  EXPECT_EQ(store->Metrics().size(), 2 * 3 + 5u);
}

TEST_F(RocksDbStoreTest, EachMetricThatHasASettingIsThere) {
  for (const Setting<bool>* const setting : settings::kRocksDbMetrics) {
    ASSERT_TRUE(setting->key.starts_with(settings::kRocksDbMetricPrefix));
    options_.metrics = {std::string(setting->key.substr(settings::kRocksDbMetricPrefix.size()))};
    EXPECT_TRUE(options_.Check().ok()) << setting->key;
    const auto store = OpenStore(kAll);
    Table(*store);
    EXPECT_EQ(store->Metrics().size(), 1u) << setting->key;
  }
  options_.metrics = {"no-such-metric"};
  EXPECT_EQ(options_.Check().code(), StatusCode::kInvalidArgument);
}

// A value that begins with when it was last used.
std::string UsedAt(std::int64_t last_access_ms) {
  return std::string(reinterpret_cast<const char*>(&last_access_ms), sizeof(last_access_ms)) +
         "value";
}

TEST_F(RocksDbStoreTest, WhatHasExpiredGoesWhenFilesAreCompacted) {
  const auto store = OpenStore(kAll);
  KeyedStore& table = Table(*store);
  KeyedStore& other = Table(*store, "other");
  for (std::uint32_t group = 0; group < 16; ++group) {
    for (const std::int64_t at : {-5, 99, 100, 101, 5000}) {
      Put(table, group, std::to_string(at), UsedAt(at));
      Put(other, group, std::to_string(at), UsedAt(at));
    }
  }
  Put(table, 3, "short", "1234567");
  const Model all = ContentOf(table, kAll);
  ASSERT_TRUE(store->Compact().ok());
  EXPECT_EQ(ContentOf(table, kAll), all) << "nothing was said to have expired";

  table.Expire(100);
  EXPECT_EQ(ContentOf(table, kAll), all) << "the store is not rewritten for it";
  Put(table, 0, "later", UsedAt(50));  // in a memtable, not in a file
  ASSERT_TRUE(store->Compact().ok());
  const Model left = ContentOf(table, kAll);
  EXPECT_EQ(left.size(), 16u * 2 + 1) << "those used after 100, and the short one";
  for (const auto& [key, value] : left) {
    EXPECT_TRUE(key.second == "101" || key.second == "5000" || key.second == "short") << key.second;
  }
  EXPECT_EQ(ContentOf(other, kAll).size(), 16u * 5) << "of another state";
}

TEST_F(RocksDbStoreTest, AnExpiredEntryThatWasWrittenAnewStays) {
  const auto store = OpenStore(kAll);
  KeyedStore& table = Table(*store);
  Put(table, 5, "key", UsedAt(10));
  ASSERT_TRUE(store->Flush().ok());
  Put(table, 5, "key", UsedAt(200));
  table.Expire(100);
  ASSERT_TRUE(store->Compact().ok());
  EXPECT_EQ(ContentOf(table, kAll), (Model{{{5, "key"}, UsedAt(200)}}));
}

TEST(RocksDbOptionsTest, NonsenseIsRefusedByItsKey) {
  EXPECT_TRUE(RocksDbOptions().Check().ok());
  EXPECT_TRUE(RocksDbMemoryOptions().Check().ok());
  RocksDbOptions options;
  options.table.writebuffer_number_to_merge = 2;
  EXPECT_NE(options.Check().message().find("state.backend.rocksdb.writebuffer.number-to-merge"),
            std::string::npos);
  options = {};
  options.files_open = 0;
  EXPECT_FALSE(options.Check().ok());
  EXPECT_FALSE((RocksDbMemoryOptions{.write_buffer_ratio = 0.95}).Check().ok());
  EXPECT_FALSE((RocksDbMemoryOptions{.memory_bytes = 1000}).Check().ok());
}

TEST(ShardCountTest, ThereAreSeveralForEachSubtask) {
  EXPECT_EQ(ShardCountFor(1, 128), 16u);
  EXPECT_EQ(ShardCountFor(4, 128), 16u);
  EXPECT_EQ(ShardCountFor(5, 128), 32u);
  EXPECT_EQ(ShardCountFor(100, 128), 128u);
  EXPECT_EQ(ShardCountFor(1, 4), 4u);
}

}  // namespace
}  // namespace weir::state
