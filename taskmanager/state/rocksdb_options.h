// How RocksDB is set up, as plain values. The names are those of Flink's settings
// state.backend.rocksdb.*.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/state/keyed_store.h>
#include <weir/status.h>

namespace weir::state {

enum class RocksDbCompression { kNone, kSnappy, kLz4, kZstd };
enum class RocksDbCompactionStyle { kLevel, kUniversal };

// What all stores of a worker share.
struct RocksDbMemoryOptions {
  // Block cache and memtables together never go far beyond it. At least 1 MiB.
  std::uint64_t memory_bytes = 256ULL * 1024 * 1024;
  double write_buffer_ratio = 0.5;    // memory.write-buffer-ratio
  double high_prio_pool_ratio = 0.1;  // memory.high-prio-pool-ratio
  int thread_num = 2;                 // thread.num: of flushes and compactions

  Status Check() const;
};

// What each table's column families are made with.
struct RocksDbTableOptions {
  std::uint64_t writebuffer_size_bytes = 64ULL * 1024 * 1024;  // writebuffer.size
  int writebuffer_count = 2;                                   // writebuffer.count
  int writebuffer_number_to_merge = 1;                         // writebuffer.number-to-merge
  std::uint64_t block_blocksize_bytes = 4096;                  // block.blocksize
  // use-bloom-filter. Not Flink's default, which is off: a key that is new asks for what is not
  // there, and without a filter that reads a block from every level.
  bool use_bloom_filter = true;
  double bloom_filter_bits_per_key = 10;
  // compaction.level.target-file-size-base, .max-size-level-base, .use-dynamic-size
  std::uint64_t compaction_level_target_file_size_bytes = 64ULL * 1024 * 1024;
  std::uint64_t compaction_level_max_size_level_bytes = 256ULL * 1024 * 1024;
  bool compaction_level_use_dynamic_size = false;
  RocksDbCompactionStyle compaction_style = RocksDbCompactionStyle::kLevel;
  // compression.per.level: the last one holds for the levels after it too; empty: none.
  std::vector<RocksDbCompression> compression_per_level = {RocksDbCompression::kSnappy};

  Status Check() const;
};

struct RocksDbOptions {
  RocksDbTableOptions table;
  internal::StoreCacheLimits cache = {65'536, 65'536};  // of typed entries, above each table
  int files_open = -1;                                  // files.open; -1: as many as there are
  std::uint64_t write_batch_size_bytes = 2 << 20;       // write-batch-size: of copied entries
  std::vector<std::string> metrics;  // metrics.*: which are reported (rocksdb_metrics.h)

  Status Check() const;
};

// How many shards a table's key groups are divided into: a power of two, up to `max_parallelism`.
// Fixed when a table is made and then part of its checkpoints: a shard is what is handed over whole
// at another parallelism, so there are several for each subtask; each costs a memtable, and a file
// for each checkpoint in which it has changed.
std::uint32_t ShardCountFor(std::uint32_t parallelism, std::uint32_t max_parallelism);

}  // namespace weir::state
