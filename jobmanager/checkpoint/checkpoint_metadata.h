// `_metadata`: what makes a folder a completed checkpoint (docs/formats/checkpoint.md).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <weir/status.h>

#include "common/file_system.h"
#include "proto/checkpoint.pb.h"

namespace weir::jobmanager {

// 2: has stores of keyed state (OperatorStore), which an older reader would pass over.
inline constexpr std::uint32_t kCheckpointMetadataVersion = 3;
inline constexpr std::string_view kCheckpointMetadataFile = "_metadata";

// Ok where the message makes sense by itself: as many subtasks as parallelism says, in order and
// each once; parallelism within max parallelism; operators named once; paths of state files within
// the checkpoint's own folder or "shared". Corruption else.
Status CheckCheckpointMetadata(const proto::CheckpointMetadata& metadata);

// The bytes of the file. Internal where CheckCheckpointMetadata() would refuse it.
Result<std::string> EncodeCheckpointMetadata(const proto::CheckpointMetadata& metadata);

// `name`: what errors call the file. Corruption: cut off, changed, or not of our kind; Unsupported:
// of a newer format.
Result<proto::CheckpointMetadata> DecodeCheckpointMetadata(std::string_view bytes,
                                                           std::string_view name);

// Blocks. `path`: of the file. Errors name it.
Result<proto::CheckpointMetadata> ReadCheckpointMetadata(FileSystem& files,
                                                         const std::string& path);

// Paths of the state files that it refers to, relative to the job's checkpoint folder.
std::set<std::string> ReferencedFiles(const proto::CheckpointMetadata& metadata);
// Bytes of all state, inline state included.
std::uint64_t StateSizeOf(const proto::CheckpointMetadata& metadata);

// Blocks. Ok where every state file is there in its size; its content is checked by who reads it.
// NotFound or Corruption that names the file else. `directory`: the job's checkpoint folder.
Status CheckReferencedFiles(FileSystem& files, const std::string& directory,
                            const proto::CheckpointMetadata& metadata);

}  // namespace weir::jobmanager
