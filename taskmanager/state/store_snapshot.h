// What a store has in a checkpoint, as plain values; the bytes are proto/keyed_store.proto.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

namespace weir::state {

// Where a table file is in its column family, and which one it is.
struct TableFile {
  std::string unique_id;  // that the file itself carries
  std::uint64_t size_bytes = 0;
  std::int32_t level = 0;
  std::string smallest_key;
  std::string largest_key;
  std::uint64_t smallest_sequence_number = 0;
  std::uint64_t largest_sequence_number = 0;
  bool operator==(const TableFile&) const = default;
};

// A file that any number of checkpoints refer to.
struct SharedFile {
  std::string path;  // relative to the job's checkpoint folder
  std::uint64_t size_bytes = 0;
  std::uint32_t checksum = 0;  // CRC-32C of the whole file
  bool operator==(const SharedFile&) const = default;
};

struct StoredFile {
  TableFile table_file;
  SharedFile shared;
  bool operator==(const StoredFile&) const = default;
};

// Entries of key groups outside of the range may be in the files and do not count.
struct StoredShard {
  std::uint32_t shard = 0;
  std::uint32_t first_key_group = 0;
  std::uint32_t key_group_count = 0;
  std::vector<StoredFile> files;
  bool operator==(const StoredShard&) const = default;
};

struct StoredTable {
  std::string state;
  std::string schema;
  std::uint32_t max_parallelism = 0;
  std::uint32_t shard_count = 0;
  std::vector<StoredShard> shards;
  bool operator==(const StoredTable&) const = default;
};

struct StoreSnapshot {
  std::vector<StoredTable> tables;
  bool operator==(const StoreSnapshot&) const = default;

  std::uint64_t size_bytes() const;
};

std::string EncodeStoreSnapshot(const StoreSnapshot& snapshot);
// Corruption where these are not the bytes of a snapshot, or its numbers contradict each other or
// its paths lead out of the checkpoint folder.
Result<StoreSnapshot> DecodeStoreSnapshot(std::string_view bytes);

}  // namespace weir::state
