// Which of RocksDB's own metrics are reported. A part of the list in common/settings.h; the same
// rules hold. What follows "state.backend.rocksdb.metrics." is the metric's name, as in Flink.
#pragma once

#include <array>
#include <string_view>

#include "common/setting.h"

namespace weir::settings {

inline constexpr std::string_view kRocksDbMetricPrefix = "state.backend.rocksdb.metrics.";

consteval Setting<bool>::Declaration RocksDbMetric(std::string_view key,
                                                   std::string_view description) {
  return {.key = key,
          .default_text = "false",
          .stability = SettingStability::kEvolving,
          .description = description};
}

inline constexpr Setting<bool> kRocksDbMetricBlockCacheCapacity{
    RocksDbMetric("state.backend.rocksdb.metrics.block-cache-capacity",
                  "Size of the block cache, which all stores of a worker share, in bytes.")};
inline constexpr Setting<bool> kRocksDbMetricBlockCacheUsage{
    RocksDbMetric("state.backend.rocksdb.metrics.block-cache-usage",
                  "Bytes of the block cache that are in use, by all stores of the worker.")};
inline constexpr Setting<bool> kRocksDbMetricBlockCachePinnedUsage{
    RocksDbMetric("state.backend.rocksdb.metrics.block-cache-pinned-usage",
                  "Of these, those that cannot be given up.")};
inline constexpr Setting<bool> kRocksDbMetricBlockCacheHit{
    RocksDbMetric("state.backend.rocksdb.metrics.block-cache-hit",
                  "Blocks found in the cache. Of an operator; slows reads a little, as all counts "
                  "of RocksDB do.")};
inline constexpr Setting<bool> kRocksDbMetricBlockCacheMiss{
    RocksDbMetric("state.backend.rocksdb.metrics.block-cache-miss",
                  "Blocks that had to be read. Of an operator; counted.")};
inline constexpr Setting<bool> kRocksDbMetricBytesRead{
    RocksDbMetric("state.backend.rocksdb.metrics.bytes-read",
                  "Bytes of values that were read. Of an operator; counted.")};
inline constexpr Setting<bool> kRocksDbMetricBytesWritten{
    RocksDbMetric("state.backend.rocksdb.metrics.bytes-written",
                  "Bytes that were written. Of an operator; counted.")};
inline constexpr Setting<bool> kRocksDbMetricCompactionReadBytes{
    RocksDbMetric("state.backend.rocksdb.metrics.compaction-read-bytes",
                  "Bytes that compactions have read. Of an operator; counted.")};
inline constexpr Setting<bool> kRocksDbMetricCompactionWriteBytes{
    RocksDbMetric("state.backend.rocksdb.metrics.compaction-write-bytes",
                  "Bytes that compactions have written. Of an operator; counted.")};
inline constexpr Setting<bool> kRocksDbMetricStallMicros{
    RocksDbMetric("state.backend.rocksdb.metrics.stall-micros",
                  "How long writes were held back, in microseconds. Of an operator; counted.")};
inline constexpr Setting<bool> kRocksDbMetricCurSizeActiveMemTable{
    RocksDbMetric("state.backend.rocksdb.metrics.cur-size-active-mem-table",
                  "Bytes of the memtables that are written to.")};
inline constexpr Setting<bool> kRocksDbMetricCurSizeAllMemTables{
    RocksDbMetric("state.backend.rocksdb.metrics.cur-size-all-mem-tables",
                  "Bytes of these and of those that wait to be flushed.")};
inline constexpr Setting<bool> kRocksDbMetricSizeAllMemTables{
    RocksDbMetric("state.backend.rocksdb.metrics.size-all-mem-tables",
                  "Bytes of these and of those that are pinned.")};
inline constexpr Setting<bool> kRocksDbMetricNumEntriesActiveMemTable{
    RocksDbMetric("state.backend.rocksdb.metrics.num-entries-active-mem-table",
                  "Entries in the memtables that are written to.")};
inline constexpr Setting<bool> kRocksDbMetricNumDeletesActiveMemTable{
    RocksDbMetric("state.backend.rocksdb.metrics.num-deletes-active-mem-table",
                  "Deletions in the memtables that are written to.")};
inline constexpr Setting<bool> kRocksDbMetricNumImmutableMemTable{RocksDbMetric(
    "state.backend.rocksdb.metrics.num-immutable-mem-table", "Memtables that wait to be flushed.")};
inline constexpr Setting<bool> kRocksDbMetricMemTableFlushPending{
    RocksDbMetric("state.backend.rocksdb.metrics.mem-table-flush-pending",
                  "Column families with a flush that waits.")};
inline constexpr Setting<bool> kRocksDbMetricNumRunningFlushes{
    RocksDbMetric("state.backend.rocksdb.metrics.num-running-flushes",
                  "Flushes that are running. Of an operator.")};
inline constexpr Setting<bool> kRocksDbMetricCompactionPending{
    RocksDbMetric("state.backend.rocksdb.metrics.compaction-pending",
                  "Column families with a compaction that waits.")};
inline constexpr Setting<bool> kRocksDbMetricNumRunningCompactions{
    RocksDbMetric("state.backend.rocksdb.metrics.num-running-compactions",
                  "Compactions that are running. Of an operator.")};
inline constexpr Setting<bool> kRocksDbMetricEstimatePendingCompactionBytes{
    RocksDbMetric("state.backend.rocksdb.metrics.estimate-pending-compaction-bytes",
                  "Bytes that compactions have yet to rewrite, about.")};
inline constexpr Setting<bool> kRocksDbMetricEstimateNumKeys{
    RocksDbMetric("state.backend.rocksdb.metrics.estimate-num-keys", "Entries, about.")};
inline constexpr Setting<bool> kRocksDbMetricEstimateLiveDataSize{RocksDbMetric(
    "state.backend.rocksdb.metrics.estimate-live-data-size", "Bytes of what is live, about.")};
inline constexpr Setting<bool> kRocksDbMetricEstimateTableReadersMem{
    RocksDbMetric("state.backend.rocksdb.metrics.estimate-table-readers-mem",
                  "Bytes for reading files that are outside of the block cache, about.")};
inline constexpr Setting<bool> kRocksDbMetricLiveSstFilesSize{RocksDbMetric(
    "state.backend.rocksdb.metrics.live-sst-files-size", "Bytes of the files that are in use.")};
inline constexpr Setting<bool> kRocksDbMetricTotalSstFilesSize{
    RocksDbMetric("state.backend.rocksdb.metrics.total-sst-files-size",
                  "Bytes of these and of those that readers still hold.")};
inline constexpr Setting<bool> kRocksDbMetricNumLiveVersions{RocksDbMetric(
    "state.backend.rocksdb.metrics.num-live-versions",
    "Versions of the set of files that are held; more than one for each column family: by scans.")};
inline constexpr Setting<bool> kRocksDbMetricNumSnapshots{RocksDbMetric(
    "state.backend.rocksdb.metrics.num-snapshots", "Snapshots that are held. Of an operator.")};
inline constexpr Setting<bool> kRocksDbMetricBackgroundErrors{
    RocksDbMetric("state.backend.rocksdb.metrics.background-errors",
                  "Errors of flushes and compactions. Of an operator.")};
inline constexpr Setting<bool> kRocksDbMetricActualDelayedWriteRate{RocksDbMetric(
    "state.backend.rocksdb.metrics.actual-delayed-write-rate",
    "Bytes per second that writes are slowed down to; 0: they are not. Of an operator.")};
inline constexpr Setting<bool> kRocksDbMetricIsWriteStopped{
    RocksDbMetric("state.backend.rocksdb.metrics.is-write-stopped",
                  "1 while writes are held back. Of an operator.")};

// All of them.
inline constexpr auto kRocksDbMetrics = std::to_array<const Setting<bool>*>({
    &kRocksDbMetricBlockCacheCapacity,
    &kRocksDbMetricBlockCacheUsage,
    &kRocksDbMetricBlockCachePinnedUsage,
    &kRocksDbMetricBlockCacheHit,
    &kRocksDbMetricBlockCacheMiss,
    &kRocksDbMetricBytesRead,
    &kRocksDbMetricBytesWritten,
    &kRocksDbMetricCompactionReadBytes,
    &kRocksDbMetricCompactionWriteBytes,
    &kRocksDbMetricStallMicros,
    &kRocksDbMetricCurSizeActiveMemTable,
    &kRocksDbMetricCurSizeAllMemTables,
    &kRocksDbMetricSizeAllMemTables,
    &kRocksDbMetricNumEntriesActiveMemTable,
    &kRocksDbMetricNumDeletesActiveMemTable,
    &kRocksDbMetricNumImmutableMemTable,
    &kRocksDbMetricMemTableFlushPending,
    &kRocksDbMetricNumRunningFlushes,
    &kRocksDbMetricCompactionPending,
    &kRocksDbMetricNumRunningCompactions,
    &kRocksDbMetricEstimatePendingCompactionBytes,
    &kRocksDbMetricEstimateNumKeys,
    &kRocksDbMetricEstimateLiveDataSize,
    &kRocksDbMetricEstimateTableReadersMem,
    &kRocksDbMetricLiveSstFilesSize,
    &kRocksDbMetricTotalSstFilesSize,
    &kRocksDbMetricNumLiveVersions,
    &kRocksDbMetricNumSnapshots,
    &kRocksDbMetricBackgroundErrors,
    &kRocksDbMetricActualDelayedWriteRate,
    &kRocksDbMetricIsWriteStopped,
});

}  // namespace weir::settings
