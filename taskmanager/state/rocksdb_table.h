// One table of keyed state in RocksDB: a column family for each shard of key groups that the
// subtask has a part of. Private to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/state/keyed_store.h>
#include <weir/status.h>

#include "taskmanager/state/column_family_options.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
}  // namespace rocksdb

namespace weir::state {

// The shards of a table that has `shard_count` of them over all key groups, both powers of two.
struct ShardLayout {
  std::uint32_t max_parallelism = 1;
  std::uint32_t shard_count = 1;

  std::uint32_t groups_per_shard() const { return max_parallelism / shard_count; }
  std::uint32_t ShardOf(std::uint32_t key_group) const { return key_group / groups_per_shard(); }
  bool operator==(const ShardLayout&) const = default;
};

class RocksDbTable final : public internal::KeyedStore {
 public:
  // The database outlives it. `where`: what errors call it.
  RocksDbTable(rocksdb::DB& database, std::string state, std::string schema, ShardLayout layout,
               std::string where);
  ~RocksDbTable() override;

  const std::string& state() const { return state_; }
  const std::string& schema() const { return schema_; }
  const ShardLayout& layout() const { return layout_; }
  // What errors say: the state and where it lies.
  const std::string& where() const { return where_; }

  // Null: this shard has no column family (yet).
  rocksdb::ColumnFamilyHandle* family(std::uint32_t shard) const { return families_[shard].get(); }
  // Takes over the handle, of this database.
  void SetFamily(std::uint32_t shard, rocksdb::ColumnFamilyHandle* family);
  std::vector<rocksdb::ColumnFamilyHandle*> families() const;
  // For the column families' filter.
  const std::shared_ptr<ExpiryLimit>& expiry_limit() const { return expiry_limit_; }

  // KeyedStore
  std::uint64_t entry_count() const override;
  Status MultiGet(std::span<const internal::StoreKey> keys,
                  internal::StoreValues& values) const override;
  Status Write(std::span<const internal::StoreChange> changes) override;
  std::unique_ptr<internal::StoreCursor> Scan(std::uint32_t key_group, std::string_view prefix,
                                              std::string_view from) const override;
  void Expire(std::int64_t limit_ms) override {
    expiry_limit_->store(limit_ms, std::memory_order_relaxed);
  }

 private:
  struct CloseFamily {
    rocksdb::DB* database;
    void operator()(rocksdb::ColumnFamilyHandle* family) const;
  };
  using Family = std::unique_ptr<rocksdb::ColumnFamilyHandle, CloseFamily>;

  rocksdb::ColumnFamilyHandle* FamilyOf(std::uint32_t key_group) const {
    return families_[layout_.ShardOf(key_group)].get();
  }
  Status GetOne(const internal::StoreKey& key, internal::StoreValues& values) const;

  rocksdb::DB& database_;
  const std::string state_;
  const std::string schema_;
  const ShardLayout layout_;
  const std::string where_;
  const std::shared_ptr<ExpiryLimit> expiry_limit_ = std::make_shared<ExpiryLimit>(kNothingExpired);
  std::vector<Family> families_;  // by shard
};

}  // namespace weir::state
