// RocksDbStore: the keyed state of one operator in one subtask, in a RocksDB of its own.
//
// A table is divided into a fixed number of shards of key groups, each a column family: RocksDB 7.8
// can take over the files of a whole column family, and can neither merge nor clip them. Nothing is
// logged (no write-ahead log): what counts is in checkpoints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/status.h>

#include "taskmanager/state/rocksdb_memory.h"
#include "taskmanager/state/rocksdb_metrics.h"
#include "taskmanager/state/rocksdb_options.h"
#include "taskmanager/state/rocksdb_table.h"
#include "taskmanager/state/store_export.h"
#include "taskmanager/state/store_snapshot.h"

namespace rocksdb {
struct ColumnFamilyOptions;
}  // namespace rocksdb

namespace weir::state {

// Opened, restored and closed on one thread; reads and writes: see KeyedStore. Metrics() and
// Flush() from any thread meanwhile, Export() from one thread at a time. All calls block.
class RocksDbStore final : public internal::KeyedStores {
 public:
  using FileNumbers = std::unordered_map<std::string, std::uint64_t>;  // by unique id

  // `directory`: must not exist; it is this object's until its end, which removes it. `shard_count`
  // is that of tables that are not restored (ShardCountFor()). `options` passed Check(). `memory`
  // outlives this object.
  static Result<std::unique_ptr<RocksDbStore>> Open(std::string directory,
                                                    const internal::KeyGroupRange& range,
                                                    std::uint32_t shard_count,
                                                    const RocksDbOptions& options,
                                                    const RocksDbMemory& memory);
  ~RocksDbStore() override;

  const internal::KeyGroupRange& range() const { return range_; }

  // KeyedStores
  Result<internal::KeyedStore*> OpenTable(std::string_view state, std::string_view schema) override;
  internal::StoreCacheLimits limits() const override { return options_.cache; }
  // Restored tables that nobody has opened.
  std::vector<std::string> UnopenedTables() const;

  // Writes memtables to files, so that Export() finds little left to do.
  Status Flush();

  // Compacts all files. For tests and tools: it costs as much as rewriting the store.
  Status Compact();

  // Everything written so far, as files in `directory`, which must not exist and lies on the file
  // system of the store; the caller removes it. No Write() runs meanwhile.
  Result<StoreExport> Export(const std::string& directory);

  // Before any table is opened: there is a table like this, restored. May be said several times.
  // FAILED_PRECONDITION where it has another maximum parallelism, CORRUPTION where it was added
  // with another schema.
  Status AddRestored(const StoredTable& table);
  // Takes in what a part of an added table has of this store's key groups; `paths`: where its files
  // are on the file system of the store, in order, each a link or a copy that this call may use up.
  // Where the shard is there already (each of two subtasks had a part of it), the entries are
  // copied. CORRUPTION where files are damaged or others than the snapshot says.
  Status Import(const StoredTable& table, const StoredShard& shard,
                const std::vector<std::string>& paths);
  // The numbers that imported files have in this store.
  const FileNumbers& imported_files() const { return imported_files_; }

  // Those that the options ask for. Not while tables are opened.
  std::vector<NativeMetric> Metrics() const;

 private:
  RocksDbStore(std::string directory, const internal::KeyGroupRange& range,
               std::uint32_t shard_count, const RocksDbOptions& options,
               const RocksDbMemory& memory);

  struct Entry {
    std::unique_ptr<RocksDbTable> table;
    bool opened = false;
  };
  struct GroupSpan {  // [first, end)
    std::uint32_t first = 0;
    std::uint32_t end = 0;
    bool empty() const { return first >= end; }
  };

  Status OpenDatabase();
  rocksdb::ColumnFamilyOptions FamilyOptionsOf(const RocksDbTable& table) const;
  Entry* FindTable(std::string_view state);
  const Entry* FindTable(std::string_view state) const;
  RocksDbTable& AddTable(std::string_view state, std::string_view schema, ShardLayout layout);
  Status CreateMissingFamilies(RocksDbTable& table);
  // Of a shard's key groups those that this store has.
  GroupSpan OwnGroupsOf(const ShardLayout& layout, std::uint32_t shard) const;
  std::string Where(std::string_view state) const;

  Result<ExportedShard> ExportShard(const RocksDbTable& table, std::uint32_t shard,
                                    const std::string& directory);
  Result<std::string> UniqueIdOf(std::uint64_t number, const std::string& path);

  Result<rocksdb::ColumnFamilyHandle*> ImportFamily(const RocksDbTable& table,
                                                    const std::string& name,
                                                    const StoredShard& shard,
                                                    const std::vector<std::string>& paths);
  Result<FileNumbers> CheckImported(const RocksDbTable& table, rocksdb::ColumnFamilyHandle* family,
                                    const StoredShard& shard);
  // Whole files without own key groups; the compaction filter removes the rest in time.
  Status DropForeignFiles(const RocksDbTable& table, rocksdb::ColumnFamilyHandle* family,
                          GroupSpan own);
  // Null `to`: deletes the entries in `from`.
  Status CopyGroups(const RocksDbTable& table, rocksdb::ColumnFamilyHandle* from, GroupSpan groups,
                    rocksdb::ColumnFamilyHandle* to);

  const std::string directory_;
  const internal::KeyGroupRange range_;
  const std::uint32_t shard_count_;
  const RocksDbOptions options_;
  const RocksDbMemory& memory_;
  const std::shared_ptr<rocksdb::Statistics> statistics_;  // null: nothing is counted
  std::unique_ptr<rocksdb::DB> database_;
  std::vector<Entry> tables_;  // ends before the database
  FileNumbers imported_files_;
  std::unordered_map<std::uint64_t, std::string> unique_ids_;  // by file number; of Export()
  std::uint32_t imports_ = 0;
};

}  // namespace weir::state
