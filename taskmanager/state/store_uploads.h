// Incremental checkpoints of a store: which of its files are in the checkpoint folder already.
//
//   uploaded for n --CheckpointComplete(n)--> may be referred to by later checkpoints
//                  --CheckpointAborted(n)---> removed
//
// Only files of the last *completed* checkpoint are referred to again: those of one that is
// pending may still be removed. (Flink: RocksIncrementalSnapshotStrategy, which reuses what
// notifyCheckpointComplete() has confirmed.) And of those only what every later checkpoint has
// under the same path, too: one of them may be complete already, although nobody has said so here
// yet, and files that it does not refer to are removed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include <weir/status.h>

#include "taskmanager/state/shared_files.h"
#include "taskmanager/state/store_export.h"
#include "taskmanager/state/store_snapshot.h"

namespace weir::state {

// Of one store. One thread at a time.
class StoreUploads {
 public:
  using FilesByNumber = std::unordered_map<std::uint64_t, SharedFile>;

  enum class Mode { kIncremental, kFull };  // kFull: each checkpoint has files of its own

  // `shared` outlives it. `restored`: what the store was restored from (RestoreStore()).
  explicit StoreUploads(const SharedFiles& shared, FilesByNumber restored = {},
                        Mode mode = Mode::kIncremental)
      : shared_(shared), mode_(mode), completed_(std::move(restored)) {}

  struct Uploaded {
    StoreSnapshot snapshot;
    std::uint64_t new_bytes = 0;  // of files that no earlier checkpoint had
  };
  // `name`: what no other store, attempt or checkpoint ever names its files with, and without
  // slashes. Blocks. On failure what it uploaded is removed. `checkpoint_id` was not uploaded yet.
  // `may_go_on` is asked before each file: an error ends the upload.
  Result<Uploaded> Upload(
      std::uint64_t checkpoint_id, std::string_view name, const StoreExport& exported,
      const std::function<Status()>& may_go_on = [] { return Status::Ok(); });

  void CheckpointComplete(std::uint64_t checkpoint_id);
  // Removes what was uploaded for it. Blocks.
  Status CheckpointAborted(std::uint64_t checkpoint_id);

 private:
  struct Checkpoint {
    FilesByNumber files;  // all that it refers to
    std::vector<SharedFile> uploaded;
  };

  Result<SharedFile> UploadOne(std::string_view name, const ExportedFile& file,
                               Checkpoint& checkpoint);
  Status UploadAll(std::string_view name, const StoreExport& exported,
                   const std::function<Status()>& may_go_on, Checkpoint& checkpoint,
                   StoreSnapshot& snapshot);
  // Null: it has to be uploaded.
  const SharedFile* FindReusable(std::uint64_t number) const;
  Status Remove(const std::vector<SharedFile>& files) const;

  const SharedFiles& shared_;
  const Mode mode_;
  FilesByNumber completed_;
  std::map<std::uint64_t, Checkpoint> pending_;
};

}  // namespace weir::state
