// Restoring a store from the snapshots of the old subtasks, at the same parallelism or another one.
#pragma once

#include <span>
#include <string>

#include <weir/status.h>

#include "taskmanager/state/rocksdb_store.h"
#include "taskmanager/state/shared_files.h"
#include "taskmanager/state/store_snapshot.h"
#include "taskmanager/state/store_uploads.h"

namespace weir::state {

// `store` is new. `snapshots`: those of the old subtasks of the operator whose key groups the
// store's range has a part of; others do no harm. `scratch`: a folder that does not exist, on the
// store's file system; it is removed. Shards whose key groups are not wanted are not fetched; of a
// shard that old subtasks shared, the largest part is taken over whole and the others are copied.
//
// Returns which files of the store are in the checkpoint folder: the StoreUploads of the store
// begin with them. Blocks. CORRUPTION, NOT_FOUND: a file that is damaged or missing, named; or
// snapshots that together do not have each key group of a table once. After a failure the store is
// to be thrown away.
Result<StoreUploads::FilesByNumber> RestoreStore(RocksDbStore& store, const SharedFiles& shared,
                                                 std::span<const StoreSnapshot> snapshots,
                                                 const std::string& scratch);

}  // namespace weir::state
