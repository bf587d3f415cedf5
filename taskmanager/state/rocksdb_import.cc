// How a store takes in parts of tables from a checkpoint.
#include <string>
#include <utility>

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/table_properties.h>
#include <rocksdb/unique_id.h>

#include "taskmanager/state/column_family_options.h"
#include "taskmanager/state/rocksdb_status.h"
#include "taskmanager/state/rocksdb_store.h"

namespace weir::state {
namespace {

rocksdb::ExportImportFilesMetaData MetadataOf(const StoredShard& shard,
                                              const std::vector<std::string>& paths) {
  rocksdb::ExportImportFilesMetaData metadata;
  metadata.db_comparator_name = rocksdb::BytewiseComparator()->Name();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const TableFile& from = shard.files[i].table_file;
    rocksdb::LiveFileMetaData& file = metadata.files.emplace_back();
    const std::size_t slash = paths[i].rfind('/');
    file.db_path = paths[i].substr(0, slash);
    file.name = paths[i].substr(slash);  // with its slash
    file.size = from.size_bytes;
    file.level = from.level;
    file.smallestkey = from.smallest_key;
    file.largestkey = from.largest_key;
    file.smallest_seqno = from.smallest_sequence_number;
    file.largest_seqno = from.largest_sequence_number;
  }
  return metadata;
}

}  // namespace

