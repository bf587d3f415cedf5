// SharedFiles: the files in a job's checkpoint folder that several checkpoints refer to.
#pragma once

#include <string>
#include <string_view>

#include <weir/status.h>

#include "common/file_system.h"
#include "taskmanager/state/store_snapshot.h"

namespace weir::state {

// How Download() makes the local file.
enum class DownloadMode {
  kCopy,
  // A hard link where both lie on one file system, else a copy. Neither side ever writes to a file
  // that exists. What is linked is read once all the same, for its checksum: RocksDB verifies
  // blocks when it reads them, but one that is damaged can end the process there instead of naming
  // the file, and it would be found long after the checkpoint before is gone.
  kLinkWherePossible,
};

// Any thread; calls block. Makes no folders: the JobManager makes "shared" with the job's folder.
class SharedFiles {
 public:
  // `directory`: the job's checkpoint folder. `files` outlives this object.
  SharedFiles(FileSystem& files, std::string directory, DownloadMode mode)
      : files_(files), directory_(std::move(directory)), mode_(mode) {}

  // Copies a local file to "shared/NAME" and makes its content durable (its name is, when the
  // JobManager has synced the folder). `name`: never used before. On failure nothing is left.
  Result<SharedFile> Upload(const std::string& local_path, std::string_view name) const;
  // Ok where there is nothing.
  Status Remove(const SharedFile& file) const;
  // Makes `local_path`, which does not exist; the whole file is checked whatever the mode.
  // CORRUPTION where it is not what was uploaded, NOT_FOUND where it is missing; both name it. On
  // failure nothing is left.
  Status Download(const SharedFile& file, const std::string& local_path) const;

 private:
  std::string PathOf(const SharedFile& file) const { return directory_ + "/" + file.path; }
  Status CopyTo(const SharedFile& file, const std::string& local_path) const;
  Status Check(const SharedFile& file) const;

  FileSystem& files_;
  const std::string directory_;
  const DownloadMode mode_;
};

}  // namespace weir::state
