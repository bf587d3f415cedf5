// The plain options as RocksDB takes them, and how an entry's place becomes RocksDB's key.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
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
// KeyedStore::Expire(): set by the task's thread, read when a compaction begins.
using ExpiryLimit = std::atomic<std::int64_t>;
inline constexpr std::int64_t kNothingExpired = std::numeric_limits<std::int64_t>::min();
// Removes when files are compacted: what is not in the range, which a shard brought along from
// subtasks that divided the key groups in another way; and, once there is a limit, what was last
// used at or before it (as Flink's filter for state with a time to live, without its clock).
std::shared_ptr<rocksdb::CompactionFilterFactory> WantedEntriesFilter(
    const internal::KeyGroupRange& range, std::shared_ptr<const ExpiryLimit> limit);
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
