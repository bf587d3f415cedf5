#include "taskmanager/state/column_family_options.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include <rocksdb/compaction_filter.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

namespace weir::state {
namespace {

constexpr std::size_t kArenaBlockBytes = std::size_t{128} * 1024;

rocksdb::CompressionType CompressionOf(RocksDbCompression compression) {
  switch (compression) {
    case RocksDbCompression::kSnappy:
      return rocksdb::kSnappyCompression;
    case RocksDbCompression::kLz4:
      return rocksdb::kLZ4Compression;
    case RocksDbCompression::kZstd:
      return rocksdb::kZSTD;
    case RocksDbCompression::kNone:
      break;
  }
  return rocksdb::kNoCompression;
}

rocksdb::BlockBasedTableOptions TableOptionsOf(const RocksDbTableOptions& options,
                                               const RocksDbMemory& memory) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = memory.cache();
  table.block_size = options.block_blocksize_bytes;
  // Indexes and filters count against the budget; data blocks do not drive them out.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  if (options.use_bloom_filter) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(options.bloom_filter_bits_per_key));
  }
  return table;
}

constexpr char kFilterName[] = "weir.WantedEntries";

class WantedEntries final : public rocksdb::CompactionFilter {
 public:
  WantedEntries(const internal::KeyGroupRange& range, std::int64_t limit_ms)
      : range_(range), limit_ms_(limit_ms) {}
  const char* Name() const override { return kFilterName; }
  Decision FilterV2(int, const rocksdb::Slice& key, ValueType, const rocksdb::Slice& value,
                    std::string*, std::string*) const override {
    if (!range_.Contains(KeyGroupOfKey({key.data(), key.size()}))) return Decision::kRemove;
    return HasExpired(value) ? Decision::kRemove : Decision::kKeep;
  }

 private:
  bool HasExpired(const rocksdb::Slice& value) const {
    std::int64_t last_access_ms = 0;
    if (limit_ms_ == kNothingExpired || value.size() < sizeof(last_access_ms)) return false;
    std::memcpy(&last_access_ms, value.data(), sizeof(last_access_ms));
    return last_access_ms <= limit_ms_;
  }

  const internal::KeyGroupRange range_;
  const std::int64_t limit_ms_;  // as it was when the compaction began
};

class WantedEntriesFactory final : public rocksdb::CompactionFilterFactory {
 public:
  WantedEntriesFactory(const internal::KeyGroupRange& range,
                       std::shared_ptr<const ExpiryLimit> limit)
      : range_(range), limit_(std::move(limit)) {}
  const char* Name() const override { return kFilterName; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<WantedEntries>(range_, limit_->load(std::memory_order_relaxed));
  }

 private:
  const internal::KeyGroupRange range_;
  const std::shared_ptr<const ExpiryLimit> limit_;
};

}  // namespace

std::shared_ptr<rocksdb::CompactionFilterFactory> WantedEntriesFilter(
    const internal::KeyGroupRange& range, std::shared_ptr<const ExpiryLimit> limit) {
  return std::make_shared<WantedEntriesFactory>(range, std::move(limit));
}

rocksdb::ColumnFamilyOptions ColumnFamilyOptionsOf(const RocksDbTableOptions& options,
                                                   const RocksDbMemory& memory) {
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = options.writebuffer_size_bytes;
  // There is a memtable for each shard of each state: small blocks, so that a nearly empty one
  // costs little of the budget.
  family.arena_block_size = kArenaBlockBytes;
  family.max_write_buffer_number = options.writebuffer_count;
  family.min_write_buffer_number_to_merge = options.writebuffer_number_to_merge;
  family.target_file_size_base = options.compaction_level_target_file_size_bytes;
  family.max_bytes_for_level_base = options.compaction_level_max_size_level_bytes;
  family.level_compaction_dynamic_level_bytes = options.compaction_level_use_dynamic_size;
  family.compaction_style = options.compaction_style == RocksDbCompactionStyle::kUniversal
                                ? rocksdb::kCompactionStyleUniversal
                                : rocksdb::kCompactionStyleLevel;
  const std::vector<RocksDbCompression>& levels = options.compression_per_level;
  family.compression = levels.empty() ? rocksdb::kNoCompression : CompressionOf(levels.front());
  if (levels.size() > 1) {
    for (int level = 0; level < family.num_levels; ++level) {
      const auto index = std::min<std::size_t>(static_cast<std::size_t>(level), levels.size() - 1);
      family.compression_per_level.push_back(CompressionOf(levels[index]));
    }
  }
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptionsOf(options, memory)));
  return family;
}

rocksdb::DBOptions DatabaseOptionsOf(const RocksDbOptions& options, const RocksDbMemory& memory) {
  rocksdb::DBOptions database;
  database.create_if_missing = true;
  database.write_buffer_manager = memory.write_buffers();
  database.max_open_files = options.files_open;
  database.max_background_jobs = database.env->GetBackgroundThreads(rocksdb::Env::LOW) +
                                 database.env->GetBackgroundThreads(rocksdb::Env::HIGH);
  database.stats_dump_period_sec = 0;
  database.info_log_level = rocksdb::WARN_LEVEL;
  database.max_log_file_size = std::size_t{25} * 1024 * 1024;
  database.keep_log_file_num = 4;
  // The write-back cache writes from one thread; nothing is to be reconciled.
  database.allow_concurrent_memtable_write = false;
  database.avoid_flush_during_shutdown = true;
  return database;
}

void AppendKeyGroup(std::uint32_t key_group, std::string& key) {
  key.push_back(static_cast<char>(key_group >> 8));
  key.push_back(static_cast<char>(key_group & 0xff));
}
std::string KeyGroupPrefix(std::uint32_t key_group) {
  std::string prefix;
  AppendKeyGroup(key_group, prefix);
  return prefix;
}
std::uint32_t KeyGroupOfKey(std::string_view key) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(key[0])) << 8 |
         static_cast<unsigned char>(key[1]);
}
std::string EndOfPrefix(std::string_view prefix) {
  std::string end(prefix);
  while (static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace weir::state
