// CompletedCheckpointStore: the completed checkpoints of a job, how many are kept, which one is
// restored, and what the end of the job leaves of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/checkpoint_settings.h"
#include "jobmanager/checkpoint/checkpoint_folder.h"
#include "proto/checkpoint.pb.h"

namespace weir::jobmanager {

struct CompletedCheckpoint {
  std::uint64_t checkpoint_id = 0;
  std::string directory;  // that the metadata's paths are relative to
  std::string path;       // of its folder, for people ("external path") and for `-s`
  // False: the user's (`weir run -s`), which this job reads and never removes (Flink's NO_CLAIM).
  bool owned = true;
  // Null where `_metadata` cannot be read.
  std::shared_ptr<const proto::CheckpointMetadata> metadata;
  Status problem;  // why it cannot be restored; ok as far as is known
};

// kSuspended: the JobManager ends, the job does not.
enum class JobEnd { kFinished, kCanceled, kFailed, kSuspended };

// Whether completed checkpoints go with the job, as in Flink: FINISHED removes them always,
// CANCELED unless kRetainOnCancellation, FAILED with kNone only; a suspended job keeps them.
bool IsRemovedAfter(JobEnd end, CheckpointRetention retention);

// Synchronous; every call may block. One thread at a time, on a thread that may block. Whoever
// lives on the event loop keeps what calls return. Clean-up that fails does not fail a call: it is
// tried again with the next one, and given in `cleanup_failures`, for the log.
class CompletedCheckpointStore {
 public:
  // `retained` (execution.checkpointing.num-retained) is at least 1. `folder` outlives the store
  // and has been claimed.
  CompletedCheckpointStore(CheckpointFolder& folder, std::size_t retained);

  // A JobMaster that takes over a job: reads what completed checkpoints the folder has, whoever
  // wrote them down elsewhere: the rename of `_metadata` completes a checkpoint. Returns why some
  // of them, or of those `known` to have been completed, cannot be restored. Before anything else.
  // Unsupported where one is of a newer format: an older one must not quietly take its place.
  Result<std::vector<Status>> Recover(const std::set<std::uint64_t>& known = {});

  // The checkpoint that the user starts the job from (see ResolveCheckpointPath). It is restored
  // until checkpoints of the job's own take its place, is counted among those that are kept, and is
  // never removed. Errors where it cannot be read.
  Result<CompletedCheckpoint> AddInitial(const std::string& path);

  struct Added {
    CompletedCheckpoint checkpoint;
    std::vector<std::uint64_t> subsumed;  // no longer there
    std::vector<Status> cleanup_failures;
  };
  // Completes a checkpoint: writes its `_metadata`, takes it in, removes those beyond `retained`.
  // After an error it is not completed, and its files are removed as by Abort().
  Result<Added> Add(proto::CheckpointMetadata metadata);

  // A checkpoint was given up: removes its files, those that were written to "shared" for it
  // included. Returns what could not be removed yet.
  std::vector<Status> Abort(std::uint64_t checkpoint_id);

  // Oldest first.
  const std::vector<CompletedCheckpoint>& checkpoints() const { return checkpoints_; }

  // The newest checkpoint whose files are all there; those that are passed over get a `problem`,
  // and are looked at anew the next time. Where the file system fails it is that error.
  // Nullopt only where there never was one; where there are some and none can be restored, the
  // newest one's problem: a job with checkpoints never starts afresh by itself.
  Result<std::optional<CompletedCheckpoint>> LatestRestorable();
  // A worker could not read it: it is passed over from now on.
  void MarkUnrestorable(std::uint64_t checkpoint_id, Status problem);

  // The highest number in use or ever used as far as can be seen, 0 without any: the next
  // checkpoint's is above it.
  std::uint64_t highest_checkpoint_id() const { return highest_checkpoint_id_; }

  // Removes from the folder what neither the completed checkpoints nor `pending` ones refer to.
  // Returns the paths.
  Result<std::vector<std::string>> RemoveOrphans(const std::set<std::uint64_t>& pending = {});

  // The job ends. Removes its checkpoints, or keeps them (IsRemovedAfter). What aborted checkpoints
  // left is removed in any case, and the folder when nothing is left in it. The store is empty
  // afterwards. Returns what could not be removed.
  std::vector<Status> EndJob(JobEnd end, CheckpointRetention retention);

 private:
  Result<CompletedCheckpoint> Read(std::uint64_t checkpoint_id);
  void Insert(CompletedCheckpoint checkpoint);
  std::vector<std::uint64_t> Subsume();
  void Discard(const CompletedCheckpoint& checkpoint);
  // To which the job's own checkpoints refer; none where that cannot be told.
  std::optional<std::set<std::string>> ReferencedByOwn() const;
  void DiscardSharedFilesOf(const std::vector<CompletedCheckpoint>& removed);
  std::vector<Status> CleanUp();

  CheckpointFolder& folder_;
  const std::size_t retained_;
  std::vector<CompletedCheckpoint> checkpoints_;  // ascending
  std::set<std::uint64_t> unrestorable_;          // for good
  std::set<std::uint64_t> to_discard_;
  std::set<std::uint64_t> aborted_;  // whose uploads are to be discarded
  std::set<std::string> shared_to_discard_;
  std::uint64_t highest_checkpoint_id_ = 0;
};

}  // namespace weir::jobmanager
