#include "taskmanager/state/store_snapshot.h"

#include <bit>
#include <utility>

#include "proto/keyed_store.pb.h"

namespace weir::state {
namespace {

void ToMessage(const StoredFile& file, proto::StoreFile& message) {
  message.set_path(file.shared.path);
  message.set_size_bytes(file.shared.size_bytes);
  message.set_checksum(file.shared.checksum);
  message.set_unique_id(file.table_file.unique_id);
  message.set_level(file.table_file.level);
  message.set_smallest_key(file.table_file.smallest_key);
  message.set_largest_key(file.table_file.largest_key);
  message.set_smallest_sequence_number(file.table_file.smallest_sequence_number);
  message.set_largest_sequence_number(file.table_file.largest_sequence_number);
}

StoredFile FromMessage(const proto::StoreFile& message) {
  StoredFile file;
  file.shared = {message.path(), message.size_bytes(), message.checksum()};
  file.table_file = {.unique_id = message.unique_id(),
                     .size_bytes = message.size_bytes(),
                     .level = message.level(),
                     .smallest_key = message.smallest_key(),
                     .largest_key = message.largest_key(),
                     .smallest_sequence_number = message.smallest_sequence_number(),
                     .largest_sequence_number = message.largest_sequence_number()};
  return file;
}

bool LeadsOut(std::string_view path) {
  return path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos ||
         ("/" + std::string(path) + "/").find("/../") != std::string::npos;
}

Status CheckShard(const StoredTable& table, const StoredShard& shard) {
  const std::string where =
      "shard " + std::to_string(shard.shard) + " of keyed state '" + table.state + "'";
  const std::uint64_t groups = table.max_parallelism / table.shard_count;
  const std::uint64_t first = shard.shard * groups;
  const std::uint64_t end = std::uint64_t{shard.first_key_group} + shard.key_group_count;
  if (shard.shard >= table.shard_count || shard.key_group_count == 0 ||
      shard.first_key_group < first || end > first + groups) {
    return Status::Corruption(where + " claims key groups that are not its own");
  }
  for (const StoredFile& file : shard.files) {
    if (LeadsOut(file.shared.path)) {
      return Status::Corruption(where + " names a file outside of the checkpoint folder: '" +
                                file.shared.path + "'");
    }
    if (file.table_file.unique_id.empty() || file.table_file.level < 0) {
      return Status::Corruption(where + ": '" + file.shared.path + "' lacks its id or its level");
    }
  }
  return Status::Ok();
}

Status CheckTable(const StoredTable& table) {
  if (!std::has_single_bit(table.max_parallelism) || !std::has_single_bit(table.shard_count) ||
      table.shard_count > table.max_parallelism) {
    return Status::Corruption("keyed state '" + table.state + "' has a maximum parallelism of " +
                              std::to_string(table.max_parallelism) + " in " +
                              std::to_string(table.shard_count) + " shards");
  }
  for (const StoredShard& shard : table.shards) WEIR_RETURN_IF_ERROR(CheckShard(table, shard));
  return Status::Ok();
}

}  // namespace

std::uint64_t StoreSnapshot::size_bytes() const {
  std::uint64_t total = 0;
  for (const StoredTable& table : tables) {
    for (const StoredShard& shard : table.shards) {
      for (const StoredFile& file : shard.files) total += file.shared.size_bytes;
    }
  }
  return total;
}

std::string EncodeStoreSnapshot(const StoreSnapshot& snapshot) {
  proto::KeyedStoreSnapshot message;
  for (const StoredTable& table : snapshot.tables) {
    proto::StoreTable& to = *message.add_tables();
    to.set_state(table.state);
    to.set_schema(table.schema);
    to.set_max_parallelism(table.max_parallelism);
    to.set_shard_count(table.shard_count);
    for (const StoredShard& shard : table.shards) {
      proto::StoreShard& to_shard = *to.add_shards();
      to_shard.set_shard(shard.shard);
      to_shard.set_first_key_group(shard.first_key_group);
      to_shard.set_key_group_count(shard.key_group_count);
      for (const StoredFile& file : shard.files) ToMessage(file, *to_shard.add_files());
    }
  }
  return message.SerializeAsString();
}

Result<StoreSnapshot> DecodeStoreSnapshot(std::string_view bytes) {
  proto::KeyedStoreSnapshot message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Status::Corruption("the description of a store of keyed state is malformed");
  }
  StoreSnapshot snapshot;
  for (const proto::StoreTable& from : message.tables()) {
    StoredTable& table = snapshot.tables.emplace_back();
    table.state = from.state();
    table.schema = from.schema();
    table.max_parallelism = from.max_parallelism();
    table.shard_count = from.shard_count();
    for (const proto::StoreShard& from_shard : from.shards()) {
      StoredShard& shard = table.shards.emplace_back();
      shard.shard = from_shard.shard();
      shard.first_key_group = from_shard.first_key_group();
      shard.key_group_count = from_shard.key_group_count();
      for (const proto::StoreFile& file : from_shard.files()) {
        shard.files.push_back(FromMessage(file));
      }
    }
    WEIR_RETURN_IF_ERROR(CheckTable(table));
  }
  return snapshot;
}

}  // namespace weir::state
