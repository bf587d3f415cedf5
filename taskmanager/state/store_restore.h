// Restoring a store from the snapshots of the old subtasks, at the same parallelism or another one.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include <weir/status.h>

#include "taskmanager/state/rocksdb_store.h"
#include "taskmanager/state/shared_files.h"
#include "taskmanager/state/store_snapshot.h"
#include "taskmanager/state/store_uploads.h"

namespace weir::state {

// Runs `work`, which may block, on another thread, at once or later; never inside the call.
using RunBeside = std::function<Status(std::function<void()> work)>;

// `store` is new. `snapshots`: those of the old subtasks of the operator whose key groups the
// store's range has a part of; others do no harm. `scratch`: a folder that does not exist, on the
// store's file system; it is removed. Shards whose key groups are not wanted are not fetched; of a
// shard that old subtasks shared, the largest part is taken over whole and the others are copied.
// Files are fetched and their checksums verified by this thread and up to kFetchers that `run`
// lends (null: none); nothing waits for one that has not begun.
//
// Returns which files of the store are in the checkpoint folder: the StoreUploads of the store
// begin with them. Blocks. CORRUPTION, NOT_FOUND: a file that is damaged or missing, named; or
// snapshots that together do not have each key group of a table once. After a failure the store is
// to be thrown away.
Result<StoreUploads::FilesByNumber> RestoreStore(RocksDbStore& store, const SharedFiles& shared,
                                                 std::span<const StoreSnapshot> snapshots,
                                                 const std::string& scratch, const RunBeside& run);
inline constexpr std::size_t kFetchers = 3;

}  // namespace weir::state
