#include "taskmanager/state/rocksdb_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/write_batch.h>

#include "taskmanager/state/column_family_options.h"
#include "taskmanager/state/rocksdb_status.h"

namespace weir::state {
namespace {

// Keys one after the other, as RocksDB knows them.
class EncodedKeys {
 public:
  explicit EncodedKeys(std::span<const internal::StoreKey> keys) {
    std::size_t bytes = 0;
    for (const internal::StoreKey& key : keys) bytes += kKeyGroupBytes + key.bytes.size();
    bytes_.reserve(bytes);  // so that slices of it stay valid
    slices_.reserve(keys.size());
    for (const internal::StoreKey& key : keys) {
      const std::size_t from = bytes_.size();
      AppendKeyGroup(key.key_group, bytes_);
      bytes_.append(key.bytes);
      slices_.emplace_back(bytes_.data() + from, bytes_.size() - from);
    }
  }
  const rocksdb::Slice* data() const { return slices_.data(); }

 private:
  std::string bytes_;
  std::vector<rocksdb::Slice> slices_;
};

class Cursor final : public internal::StoreCursor {
 public:
  Cursor(rocksdb::DB& database, rocksdb::ColumnFamilyHandle* family, std::string_view prefix,
         std::string from, std::string what)
      : from_(std::move(from)), end_(EndOfPrefix(std::string(prefix))), what_(std::move(what)) {
    rocksdb::ReadOptions options;
    end_slice_ = end_;
    options.iterate_upper_bound = &end_slice_;
    iterator_.reset(database.NewIterator(options, family));
  }

  bool Next() override {
    if (begun_) {
      iterator_->Next();
    } else {
      begun_ = true;
      iterator_->Seek(from_);
    }
    return iterator_->Valid();
  }
  std::string_view key() const override {
    const rocksdb::Slice key = iterator_->key();
    return std::string_view(key.data(), key.size()).substr(kKeyGroupBytes);
  }
  std::string_view value() const override {
    return {iterator_->value().data(), iterator_->value().size()};
  }
  Status status() const override { return FromRocksDb(iterator_->status(), what_); }

 private:
  const std::string from_;
  const std::string end_;
  const std::string what_;
  rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool begun_ = false;
};

}  // namespace

void RocksDbTable::CloseFamily::operator()(rocksdb::ColumnFamilyHandle* family) const {
  // It fails for a handle of another database only, which this cannot be.
  database->DestroyColumnFamilyHandle(family).PermitUncheckedError();
}

RocksDbTable::RocksDbTable(rocksdb::DB& database, std::string state, std::string schema,
                           ShardLayout layout, std::string where)
    : database_(database),
      state_(std::move(state)),
      schema_(std::move(schema)),
      layout_(layout),
      where_(std::move(where)) {
  for (std::uint32_t shard = 0; shard < layout_.shard_count; ++shard) {
    families_.emplace_back(nullptr, CloseFamily{&database_});
  }
}

RocksDbTable::~RocksDbTable() = default;

void RocksDbTable::SetFamily(std::uint32_t shard, rocksdb::ColumnFamilyHandle* family) {
  families_[shard].reset(family);
}

std::vector<rocksdb::ColumnFamilyHandle*> RocksDbTable::families() const {
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (const Family& family : families_) {
    if (family) families.push_back(family.get());
  }
  return families;
}

// RocksDB's estimate takes deletions for so many entries less, so it may be 0 where there are some.
std::uint64_t RocksDbTable::entry_count() const {
  std::uint64_t count = 0;
  for (const Family& family : families_) {
    std::uint64_t estimated = 0;
    if (!family || !database_.GetIntProperty(
                       family.get(), rocksdb::DB::Properties::kEstimateNumKeys, &estimated)) {
      continue;
    }
    count += estimated;
  }
  for (std::size_t i = 0; i < families_.size() && count == 0; ++i) {
    if (!families_[i]) continue;
    const std::unique_ptr<rocksdb::Iterator> iterator(
        database_.NewIterator(rocksdb::ReadOptions(), families_[i].get()));
    iterator->SeekToFirst();
    // One that cannot be read may be there.
    if (iterator->Valid() || !iterator->status().ok()) count = 1;
  }
  return count;
}

Status RocksDbTable::GetOne(const internal::StoreKey& key, internal::StoreValues& values) const {
  std::string bytes;
  AppendKeyGroup(key.key_group, bytes);
  bytes.append(key.bytes);
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database_.Get(rocksdb::ReadOptions(), FamilyOf(key.key_group), bytes, &value);
  if (status.IsNotFound()) return Status::Ok();
  if (!status.ok()) return FromRocksDb(status, "reading " + where_);
  values.Set(0, {value.data(), value.size()});
  return Status::Ok();
}

Status RocksDbTable::MultiGet(std::span<const internal::StoreKey> keys,
                              internal::StoreValues& values) const {
  values.Reset(keys.size());
  if (keys.size() == 1) return GetOne(keys[0], values);
  const EncodedKeys encoded(keys);
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  families.reserve(keys.size());
  for (const internal::StoreKey& key : keys) families.push_back(FamilyOf(key.key_group));
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  database_.MultiGet(rocksdb::ReadOptions(), keys.size(), families.data(), encoded.data(),
                     found.data(), statuses.data());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return FromRocksDb(statuses[i], "reading " + where_);
    values.Set(i, {found[i].data(), found[i].size()});
  }
  return Status::Ok();
}

Status RocksDbTable::Write(std::span<const internal::StoreChange> changes) {
  rocksdb::WriteBatch batch;
  std::string key;
  const auto add = [&](const internal::StoreChange& change) {
    key.clear();
    AppendKeyGroup(change.key.key_group, key);
    key.append(change.key.bytes);
    rocksdb::ColumnFamilyHandle* const family = FamilyOf(change.key.key_group);
    if (change.kind == internal::StoreChange::Kind::kDelete) return batch.Delete(family, key);
    return batch.Put(family, key, rocksdb::Slice(change.value.data(), change.value.size()));
  };
  for (const internal::StoreChange& change : changes) {
    const rocksdb::Status added = add(change);
    if (!added.ok()) return FromRocksDb(added, "writing " + where_);
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;  // what is not in a checkpoint is not restored
  return FromRocksDb(database_.Write(options, &batch), "writing " + where_);
}

std::unique_ptr<internal::StoreCursor> RocksDbTable::Scan(std::uint32_t key_group,
                                                          std::string_view prefix,
                                                          std::string_view from) const {
  const std::string group = KeyGroupPrefix(key_group);
  return std::make_unique<Cursor>(database_, FamilyOf(key_group), group + std::string(prefix),
                                  group + std::string(std::max(prefix, from)), "reading " + where_);
}

}  // namespace weir::state
