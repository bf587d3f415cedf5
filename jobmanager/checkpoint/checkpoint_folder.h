// CheckpointFolder: the folder of a job's checkpoints, and the only code that removes anything from
// it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

#include "common/file_system.h"
#include "proto/checkpoint.pb.h"

namespace weir::jobmanager {

// The JobMaster that writes into the folder.
struct CheckpointOwner {
  std::string cluster_id;
  std::string job_id;
  std::uint64_t job_epoch = 0;  // grows with every JobMaster of the job
  std::string leader_session;   // tells JobMasters of one epoch apart
};

// `execution.checkpointing.dir` as a path: an absolute path, or "file:///…". InvalidArgument for
// anything else, Unsupported for another scheme; both name the setting's value.
Result<std::string> CheckpointDirectoryOf(std::string_view setting);

// "chk-7", and 7 again. No number where it is not exactly the name of one.
std::string CheckpointFolderName(std::uint64_t checkpoint_id);
std::optional<std::uint64_t> CheckpointIdOf(std::string_view folder_name);

// Where a checkpoint that a user names is.
struct CheckpointPath {
  std::string directory;      // that its metadata's paths are relative to
  std::string folder;         // "<directory>/chk-7"
  std::string metadata_file;  // "<directory>/chk-7/_metadata"
};
// Blocks. `path`: of the checkpoint's folder or of its `_metadata`, absolute or "file:///…".
// NotFound where there is no completed checkpoint; the error says what is there instead.
Result<CheckpointPath> ResolveCheckpointPath(FileSystem& files, std::string_view path);

// Synchronous; every call may block. One thread at a time, on a thread that may block. Keeps no
// state beside the folder. Calls that change something check the owner first: what a later
// JobMaster of the job has there stays as it is. What a call leaves unfinished when the machine
// dies is either invisible (no `_metadata`: no checkpoint) or found by RemoveOrphans().
//
// Durability: CreateCheckpoint() syncs the job's folder; Complete() syncs the checkpoint's folder
// before it writes `_metadata`, so the names of all state files, whose writers have synced their
// content, hold before it does; then the file, the rename and the folder again.
class CheckpointFolder {
 public:
  // `root`: what CheckpointDirectoryOf() gave. `files` outlives this object.
  CheckpointFolder(FileSystem& files, const std::string& root, CheckpointOwner owner);

  // "<root>/<job id>": what paths in handles are relative to.
  const std::string& directory() const { return directory_; }
  std::string PathOf(std::uint64_t checkpoint_id) const;
  FileSystem& files() const { return files_; }

  // Before the job starts: makes the folder, its "shared" and "taskowned", and the file that says
  // whose it is; so a folder that cannot be written is noticed here. FailedPrecondition where it
  // belongs to another cluster or to a later JobMaster of the job; an earlier one's is taken over.
  Status Claim();
  // FailedPrecondition where somebody else has claimed the folder since.
  Status CheckOwner();

  // Before a checkpoint is triggered: its folder, empty. What a given-up checkpoint of this number
  // left is removed; AlreadyExists where the number is that of a completed checkpoint.
  Status CreateCheckpoint(std::uint64_t checkpoint_id);
  // The checkpoint is complete when `_metadata` has its name; nothing before is visible. After an
  // error the checkpoint is to be discarded.
  Status Complete(const proto::CheckpointMetadata& metadata);

  // Removes a checkpoint, completed or not; first `_metadata`, so that what is half removed is no
  // checkpoint. Ok when there is nothing.
  Status DiscardCheckpoint(std::uint64_t checkpoint_id);
  // Removes files of "shared"; paths as in handles. Ok for those that are not there.
  Status DiscardSharedFiles(const std::set<std::string>& paths);
  // Removes the files of "shared" that were written for this checkpoint ("7-…", whoever
  // acknowledged what of it), but for those in `referenced`. For one that does not hold.
  Status DiscardUploads(std::uint64_t checkpoint_id, const std::set<std::string>& referenced);

  struct Numbers {
    std::vector<std::uint64_t> completed;  // those that have `_metadata`, ascending
    std::uint64_t highest = 0;             // of all, 0 without any
  };
  Result<Numbers> ListCheckpoints();

  // Removes what no checkpoint of `kept` refers to: folders of other checkpoints, and files in the
  // folders of `kept` and in "shared". A checkpoint of `kept` without metadata (one under way, or
  // one that cannot be read) keeps its whole folder and all of "shared". Whatever does not have the
  // name of something that we write is left alone, and so is "taskowned"; what is in "chk-n" and
  // "shared" is ours whatever its name. Returns the paths that
  // were removed.
  Result<std::vector<std::string>> RemoveOrphans(
      const std::map<std::uint64_t, const proto::CheckpointMetadata*>& kept);

  // After the job ended and all its checkpoints were discarded: removes the folder, unless a
  // stranger's file is in it.
  Status RemoveFolder();

 private:
  Result<std::optional<CheckpointOwner>> ReadOwner();
  Status RefuseOtherOwner(const CheckpointOwner& other) const;
  Status RemoveUnreferenced(const std::string& folder, const std::set<std::string>& referenced,
                            std::vector<std::string>& removed);

  FileSystem& files_;
  const std::string directory_;
  const std::string root_;
  const CheckpointOwner owner_;
};

}  // namespace weir::jobmanager
