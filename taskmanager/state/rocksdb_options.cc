#include "taskmanager/state/rocksdb_options.h"

#include <algorithm>
#include <bit>
#include <string>

#include "taskmanager/state/rocksdb_metrics.h"

namespace weir::state {
namespace {

Status Refuse(std::string_view key, std::string_view why) {
  return Status::InvalidArgument("state.backend.rocksdb." + std::string(key) + " " +
                                 std::string(why));
}

}  // namespace

Status RocksDbMemoryOptions::Check() const {
  if (memory_bytes < (1 << 20)) return Refuse("memory.fixed-per-tm", "is below 1 mb");
  if (!(write_buffer_ratio > 0 && write_buffer_ratio < 1)) {
    return Refuse("memory.write-buffer-ratio", "is not between 0 and 1");
  }
  if (!(high_prio_pool_ratio >= 0 && write_buffer_ratio + high_prio_pool_ratio < 1)) {
    return Refuse("memory.high-prio-pool-ratio",
                  "and state.backend.rocksdb.memory.write-buffer-ratio together are not below 1");
  }
  if (thread_num < 1) return Refuse("thread.num", "is below 1");
  return Status::Ok();
}

Status RocksDbTableOptions::Check() const {
  if (writebuffer_size_bytes < 64 * 1024) return Refuse("writebuffer.size", "is below 64 kb");
  if (writebuffer_count < 2) return Refuse("writebuffer.count", "is below 2");
  if (writebuffer_number_to_merge < 1 || writebuffer_number_to_merge >= writebuffer_count) {
    return Refuse("writebuffer.number-to-merge",
                  "is not at least 1 and below state.backend.rocksdb.writebuffer.count");
  }
  if (block_blocksize_bytes < 256) return Refuse("block.blocksize", "is below 256 bytes");
  if (!(bloom_filter_bits_per_key >= 1 && bloom_filter_bits_per_key <= 64)) {
    return Refuse("bloom-filter.bits-per-key", "is not between 1 and 64");
  }
  if (compaction_level_target_file_size_bytes < 64 * 1024) {
    return Refuse("compaction.level.target-file-size-base", "is below 64 kb");
  }
  if (compaction_level_max_size_level_bytes < compaction_level_target_file_size_bytes) {
    return Refuse("compaction.level.max-size-level-base",
                  "is below state.backend.rocksdb.compaction.level.target-file-size-base");
  }
  return Status::Ok();
}

Status RocksDbOptions::Check() const {
  WEIR_RETURN_IF_ERROR(table.Check());
  if (cache.entries == 0) return Refuse("cache.entries", "is 0");
  if (files_open < -1 || files_open == 0) return Refuse("files.open", "is neither -1 nor positive");
  if (write_batch_size_bytes == 0) return Refuse("write-batch-size", "is 0");
  for (const std::string& name : metrics) WEIR_RETURN_IF_ERROR(CheckMetricName(name));
  return Status::Ok();
}

std::uint32_t ShardCountFor(std::uint32_t parallelism, std::uint32_t max_parallelism) {
  return std::min(max_parallelism, std::max(16U, std::bit_ceil(4 * parallelism)));
}

}  // namespace weir::state
