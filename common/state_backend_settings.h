// The settings of keyed state that does not fit in memory. A part of the list in common/settings.h;
// the same rules hold.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

#include "common/setting.h"

namespace weir {

class Configuration;

enum class StateBackendType { kHashMap, kRocksDb };
template <>
struct SettingEnum<StateBackendType> {
  static constexpr std::array<std::string_view, 2> names{"hashmap", "rocksdb"};
};

enum class RocksDbCompactionSetting { kLevel, kUniversal };
template <>
struct SettingEnum<RocksDbCompactionSetting> {
  static constexpr std::array<std::string_view, 2> names{"LEVEL", "UNIVERSAL"};
};

// The elements of state.backend.rocksdb.compression.per.level, in the order of
// taskmanager/state/rocksdb_options.h's RocksDbCompression.
inline constexpr std::array<std::string_view, 4> kRocksDbCompressionNames{
    "NO_COMPRESSION", "SNAPPY_COMPRESSION", "LZ4_COMPRESSION", "ZSTD_COMPRESSION"};

// What bounds of single settings cannot say. INVALID_ARGUMENT that names the key.
Status CheckStateBackendSettings(const Configuration& configuration);

namespace settings {

inline constexpr Setting<StateBackendType> kStateBackend{
    {.key = "state.backend.type",
     .default_text = "hashmap",
     .stability = SettingStability::kEvolving,
     .description =
         "Where keyed state lives: in memory (hashmap), or in RocksDB on local disk with "
         "what is in use in memory (rocksdb)."}};
inline constexpr Setting<bool> kCheckpointingIncremental{
    {.key = "execution.checkpointing.incremental",
     .default_text = "true",
     .stability = SettingStability::kEvolving,
     .description = "A checkpoint of state in RocksDB writes only the files that are new since the "
                    "last completed one."}};
inline constexpr Setting<std::string> kRocksDbLocalDirectory{
    {.key = "state.backend.rocksdb.localdir",
     .has_default = SettingDefault::kNone,
     .description = "Folder on a local disk for the state of running jobs. Unset: a folder in "
                    "process.working-dir."}};
inline constexpr Setting<double> kManagedMemoryFraction{
    {.key = "taskmanager.memory.managed.fraction",
     .default_text = "0.4",
     .stability = SettingStability::kEvolving,
     .description =
         "Part of taskmanager.memory.process.size that RocksDB may use; a worker has the "
         "part of its slots."}};
inline constexpr Setting<MemorySize> kRocksDbMemory{
    {.key = "state.backend.rocksdb.memory.fixed-per-tm",
     .has_default = SettingDefault::kNone,
     .stability = SettingStability::kEvolving,
     .minimum = 1 << 20,
     .description = "Memory of all RocksDB stores of one worker: block cache and write buffers. "
                    "Unset: by taskmanager.memory.managed.fraction where the size of the process "
                    "is set, else 256 mb."}};
inline constexpr Setting<double> kRocksDbWriteBufferRatio{
    {.key = "state.backend.rocksdb.memory.write-buffer-ratio",
     .default_text = "0.5",
     .description = "Part of that memory for write buffers."}};
inline constexpr Setting<double> kRocksDbHighPriorityPoolRatio{
    {.key = "state.backend.rocksdb.memory.high-prio-pool-ratio",
     .default_text = "0.1",
     .description = "Part of that memory for indexes and filters."}};
inline constexpr Setting<std::int64_t> kRocksDbThreads{
    {.key = "state.backend.rocksdb.thread.num",
     .default_text = "2",
     .minimum = 1,
     .maximum = 1024,
     .description = "Threads of a worker that write and compact files."}};
inline constexpr Setting<std::int64_t> kRocksDbCacheEntries{
    {.key = "state.backend.rocksdb.cache.entries",
     .default_text = "65536",
     .stability = SettingStability::kEvolving,
     .minimum = 1,
     .description =
         "Entries of each state that a subtask keeps in memory, as they are, in front of "
         "RocksDB."}};
inline constexpr Setting<std::int64_t> kRocksDbCacheOverdraftEntries{
    {.key = "state.backend.rocksdb.cache.overdraft-entries",
     .default_text = "65536",
     .stability = SettingStability::kEvolving,
     .minimum = 1,
     .description = "How many more there may be while a checkpoint is written; then the subtask "
                    "waits."}};
inline constexpr Setting<MemorySize> kRocksDbWriteBufferSize{
    {.key = "state.backend.rocksdb.writebuffer.size",
     .default_text = "64 mb",
     .minimum = 64 * 1024,
     .description = "Size of one write buffer."}};
inline constexpr Setting<std::int64_t> kRocksDbWriteBufferCount{
    {.key = "state.backend.rocksdb.writebuffer.count",
     .default_text = "2",
     .minimum = 2,
     .maximum = 1024,
     .description = "Write buffers of a column family at most."}};
inline constexpr Setting<std::int64_t> kRocksDbWriteBuffersToMerge{
    {.key = "state.backend.rocksdb.writebuffer.number-to-merge",
     .default_text = "1",
     .minimum = 1,
     .maximum = 1024,
     .description = "Full write buffers that are written as one file."}};
inline constexpr Setting<MemorySize> kRocksDbBlockSize{
    {.key = "state.backend.rocksdb.block.blocksize",
     .default_text = "4 kb",
     .minimum = 256,
     .maximum = 1 << 30,
     .description = "Size of a block, the unit that is read."}};
inline constexpr Setting<bool> kRocksDbUseBloomFilter{
    {.key = "state.backend.rocksdb.use-bloom-filter",
     .default_text = "true",
     .description = "Whether files have filters, so that asking for what is not there reads "
                    "nothing. Not Flink's default."}};
inline constexpr Setting<double> kRocksDbBloomFilterBits{
    {.key = "state.backend.rocksdb.bloom-filter.bits-per-key",
     .default_text = "10",
     .description = "Size of a filter; 1 to 64."}};
inline constexpr Setting<RocksDbCompactionSetting> kRocksDbCompactionStyle{
    {.key = "state.backend.rocksdb.compaction.style",
     .default_text = "LEVEL",
     .description = "How files are merged."}};
inline constexpr Setting<MemorySize> kRocksDbTargetFileSize{
    {.key = "state.backend.rocksdb.compaction.level.target-file-size-base",
     .default_text = "64 mb",
     .minimum = 64 * 1024,
     .description = "Size of a file."}};
inline constexpr Setting<MemorySize> kRocksDbMaxLevelSize{
    {.key = "state.backend.rocksdb.compaction.level.max-size-level-base",
     .default_text = "256 mb",
     .minimum = 64 * 1024,
     .description = "Size of the first level."}};
inline constexpr Setting<bool> kRocksDbDynamicLevelSize{
    {.key = "state.backend.rocksdb.compaction.level.use-dynamic-size",
     .default_text = "false",
     .description = "Whether the sizes of levels follow that of the last one."}};
inline constexpr Setting<std::vector<std::string>> kRocksDbCompression{
    {.key = "state.backend.rocksdb.compression.per.level",
     .default_text = "SNAPPY_COMPRESSION",
     .description = "NO_COMPRESSION, SNAPPY_COMPRESSION, LZ4_COMPRESSION or ZSTD_COMPRESSION for "
                    "each level; the last one holds for all that follow."}};
inline constexpr Setting<std::int64_t> kRocksDbOpenFiles{
    {.key = "state.backend.rocksdb.files.open",
     .default_text = "-1",
     .minimum = -1,
     .maximum = INT32_MAX,
     .description = "Files that a store keeps open. -1: all that it has."}};
inline constexpr Setting<MemorySize> kRocksDbWriteBatchSize{
    {.key = "state.backend.rocksdb.write-batch-size",
     .default_text = "2 mb",
     .minimum = 1,
     .description = "Bytes that are written together when entries are copied."}};

}  // namespace settings

}  // namespace weir
