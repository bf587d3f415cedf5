// Stores in a temporary folder, and what should be in them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_store.h>

#include "common/temporary_directory.h"
#include "taskmanager/state/rocksdb_memory.h"
#include "taskmanager/state/rocksdb_store.h"

namespace weir::state {

inline constexpr char kSchema[] = "{k:i64}";

// Entries by key group and key.
using Model = std::map<std::pair<std::uint32_t, std::string>, std::string>;

inline Model Within(const Model& model, const internal::KeyGroupRange& range) {
  Model part;
  for (const auto& [key, value] : model) {
    if (range.Contains(key.first)) part.emplace(key, value);
  }
  return part;
}

// Everything that scans find.
inline Model ContentOf(const internal::KeyedStore& store, const internal::KeyGroupRange& range) {
  Model model;
  for (std::uint32_t group = range.first; group < range.first + range.count; ++group) {
    const auto cursor = store.Scan(group, "");
    while (cursor->Next()) model.emplace(std::pair(group, cursor->key()), cursor->value());
    EXPECT_TRUE(cursor->status().ok()) << cursor->status().ToString();
  }
  return model;
}

class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture() : memory_({.memory_bytes = 16 << 20}) {}

  std::string NewPath(const std::string& name) {
    return directory_.path() + "/" + name + "-" + std::to_string(++paths_);
  }
  std::unique_ptr<RocksDbStore> OpenStore(const internal::KeyGroupRange& range,
                                          std::uint32_t shard_count = 4) {
    auto store = RocksDbStore::Open(NewPath("store"), range, shard_count, options_, memory_);
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    return std::move(store).value();
  }
  static internal::KeyedStore& Table(RocksDbStore& store, const std::string& state = "count") {
    const Result<internal::KeyedStore*> table = store.OpenTable(state, kSchema);
    EXPECT_TRUE(table.ok()) << table.status().ToString();
    return **table;
  }
  static void Put(internal::KeyedStore& store, std::uint32_t group, const std::string& key,
                  const std::string& value) {
    const internal::StoreChange change{internal::StoreChange::Kind::kPut, {group, key}, value};
    const Status written = store.Write({&change, 1});
    EXPECT_TRUE(written.ok()) << written.ToString();
  }

  TemporaryDirectory directory_ = *TemporaryDirectory::Create("weir-state-");
  RocksDbOptions options_;
  RocksDbMemory memory_;
  int paths_ = 0;
};

// Changes of random keys in a range; few keys, so that they are written again and deleted.
class RandomChanges {
 public:
  RandomChanges(std::uint64_t seed, const internal::KeyGroupRange& range)
      : random_(seed), range_(range) {}

  // One batch, to the store and the model.
  Status Apply(internal::KeyedStore& store, Model& model, std::uint32_t count) {
    std::vector<std::pair<std::uint32_t, std::string>> keys(count);
    std::vector<std::string> values(count);
    std::vector<internal::StoreChange> changes(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      keys[i] = {range_.first + Below(range_.count), "key" + std::to_string(Below(200))};
      const bool remove = Below(4) == 0;
      values[i].assign(Below(300), static_cast<char>('a' + Below(26)));
      changes[i] = {
          remove ? internal::StoreChange::Kind::kDelete : internal::StoreChange::Kind::kPut,
          {keys[i].first, keys[i].second},
          values[i]};
      if (remove) {
        model.erase(keys[i]);
      } else {
        model[keys[i]] = values[i];
      }
    }
    return store.Write(changes);
  }
  std::uint32_t Below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

 private:
  std::mt19937_64 random_;
  const internal::KeyGroupRange range_;
};

}  // namespace weir::state
