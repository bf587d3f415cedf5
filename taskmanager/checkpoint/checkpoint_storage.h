// CheckpointStorage: the checkpoint folder of one job, as its workers see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <weir/status.h>

#include "common/file_system.h"
#include "taskmanager/checkpoint/state_file_writer.h"

namespace weir::checkpoint {

// Any thread. Makes no folders: the JobManager makes a checkpoint's folder before it triggers the
// checkpoint, and removes it when that is given up, so a late writer fails and leaves nothing.
class CheckpointStorage {
 public:
  // `directory`: the job's checkpoint folder ("<execution.checkpointing.dir>/<job id>"). State
  // files of up to `inline_threshold_bytes` (execution.checkpointing.data-inline-threshold) become
  // part of their handle. `files` outlives this object and all writers.
  CheckpointStorage(FileSystem& files, std::string directory, std::size_t inline_threshold_bytes);

  // A state file of the checkpoint. `name`: one that no other subtask, attempt or worker ever uses
  // in this checkpoint, without slashes; it does not begin with '_' or '.'. The file itself is made
  // when the state is known not to fit inline; that fails where the name is taken or the
  // checkpoint's folder does not exist.
  Result<std::unique_ptr<StateFileWriter>> Create(std::uint64_t checkpoint_id,
                                                  std::string_view name,
                                                  std::uint32_t version = kStateFileVersion);

  FileSystem& files() const { return files_; }
  const std::string& directory() const { return directory_; }

 private:
  FileSystem& files_;
  const std::string directory_;
  const std::size_t inline_threshold_bytes_;
};

// "chk-7"
std::string CheckpointFolderName(std::uint64_t checkpoint_id);

}  // namespace weir::checkpoint
