#include "jobmanager/checkpoint/checkpoint_metadata.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "common/crc32c.h"
#include "common/text.h"
#include "jobmanager/checkpoint/checkpoint_folder.h"

namespace weir::jobmanager {
namespace {

constexpr std::string_view kMagic = "WEIRMETA";
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kChecksumBytes = 4;

void AppendFixed(std::string& out, std::uint32_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof bytes);
}

std::uint32_t FixedAt(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// "<folder>/<name>", where name is one step down.
bool IsFileOf(std::string_view path, std::string_view folder) {
  if (!path.starts_with(folder) || path.size() <= folder.size() + 1) return false;
  const std::string_view name = path.substr(folder.size() + 1);
  return path[folder.size()] == '/' && name.find('/') == std::string_view::npos && name != "." &&
         name != "..";
}

template <class Function>  // Function(const proto::StoreFile&)
void ForEachStoreFile(const proto::SubtaskState& subtask, Function&& function) {
  for (const proto::OperatorStore& store : subtask.stores()) {
    for (const proto::StoreTable& table : store.snapshot().tables()) {
      for (const proto::StoreShard& shard : table.shards()) {
        for (const proto::StoreFile& file : shard.files()) function(file);
      }
    }
  }
}

Status CheckStores(const proto::VertexState& vertex, const proto::SubtaskState& subtask) {
  std::set<std::string> operators;
  for (const proto::OperatorStore& store : subtask.stores()) {
    const bool known = std::ranges::any_of(
        vertex.operators(),
        [&](const proto::OperatorReference& each) { return each.id() == store.operator_id(); });
    if (!known || !operators.insert(store.operator_id()).second) {
      return Status::Corruption(Concat("the store of operator ", store.operator_id(),
                                       " in subtask ", subtask.subtask(),
                                       " comes twice or without the operator"));
    }
  }
  return Status();
}

Status CheckSubtasks(const proto::VertexState& vertex, const std::string& folder) {
  for (int i = 0; i < vertex.subtasks_size(); ++i) {
    const proto::SubtaskState& subtask = vertex.subtasks(i);
    if (subtask.subtask() != static_cast<std::uint32_t>(i)) {
      return Status::Corruption(Concat("subtask ", subtask.subtask(), " stands in place ", i));
    }
    for (const proto::StateHandle& handle : subtask.handles()) {
      if (handle.location_case() == proto::StateHandle::LOCATION_NOT_SET) {
        return Status::Corruption(Concat("a handle of subtask ", i, " leads nowhere"));
      }
      if (handle.has_file() && !IsFileOf(handle.file().path(), folder) &&
          !IsFileOf(handle.file().path(), "shared")) {
        return Status::Corruption(
            Concat("'", handle.file().path(), "' is no path of a state file"));
      }
    }
    WEIR_RETURN_IF_ERROR(CheckStores(vertex, subtask));
    Status outside;
    ForEachStoreFile(subtask, [&](const proto::StoreFile& file) {
      if (IsFileOf(file.path(), "shared") || !outside.ok()) return;
      outside = Status::Corruption(Concat("'", file.path(), "' is no path of a shared file"));
    });
    WEIR_RETURN_IF_ERROR(outside);
  }
  return Status();
}

Status CheckVertex(const proto::VertexState& vertex, const std::string& folder,
                   std::set<std::string>& operators) {
  if (vertex.operators().empty()) return Status::Corruption("a vertex has no operators");
  for (const proto::OperatorReference& each : vertex.operators()) {
    if (!operators.insert(each.id()).second) {
      return Status::Corruption(Concat("operator ", each.id(), " comes twice"));
    }
  }
  if (vertex.parallelism() == 0 || vertex.parallelism() > vertex.max_parallelism() ||
      static_cast<std::uint32_t>(vertex.subtasks_size()) != vertex.parallelism()) {
    return Status::Corruption(Concat("vertex of operator ", vertex.operators(0).id(), " has ",
                                     vertex.subtasks_size(), " subtasks, parallelism ",
                                     vertex.parallelism(), " and max parallelism ",
                                     vertex.max_parallelism()));
  }
  return CheckSubtasks(vertex, folder)
      .WithContext(Concat("vertex of operator ", vertex.operators(0).id()));
}

template <class Function>  // Function(const proto::StateHandle&)
void ForEachHandle(const proto::CheckpointMetadata& metadata, Function&& function) {
  for (const proto::VertexState& vertex : metadata.vertices()) {
    for (const proto::SubtaskState& subtask : vertex.subtasks()) {
      for (const proto::StateHandle& handle : subtask.handles()) function(handle);
    }
  }
}

template <class Function>  // Function(const proto::StoreFile&)
void ForEachStoreFile(const proto::CheckpointMetadata& metadata, Function&& function) {
  for (const proto::VertexState& vertex : metadata.vertices()) {
    for (const proto::SubtaskState& subtask : vertex.subtasks()) {
      ForEachStoreFile(subtask, function);
    }
  }
}

// The lowest version whose readers take in all of it.
std::uint32_t VersionOf(const proto::CheckpointMetadata& metadata) {
  std::uint32_t version = 1;
  for (const proto::VertexState& vertex : metadata.vertices()) {
    for (const proto::SubtaskState& subtask : vertex.subtasks()) {
      if (subtask.has_channel_state()) return 3;
      if (subtask.stores_size() > 0) version = 2;
    }
  }
  return version;
}

}  // namespace

Status CheckCheckpointMetadata(const proto::CheckpointMetadata& metadata) {
  const std::string folder = CheckpointFolderName(metadata.checkpoint_id());
  std::set<std::string> operators;
  for (const proto::VertexState& vertex : metadata.vertices()) {
    WEIR_RETURN_IF_ERROR(CheckVertex(vertex, folder, operators));
  }
  std::set<std::string> coordinators;
  for (const proto::CoordinatorState& coordinator : metadata.coordinators()) {
    if (!operators.contains(coordinator.operator_id()) ||
        !coordinators.insert(coordinator.operator_id()).second) {
      return Status::Corruption(Concat("coordinator of operator ", coordinator.operator_id(),
                                       " comes twice or without the operator"));
    }
  }
  return Status();
}

Result<std::string> EncodeCheckpointMetadata(const proto::CheckpointMetadata& metadata) {
  if (const Status checked = CheckCheckpointMetadata(metadata); !checked.ok()) {
    return Status::Internal(Concat("metadata of checkpoint ", metadata.checkpoint_id(),
                                   " makes no sense: ", checked.message()));
  }
  std::string bytes(kMagic);
  AppendFixed(bytes, VersionOf(metadata));
  AppendFixed(bytes, Crc32c(bytes));
  // protobuf's own limit.
  const std::size_t size = metadata.ByteSizeLong();
  if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()) ||
      !metadata.AppendToString(&bytes)) {
    return Status(StatusCode::kResourceExhausted,
                  Concat("metadata of checkpoint ", metadata.checkpoint_id(), " has ", size,
                         " bytes: too many"),
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  AppendFixed(bytes, Crc32c(bytes));
  return bytes;
}

Result<proto::CheckpointMetadata> DecodeCheckpointMetadata(std::string_view bytes,
                                                           std::string_view name) {
  const auto damaged = [&](std::string_view what) {
    return Status::Corruption(Concat("'", name, "' is damaged: ", what));
  };
  if (bytes.size() < kHeaderBytes + kChecksumBytes) return damaged("it is cut off");
  if (!bytes.starts_with(kMagic))
    return damaged("it does not begin as the metadata of a checkpoint");
  if (Crc32c(bytes.substr(0, kHeaderBytes - kChecksumBytes)) !=
      FixedAt(bytes, kHeaderBytes - kChecksumBytes)) {
    return damaged("its header does not match its checksum");
  }
  if (const std::uint32_t version = FixedAt(bytes, kMagic.size());
      version == 0 || version > kCheckpointMetadataVersion) {
    return Status(StatusCode::kUnsupported,
                  Concat("'", name, "' is of format version ", version,
                         "; this version of Weir reads 1 to ", kCheckpointMetadataVersion),
                  ErrorDomain::kExternal, RetryHint::kNoRetry);
  }
  const std::size_t end = bytes.size() - kChecksumBytes;
  if (Crc32c(bytes.substr(0, end)) != FixedAt(bytes, end)) {
    return damaged("its content does not match its checksum");
  }
  proto::CheckpointMetadata metadata;
  if (!metadata.ParseFromArray(bytes.data() + kHeaderBytes, static_cast<int>(end - kHeaderBytes))) {
    return damaged("its content cannot be read");
  }
  if (const Status checked = CheckCheckpointMetadata(metadata); !checked.ok()) {
    return damaged(checked.message());
  }
  return metadata;
}

Result<proto::CheckpointMetadata> ReadCheckpointMetadata(FileSystem& files,
                                                         const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const std::string bytes, files.ReadFile(path));
  return DecodeCheckpointMetadata(bytes, path);
}

