#include "taskmanager/state/rocksdb_memory.h"

#include <algorithm>

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/write_buffer_manager.h>

namespace weir::state {
namespace {

// A write buffer manager lets memtables grow to one and a half of what it is given: while the
// mutable ones fill up, those before them are being flushed. So the cache, to which memtables are
// charged, takes what is left of the budget at that point (Flink: RocksDBMemoryControllerUtils).
std::uint64_t CacheBytes(const RocksDbMemoryOptions& options) {
  return static_cast<std::uint64_t>(static_cast<double>(options.memory_bytes) *
                                    (3 - options.write_buffer_ratio) / 3);
}
std::uint64_t WriteBufferBytes(const RocksDbMemoryOptions& options) {
  return static_cast<std::uint64_t>(static_cast<double>(options.memory_bytes) * 2 *
                                    options.write_buffer_ratio / 3);
}

}  // namespace

RocksDbMemory::RocksDbMemory(const RocksDbMemoryOptions& options)
    : budget_bytes_(options.memory_bytes),
      cache_(rocksdb::NewLRUCache(CacheBytes(options), -1, /*strict_capacity_limit=*/false,
                                  options.high_prio_pool_ratio)),
      write_buffers_(
          std::make_shared<rocksdb::WriteBufferManager>(WriteBufferBytes(options), cache_)) {
  rocksdb::Env* const env = rocksdb::Env::Default();
  env->SetBackgroundThreads(std::max(1, options.thread_num / 2), rocksdb::Env::HIGH);
  env->SetBackgroundThreads(options.thread_num, rocksdb::Env::LOW);
}

RocksDbMemory::~RocksDbMemory() = default;

std::uint64_t RocksDbMemory::used_bytes() const {
  return cache_->GetUsage();
}
std::uint64_t RocksDbMemory::memtable_bytes() const {
  return write_buffers_->memory_usage();
}

}  // namespace weir::state
