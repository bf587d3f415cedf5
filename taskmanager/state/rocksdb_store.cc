#include "taskmanager/state/rocksdb_store.h"

#include <algorithm>
#include <utility>

#include <rocksdb/db.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table_properties.h>
#include <rocksdb/unique_id.h>
#include <rocksdb/utilities/checkpoint.h>

#include "common/file_system.h"
#include "common/logging.h"
#include "taskmanager/state/column_family_options.h"
#include "taskmanager/state/rocksdb_status.h"

namespace weir::state {
namespace {

void LogFailure(const Status& status) {
  if (!status.ok()) ComponentLogger("state").Warning(status.ToString());
}

}  // namespace

RocksDbStore::RocksDbStore(std::string directory, const internal::KeyGroupRange& range,
                           std::uint32_t shard_count, const RocksDbOptions& options,
                           const RocksDbMemory& memory)
    : directory_(std::move(directory)),
      range_(range),
      shard_count_(shard_count),
      options_(options),
      memory_(memory),
      statistics_(NeedStatistics(options.metrics) ? rocksdb::CreateDBStatistics() : nullptr) {}

RocksDbStore::~RocksDbStore() {
  tables_.clear();
  if (database_) {
    LogFailure(FromRocksDb(database_->Close(), "closing " + directory_));
    database_.reset();
  }
  LogFailure(LocalFileSystem().RemoveRecursively(directory_));
}

Result<std::unique_ptr<RocksDbStore>> RocksDbStore::Open(std::string directory,
                                                         const internal::KeyGroupRange& range,
                                                         std::uint32_t shard_count,
                                                         const RocksDbOptions& options,
                                                         const RocksDbMemory& memory) {
  WEIR_ASSIGN_OR_RETURN(const bool exists, LocalFileSystem().Exists(directory));
  if (exists) {
    return Status(StatusCode::kAlreadyExists, "the folder of a new store exists: " + directory);
  }
  WEIR_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(directory));
  std::unique_ptr<RocksDbStore> store(
      new RocksDbStore(std::move(directory), range, shard_count, options, memory));
  WEIR_RETURN_IF_ERROR(store->OpenDatabase());
  return store;
}

Status RocksDbStore::OpenDatabase() {
  rocksdb::DB* database = nullptr;
  rocksdb::Options options(DatabaseOptionsOf(options_, memory_),
                           ColumnFamilyOptionsOf(options_.table, memory_));
  options.statistics = statistics_;
  const rocksdb::Status opened = rocksdb::DB::Open(options, directory_ + "/db", &database);
  if (!opened.ok()) return FromRocksDb(opened, "opening a store of keyed state in " + directory_);
  database_.reset(database);
  return Status::Ok();
}

rocksdb::ColumnFamilyOptions RocksDbStore::FamilyOptionsOf(const RocksDbTable& table) const {
  rocksdb::ColumnFamilyOptions options = ColumnFamilyOptionsOf(options_.table, memory_);
  options.compaction_filter_factory = WantedEntriesFilter(range_, table.expiry_limit());
  return options;
}

std::string RocksDbStore::Where(std::string_view state) const {
  return "keyed state '" + std::string(state) + "' in " + directory_;
}

const RocksDbStore::Entry* RocksDbStore::FindTable(std::string_view state) const {
  const auto found = std::find_if(tables_.begin(), tables_.end(), [&](const Entry& entry) {
    return entry.table->state() == state;
  });
  return found == tables_.end() ? nullptr : &*found;
}
RocksDbStore::Entry* RocksDbStore::FindTable(std::string_view state) {
  return const_cast<Entry*>(std::as_const(*this).FindTable(state));
}

RocksDbTable& RocksDbStore::AddTable(std::string_view state, std::string_view schema,
                                     ShardLayout layout) {
  tables_.push_back({std::make_unique<RocksDbTable>(*database_, std::string(state),
                                                    std::string(schema), layout, Where(state)),
                     false});
  return *tables_.back().table;
}

RocksDbStore::GroupSpan RocksDbStore::OwnGroupsOf(const ShardLayout& layout,
                                                  std::uint32_t shard) const {
  const std::uint32_t groups = layout.groups_per_shard();
  return {std::max(range_.first, shard * groups),
          std::min(range_.first + range_.count, (shard + 1) * groups)};
}