std::set<std::string> ReferencedFiles(const proto::CheckpointMetadata& metadata) {
  std::set<std::string> paths;
  ForEachHandle(metadata, [&](const proto::StateHandle& handle) {
    if (handle.has_file()) paths.insert(handle.file().path());
  });
  ForEachStoreFile(metadata, [&](const proto::StoreFile& file) { paths.insert(file.path()); });
  return paths;
}

std::uint64_t StateSizeOf(const proto::CheckpointMetadata& metadata) {
  std::uint64_t size = 0;
  ForEachHandle(metadata, [&](const proto::StateHandle& handle) {
    size += handle.has_file() ? handle.file().size_bytes() : handle.inline_().size();
  });
  ForEachStoreFile(metadata, [&](const proto::StoreFile& file) { size += file.size_bytes(); });
  for (const proto::CoordinatorState& each : metadata.coordinators()) size += each.state().size();
  return size;
}

Status CheckReferencedFiles(FileSystem& files, const std::string& directory,
                            const proto::CheckpointMetadata& metadata) {
  Status problem;
  const auto check = [&](const std::string& name, std::uint64_t size_bytes) {
    if (!problem.ok()) return;
    const std::string path = Concat(directory, "/", name);
    const Result<std::int64_t> size = files.FileSize(path);
    if (!size.ok()) {
      problem = size.status();
    } else if (static_cast<std::uint64_t>(*size) != size_bytes) {
      problem = Status::Corruption(Concat("state file '", path, "' has ", *size,
                                          " bytes; the checkpoint says ", size_bytes));
    }
  };
  ForEachHandle(metadata, [&](const proto::StateHandle& handle) {
    if (handle.has_file()) check(handle.file().path(), handle.file().size_bytes());
  });
  ForEachStoreFile(metadata,
                   [&](const proto::StoreFile& file) { check(file.path(), file.size_bytes()); });
  return problem.WithContext(Concat("checkpoint ", metadata.checkpoint_id()));
}

}  // namespace weir::jobmanager
