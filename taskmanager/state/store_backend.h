// StoreBackend: what the stores of one worker share: the budget of memory and a folder on the local
// disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <weir/internal/state/key_group_range.h>
#include <weir/status.h>

#include "common/mutex.h"
#include "taskmanager/scratch/scratch_folder.h"
#include "taskmanager/state/rocksdb_memory.h"
#include "taskmanager/state/rocksdb_options.h"
#include "taskmanager/state/rocksdb_store.h"

namespace weir::state {

struct StoreBackendOptions {
  // Where the worker's folder is made. Empty: that for temporary files.
  std::string local_directory;
  std::string worker_id;  // names the folder
  RocksDbMemoryOptions memory;
  RocksDbOptions rocksdb;
};

// Any thread. Makes nothing before the first store is opened; removes everything at its end.
// Outlives the stores.
class StoreBackend {
 public:
  // `options` passed Check().
  explicit StoreBackend(StoreBackendOptions options);
  StoreBackend(const StoreBackend&) = delete;
  StoreBackend& operator=(const StoreBackend&) = delete;
  ~StoreBackend();

  // A new store, empty. `parallelism`: of its operator. Blocks.
  Result<std::unique_ptr<RocksDbStore>> OpenStore(const internal::KeyGroupRange& range,
                                                  std::uint32_t parallelism);
  // A path beside the stores, where nothing is and never was. After a store was opened.
  std::string NewPath(std::string_view what);

 private:
  Status MakeShared();

  const StoreBackendOptions options_;
  Mutex mutex_;
  std::optional<scratch::ScratchFolder> folder_ WEIR_GUARDED_BY(mutex_);
  std::unique_ptr<RocksDbMemory> memory_ WEIR_GUARDED_BY(mutex_);
  std::uint64_t paths_ WEIR_GUARDED_BY(mutex_) = 0;
};

}  // namespace weir::state