Status RocksDbStore::AddRestored(const StoredTable& table) {
  const ShardLayout layout{table.max_parallelism, table.shard_count};
  if (table.max_parallelism != range_.max_parallelism) {
    return Status(StatusCode::kFailedPrecondition,
                  Where(table.state) + " has a maximum parallelism of " +
                      std::to_string(table.max_parallelism) + " in the checkpoint, the job has " +
                      std::to_string(range_.max_parallelism),
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  const Entry* const entry = FindTable(table.state);
  if (entry == nullptr) {
    AddTable(table.state, table.schema, layout);
    return Status::Ok();
  }
  if (entry->table->schema() != table.schema || entry->table->layout() != layout) {
    return Status::Corruption("subtasks of one checkpoint differ in the schema or the shards of " +
                              Where(table.state));
  }
  return Status::Ok();
}

Status RocksDbStore::Import(const StoredTable& table, const StoredShard& shard,
                            const std::vector<std::string>& paths) {
  Entry* const entry = FindTable(table.state);
  if (entry == nullptr) return Status::Internal(Where(table.state) + " was not added");
  RocksDbTable* const target = entry->table.get();
  const ShardLayout& layout = target->layout();
  const GroupSpan own = OwnGroupsOf(layout, shard.shard);
  const GroupSpan wanted{std::max(own.first, shard.first_key_group),
                         std::min(own.end, shard.first_key_group + shard.key_group_count)};
  if (wanted.empty() || paths.empty()) return Status::Ok();
  const bool first = target->family(shard.shard) == nullptr;
  const std::string name = first ? target->state() + "/" + std::to_string(shard.shard)
                                 : "import/" + std::to_string(imports_++);
  WEIR_ASSIGN_OR_RETURN(rocksdb::ColumnFamilyHandle* const family,
                        ImportFamily(*target, name, shard, paths));
  if (first) {
    target->SetFamily(shard.shard, family);
    WEIR_ASSIGN_OR_RETURN(const FileNumbers numbers, CheckImported(*target, family, shard));
    imported_files_.insert(numbers.begin(), numbers.end());
    WEIR_RETURN_IF_ERROR(DropForeignFiles(*target, family, own));
    // What it has of groups that come from another part is out of date. Removed one by one: RocksDB
    // 7.8 loses deletions of ranges when their files are imported again.
    WEIR_RETURN_IF_ERROR(CopyGroups(*target, family, {own.first, wanted.first}, nullptr));
    WEIR_RETURN_IF_ERROR(CopyGroups(*target, family, {wanted.end, own.end}, nullptr));
    return FromRocksDb(database_->EnableAutoCompaction({family}), "restoring " + target->where());
  }
  Status copied = CheckImported(*target, family, shard).status();
  if (copied.ok()) {
    copied = CopyGroups(*target, family, wanted, target->family(shard.shard));
  }
  const rocksdb::Status dropped = database_->DropColumnFamily(family);
  const rocksdb::Status closed = database_->DestroyColumnFamilyHandle(family);
  WEIR_RETURN_IF_ERROR(copied);
  WEIR_RETURN_IF_ERROR(FromRocksDb(dropped, "restoring " + target->where()));
  return FromRocksDb(closed, "restoring " + target->where());
}

Result<rocksdb::ColumnFamilyHandle*> RocksDbStore::ImportFamily(
    const RocksDbTable& table, const std::string& name, const StoredShard& shard,
    const std::vector<std::string>& paths) {
  rocksdb::ColumnFamilyOptions options = FamilyOptionsOf(table);
  // Until it is known which file became which.
  options.disable_auto_compactions = true;
  rocksdb::ImportColumnFamilyOptions import_options;
  import_options.move_files = true;
  rocksdb::ColumnFamilyHandle* family = nullptr;
  const rocksdb::Status imported = database_->CreateColumnFamilyWithImport(
      options, name, import_options, MetadataOf(shard, paths), &family);
  if (!imported.ok()) {
    std::string files;
    for (const StoredFile& file : shard.files) {
      files += (files.empty() ? "" : ", ") + file.shared.path;
    }
    return FromRocksDb(imported, "restoring " + table.where() + " from " + files);
  }
  return family;
}

Result<RocksDbStore::FileNumbers> RocksDbStore::CheckImported(const RocksDbTable& table,
                                                              rocksdb::ColumnFamilyHandle* family,
                                                              const StoredShard& shard) {
  rocksdb::TablePropertiesCollection properties;
  const rocksdb::Status read = database_->GetPropertiesOfAllTables(family, &properties);
  if (!read.ok()) return FromRocksDb(read, "restoring " + table.where());
  FileNumbers numbers;
  for (const auto& [path, file] : properties) {
    std::string id;
    const rocksdb::Status named = rocksdb::GetExtendedUniqueIdFromTableProperties(*file, &id);
    if (!named.ok()) return FromRocksDb(named, "restoring " + table.where());
    numbers[id] = std::stoull(path.substr(path.rfind('/') + 1));
  }
  for (const StoredFile& file : shard.files) {
    if (!numbers.contains(file.table_file.unique_id)) {
      return Status::Corruption("restoring " + table.where() + ": " + file.shared.path +
                                " is another file than the checkpoint was made of");
    }
  }
  return numbers;
}

Status RocksDbStore::DropForeignFiles(const RocksDbTable& table,
                                      rocksdb::ColumnFamilyHandle* family, GroupSpan own) {
  const std::pair<std::string, std::string> ranges[] = {
      {KeyGroupPrefix(0), KeyGroupPrefix(own.first)},
      {KeyGroupPrefix(own.end), KeyGroupPrefix(range_.max_parallelism)}};
  for (const auto& [first, end] : ranges) {
    const rocksdb::Slice first_slice = first;
    const rocksdb::Slice end_slice = end;
    const rocksdb::Status dropped = rocksdb::DeleteFilesInRange(
        database_.get(), family, &first_slice, &end_slice, /*include_end=*/false);
    if (!dropped.ok()) return FromRocksDb(dropped, "restoring " + table.where());
  }
  return Status::Ok();
}

Status RocksDbStore::CopyGroups(const RocksDbTable& table, rocksdb::ColumnFamilyHandle* from,
                                GroupSpan groups, rocksdb::ColumnFamilyHandle* to) {
  if (groups.empty()) return Status::Ok();
  const std::string end = KeyGroupPrefix(groups.end);
  const rocksdb::Slice end_slice = end;
  rocksdb::ReadOptions read_options;
  read_options.iterate_upper_bound = &end_slice;
  read_options.fill_cache = false;
  rocksdb::WriteOptions write_options;
  write_options.disableWAL = true;
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> entries(database_->NewIterator(read_options, from));
  rocksdb::Status status;
  for (entries->Seek(KeyGroupPrefix(groups.first)); entries->Valid() && status.ok();
       entries->Next()) {
    status = to == nullptr ? batch.Delete(from, entries->key())
                           : batch.Put(to, entries->key(), entries->value());
    if (status.ok() && batch.GetDataSize() >= options_.write_batch_size_bytes) {
      status = database_->Write(write_options, &batch);
      batch.Clear();
    }
  }
  if (status.ok()) status = entries->status();
  if (status.ok()) status = database_->Write(write_options, &batch);
  return FromRocksDb(status, "restoring " + table.where());
}

}  // namespace weir::state
