#include "taskmanager/checkpoint/checkpoint_storage.h"

#include <utility>

#include "common/text.h"

namespace weir::checkpoint {

CheckpointStorage::CheckpointStorage(FileSystem& files, std::string directory,
                                     std::size_t inline_threshold_bytes)
    : files_(files),
      directory_(std::move(directory)),
      inline_threshold_bytes_(inline_threshold_bytes) {}

Result<std::unique_ptr<StateFileWriter>> CheckpointStorage::Create(std::uint64_t checkpoint_id,
                                                                   std::string_view name,
                                                                   std::uint32_t version) {
  if (name.empty() || name.front() == '_' || name.front() == '.' ||
      name.find('/') != std::string_view::npos) {
    return Status::Internal(Concat("'", name, "' cannot be the name of a state file"));
  }
  return std::make_unique<StateFileWriter>(files_, directory_,
                                           Concat(CheckpointFolderName(checkpoint_id), "/", name),
                                           inline_threshold_bytes_, version);
}

std::string CheckpointFolderName(std::uint64_t checkpoint_id) {
  return Concat("chk-", checkpoint_id);
}

}  // namespace weir::checkpoint
