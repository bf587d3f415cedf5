// One budget for the block cache and the memtables of all stores in a worker.
#pragma once

#include <cstdint>
#include <memory>

#include <weir/status.h>

#include "taskmanager/state/rocksdb_options.h"

namespace rocksdb {
class Cache;
class WriteBufferManager;
}  // namespace rocksdb

namespace weir::state {

// Any thread. Outlives the stores that it is given to.
class RocksDbMemory {
 public:
  // `options` passed Check(). Sets the number of RocksDB's threads for the process.
  explicit RocksDbMemory(const RocksDbMemoryOptions& options);
  RocksDbMemory(const RocksDbMemory&) = delete;
  RocksDbMemory& operator=(const RocksDbMemory&) = delete;
  ~RocksDbMemory();

  std::uint64_t budget_bytes() const { return budget_bytes_; }
  // Of blocks, indexes and filters, and memtables.
  std::uint64_t used_bytes() const;
  std::uint64_t memtable_bytes() const;

  const std::shared_ptr<rocksdb::Cache>& cache() const { return cache_; }
  const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers() const {
    return write_buffers_;
  }

 private:
  const std::uint64_t budget_bytes_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
};

}  // namespace weir::state