Status RocksDbStore::CreateMissingFamilies(RocksDbTable& table) {
  std::vector<std::uint32_t> shards;
  std::vector<std::string> names;
  for (std::uint32_t shard = 0; shard < table.layout().shard_count; ++shard) {
    if (OwnGroupsOf(table.layout(), shard).empty() || table.family(shard) != nullptr) continue;
    shards.push_back(shard);
    names.push_back(table.state() + "/" + std::to_string(shard));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const rocksdb::Status created =
      database_->CreateColumnFamilies(FamilyOptionsOf(table), names, &families);
  // Those that were made before one failed are ours all the same.
  for (std::size_t i = 0; i < families.size(); ++i) table.SetFamily(shards[i], families[i]);
  return FromRocksDb(created, "making " + table.where());
}

Result<internal::KeyedStore*> RocksDbStore::OpenTable(std::string_view state,
                                                      std::string_view schema) {
  Entry* entry = FindTable(state);
  if (entry == nullptr) {
    AddTable(state, schema,
             {range_.max_parallelism, std::min(shard_count_, range_.max_parallelism)});
    entry = &tables_.back();
  } else if (entry->opened) {
    return Status(StatusCode::kAlreadyExists, Where(state) + " is open already");
  } else if (entry->table->schema() != schema) {
    return Status(StatusCode::kFailedPrecondition,
                  Where(state) + " was restored with the schema " + entry->table->schema() +
                      ", the job has " + std::string(schema),
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  WEIR_RETURN_IF_ERROR(CreateMissingFamilies(*entry->table));
  entry->opened = true;
  return entry->table.get();
}

std::vector<std::string> RocksDbStore::UnopenedTables() const {
  std::vector<std::string> names;
  for (const Entry& entry : tables_) {
    if (!entry.opened) names.push_back(entry.table->state());
  }
  return names;
}

Status RocksDbStore::Flush() {
  // All are asked for before the first is waited for, so that they run side by side.
  for (const bool wait : {false, true}) {
    rocksdb::FlushOptions options;
    options.wait = wait;
    options.allow_write_stall = true;
    for (const Entry& entry : tables_) {
      for (rocksdb::ColumnFamilyHandle* family : entry.table->families()) {
        const rocksdb::Status flushed = database_->Flush(options, family);
        // While writes are held back RocksDB takes no request that would not wait.
        if (!wait && flushed.IsTryAgain()) continue;
        if (!flushed.ok()) {
          return FromRocksDb(flushed, "writing the memtables of " + entry.table->where());
        }
      }
    }
  }
  return Status::Ok();
}

Status RocksDbStore::Compact() {
  WEIR_RETURN_IF_ERROR(Flush());
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (const Entry& entry : tables_) {
    for (rocksdb::ColumnFamilyHandle* family : entry.table->families()) {
      const rocksdb::Status compacted = database_->CompactRange(options, family, nullptr, nullptr);
      if (!compacted.ok()) return FromRocksDb(compacted, "compacting " + entry.table->where());
    }
  }
  return Status::Ok();
}

Result<StoreExport> RocksDbStore::Export(const std::string& directory) {
  // All at once in the background: the export of a family waits for its own flush.
  WEIR_RETURN_IF_ERROR(Flush());
  WEIR_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(directory));
  StoreExport result;
  std::unordered_map<std::uint64_t, std::string> live;
  for (std::size_t index = 0; index < tables_.size(); ++index) {
    const RocksDbTable& table = *tables_[index].table;
    ExportedTable& exported =
        result.tables.emplace_back(ExportedTable{table.state(),
                                                 table.schema(),
                                                 table.layout().max_parallelism,
                                                 table.layout().shard_count,
                                                 {}});
    for (std::uint32_t shard = 0; shard < table.layout().shard_count; ++shard) {
      if (table.family(shard) == nullptr) continue;
      const std::string name = std::to_string(index) + "-" + std::to_string(shard);
      WEIR_ASSIGN_OR_RETURN(ExportedShard part, ExportShard(table, shard, directory + "/" + name));
      for (const ExportedFile& file : part.files) live[file.number] = file.table_file.unique_id;
      exported.shards.push_back(std::move(part));
    }
  }
  unique_ids_ = std::move(live);  // numbers that are gone never come back
  return result;
}

Result<ExportedShard> RocksDbStore::ExportShard(const RocksDbTable& table, std::uint32_t shard,
                                                const std::string& directory) {
  rocksdb::Checkpoint* created = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(database_.get(), &created);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(created);
  rocksdb::ExportImportFilesMetaData* exported = nullptr;
  if (status.ok()) {
    status = checkpoint->ExportColumnFamily(table.family(shard), directory, &exported);
  }
  if (!status.ok()) return FromRocksDb(status, "linking the files of " + table.where());
  const std::unique_ptr<rocksdb::ExportImportFilesMetaData> metadata(exported);
  const GroupSpan groups = OwnGroupsOf(table.layout(), shard);
  ExportedShard result{shard, groups.first, groups.end - groups.first, {}};
  for (const rocksdb::LiveFileMetaData& from : metadata->files) {
    ExportedFile& file = result.files.emplace_back();
    file.local_path = from.db_path + from.name;
    file.number = from.file_number;
    WEIR_ASSIGN_OR_RETURN(file.table_file.unique_id, UniqueIdOf(file.number, file.local_path));
    file.table_file.size_bytes = from.size;
    file.table_file.level = from.level;
    file.table_file.smallest_key = from.smallestkey;
    file.table_file.largest_key = from.largestkey;
    file.table_file.smallest_sequence_number = from.smallest_seqno;
    file.table_file.largest_sequence_number = from.largest_seqno;
  }
  return result;
}

Result<std::string> RocksDbStore::UniqueIdOf(std::uint64_t number, const std::string& path) {
  if (const auto known = unique_ids_.find(number); known != unique_ids_.end()) {
    return known->second;
  }
  rocksdb::SstFileReader reader(rocksdb::Options(DatabaseOptionsOf(options_, memory_),
                                                 ColumnFamilyOptionsOf(options_.table, memory_)));
  rocksdb::Status status = reader.Open(path);
  std::string id;
  if (status.ok()) {
    status = rocksdb::GetExtendedUniqueIdFromTableProperties(*reader.GetTableProperties(), &id);
  }
  if (!status.ok()) return FromRocksDb(status, "reading " + path);
  return id;
}

std::vector<NativeMetric> RocksDbStore::Metrics() const {
  std::vector<NativeMetric> metrics;
  for (const Entry& entry : tables_) {
    AddMetricsOfState(*database_, entry.table->state(), entry.table->families(), options_.metrics,
                      metrics);
  }
  AddMetricsOfStore(*database_, statistics_.get(), options_.metrics, metrics);
  return metrics;
}

}  // namespace weir::state
