// The plain options as RocksDB takes them, and how an entry's place becomes RocksDB's key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <weir/internal/state/key_group_range.h>

#include "taskmanager/state/rocksdb_memory.h"
#include "taskmanager/state/rocksdb_options.h"

namespace rocksdb {
class CompactionFilterFactory;
struct ColumnFamilyOptions;
struct DBOptions;
}  // namespace rocksdb

namespace weir::state {

rocksdb::ColumnFamilyOptions ColumnFamilyOptionsOf(const RocksDbTableOptions& options,
                                                   const RocksDbMemory& memory);
// Removes what is not in the range when files are compacted: what a shard brought along from
// subtasks that divided the key groups in another way.
std::shared_ptr<rocksdb::CompactionFilterFactory> OwnGroupsFilter(
    const internal::KeyGroupRange& range);
rocksdb::DBOptions DatabaseOptionsOf(const RocksDbOptions& options, const RocksDbMemory& memory);

// In front of an entry's key bytes: the key group in two bytes, the high one first, so that the
// order of keys is that of key groups. A maximum parallelism is at most 32768.
inline constexpr std::size_t kKeyGroupBytes = 2;
void AppendKeyGroup(std::uint32_t key_group, std::string& key);
std::string KeyGroupPrefix(std::uint32_t key_group);
// `key` has at least kKeyGroupBytes.
std::uint32_t KeyGroupOfKey(std::string_view key);
// The first key behind all that begin with `prefix`, whose first byte is below 0xff.
std::string EndOfPrefix(std::string_view prefix);

}  // namespace weir::state
