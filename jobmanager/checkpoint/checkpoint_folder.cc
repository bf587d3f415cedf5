#include "jobmanager/checkpoint/checkpoint_folder.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "jobmanager/checkpoint/checkpoint_metadata.h"

namespace weir::jobmanager {
namespace {

constexpr std::string_view kFileScheme = "file://";
constexpr std::string_view kFolderPrefix = "chk-";
constexpr std::string_view kOwnerFile = "_owner";
constexpr std::string_view kOwnerFormat = "weir-checkpoint-owner 1";
constexpr std::string_view kSharedFolder = "shared";
constexpr std::string_view kTaskOwnedFolder = "taskowned";
constexpr std::int64_t kMostOwnerBytes = 64 << 10;

Status Refused(std::string message) {
  return Status(StatusCode::kFailedPrecondition, std::move(message), ErrorDomain::kUser,
                RetryHint::kNoRetry);
}

// The path behind "file://", without slashes at its end. A Status where it is not one.
Result<std::string> AbsolutePathOf(std::string_view text, std::string_view what) {
  std::string_view path = text;
  if (path.starts_with(kFileScheme)) {
    path.remove_prefix(kFileScheme.size());
  } else if (const std::size_t colon = path.find("://"); colon != std::string_view::npos) {
    return Status(StatusCode::kUnsupported,
                  Concat(what, " '", text, "': there is no file system for '",
                         path.substr(0, colon), "://'; only file:// is supported"),
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (!path.starts_with('/')) {
    return Status::InvalidArgument(
        Concat(what, " '", text, "' is neither an absolute path nor file:///…"));
  }
  return std::string(path);
}

std::string_view ParentOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}
std::string_view NameOf(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string OwnerText(const CheckpointOwner& owner) {
  return Concat(kOwnerFormat, "\ncluster-id=", owner.cluster_id, "\njob-id=", owner.job_id,
                "\njob-epoch=", owner.job_epoch, "\nleader-session=", owner.leader_session, "\n");
}

// What of the folder's own files a crash can leave: a temporary form of `name`.
bool IsTemporaryOf(std::string_view file, std::string_view name) {
  return file.starts_with(Concat(name, ".")) && file.ends_with(".tmp");
}

}  // namespace

Result<std::string> CheckpointDirectoryOf(std::string_view setting) {
  return AbsolutePathOf(setting, "execution.checkpointing.dir");
}

std::string CheckpointFolderName(std::uint64_t checkpoint_id) {
  return Concat(kFolderPrefix, checkpoint_id);
}

std::optional<std::uint64_t> CheckpointIdOf(std::string_view folder_name) {
  if (!folder_name.starts_with(kFolderPrefix)) return std::nullopt;
  const Result<std::uint64_t> number = ParseUint64(folder_name.substr(kFolderPrefix.size()));
  // "chk-007" is not ours.
  if (!number.ok() || CheckpointFolderName(*number) != folder_name) return std::nullopt;
  return *number;
}

Result<CheckpointPath> ResolveCheckpointPath(FileSystem& files, std::string_view path) {
  WEIR_ASSIGN_OR_RETURN(std::string folder, AbsolutePathOf(path, "the checkpoint's path"));
  if (NameOf(folder) == kCheckpointMetadataFile) folder = ParentOf(folder);
  CheckpointPath resolved{std::string(ParentOf(folder)), folder,
                          Concat(folder, "/", kCheckpointMetadataFile)};
  WEIR_ASSIGN_OR_RETURN(const bool is_complete, files.Exists(resolved.metadata_file));
  if (is_complete) return resolved;
  const Result<std::vector<std::string>> names = files.List(folder);
  if (!names.ok()) return names.status().WithContext("there is no checkpoint");
  std::vector<std::string> checkpoints;
  for (const std::string& name : *names) {
    if (CheckpointIdOf(name).has_value()) checkpoints.push_back(name);
  }
  if (checkpoints.empty()) {
    return Status::NotFound(
        Concat("'", folder, "' is no completed checkpoint: it has no ", kCheckpointMetadataFile));
  }
  return Status::NotFound(Concat("'", folder, "' is a job's folder of checkpoints; name one of ",
                                 Join(checkpoints, ", ")));
}

CheckpointFolder::CheckpointFolder(FileSystem& files, const std::string& root,
                                   CheckpointOwner owner)
    : files_(files),
      directory_(Concat(root, "/", owner.job_id)),
      root_(root),
      owner_(std::move(owner)) {}

std::string CheckpointFolder::PathOf(std::uint64_t checkpoint_id) const {
  return Concat(directory_, "/", CheckpointFolderName(checkpoint_id));
}

Result<std::optional<CheckpointOwner>> CheckpointFolder::ReadOwner() {
  const std::string path = Concat(directory_, "/", kOwnerFile);
  const Result<std::string> text = files_.ReadFile(path, kMostOwnerBytes);
  if (!text.ok()) {
    if (text.status().code() == StatusCode::kNotFound) return std::optional<CheckpointOwner>();
    return text.status();
  }
  CheckpointOwner owner;
  bool complete = false;
  for (const std::string_view line : Split(*text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "cluster-id") owner.cluster_id = value;
    if (key == "job-id") owner.job_id = value;
    if (key == "leader-session") owner.leader_session = value;
    if (key == "job-epoch") {
      const Result<std::uint64_t> epoch = ParseUint64(value);
      complete = epoch.ok();
      if (epoch.ok()) owner.job_epoch = *epoch;
    }
  }
  if (!text->starts_with(Concat(kOwnerFormat, "\n")) || !complete) {
    return Status::Corruption(Concat("'", path, "' does not say whose the folder is"));
  }
  return std::optional<CheckpointOwner>(std::move(owner));
}

Status CheckpointFolder::RefuseOtherOwner(const CheckpointOwner& other) const {
  if (other.cluster_id != owner_.cluster_id) {
    return Refused(Concat("'", directory_, "' belongs to cluster '", other.cluster_id,
                          "', this is cluster '", owner_.cluster_id, "'"));
  }
  return Refused(Concat("'", directory_, "' belongs to another JobMaster of the job (epoch ",
                        other.job_epoch, ", leader session ", other.leader_session,
                        "); this is epoch ", owner_.job_epoch, " of leader session ",
                        owner_.leader_session));
}

Status CheckpointFolder::Claim() {
  WEIR_RETURN_IF_ERROR(files_.CreateDirectories(directory_).WithContext("checkpoint folder"));
  WEIR_ASSIGN_OR_RETURN(const std::optional<CheckpointOwner> present, ReadOwner());
  if (present) {
    const bool is_mine =
        present->job_epoch == owner_.job_epoch && present->leader_session == owner_.leader_session;
    if (present->cluster_id != owner_.cluster_id ||
        (present->job_epoch >= owner_.job_epoch && !is_mine)) {
      return RefuseOtherOwner(*present);
    }
  }
  for (const std::string_view name : {kSharedFolder, kTaskOwnedFolder}) {
    WEIR_RETURN_IF_ERROR(
        files_.CreateDirectories(Concat(directory_, "/", name)).WithContext("checkpoint folder"));
  }
  WEIR_RETURN_IF_ERROR(
      files_.WriteFileAtomically(Concat(directory_, "/", kOwnerFile), OwnerText(owner_))
          .WithContext("checkpoint folder"));
  WEIR_RETURN_IF_ERROR(files_.SyncDirectory(root_));
  // Of two that claim it at once the later one has its name there.
  return CheckOwner();
}

Status CheckpointFolder::CheckOwner() {
  WEIR_ASSIGN_OR_RETURN(const std::optional<CheckpointOwner> present, ReadOwner());
  if (!present) {
    return Refused(
        Concat("'", directory_, "' was removed while the job ran: '", kOwnerFile, "' is gone"));
  }
  if (OwnerText(*present) != OwnerText(owner_)) return RefuseOtherOwner(*present);
  return Status();
}

Status CheckpointFolder::CreateCheckpoint(std::uint64_t checkpoint_id) {
  WEIR_RETURN_IF_ERROR(CheckOwner());
  const std::string folder = PathOf(checkpoint_id);
  WEIR_ASSIGN_OR_RETURN(const bool is_complete,
                        files_.Exists(Concat(folder, "/", kCheckpointMetadataFile)));
  if (is_complete) {
    return Status(StatusCode::kAlreadyExists,
                  Concat("'", folder, "' is a completed checkpoint already"));
  }
  WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(folder));
  WEIR_RETURN_IF_ERROR(files_.CreateDirectories(folder));
  return files_.SyncDirectory(directory_);
}

Status CheckpointFolder::Complete(const proto::CheckpointMetadata& metadata) {
  WEIR_ASSIGN_OR_RETURN(const std::string bytes, EncodeCheckpointMetadata(metadata));
  WEIR_RETURN_IF_ERROR(CheckOwner());
  const std::string folder = PathOf(metadata.checkpoint_id());
  WEIR_RETURN_IF_ERROR(files_.SyncDirectory(folder));
  WEIR_RETURN_IF_ERROR(files_.SyncDirectory(Concat(directory_, "/", kSharedFolder)));
  return files_.WriteFileAtomically(Concat(folder, "/", kCheckpointMetadataFile), bytes);
}

Status CheckpointFolder::DiscardCheckpoint(std::uint64_t checkpoint_id) {
  WEIR_RETURN_IF_ERROR(CheckOwner());
  const std::string folder = PathOf(checkpoint_id);
  const std::string metadata_file = Concat(folder, "/", kCheckpointMetadataFile);
  WEIR_ASSIGN_OR_RETURN(const bool is_complete, files_.Exists(metadata_file));
  if (is_complete) {
    WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(metadata_file));
    // No state file may be gone for good while the metadata is not.
    WEIR_RETURN_IF_ERROR(files_.SyncDirectory(folder));
  }
  return files_.RemoveRecursively(folder);
}

Status CheckpointFolder::DiscardSharedFiles(const std::set<std::string>& paths) {
  if (paths.empty()) return Status();
  WEIR_RETURN_IF_ERROR(CheckOwner());
  for (const std::string& path : paths) {
    WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(Concat(directory_, "/", path)));
  }
  return Status();
}

Status CheckpointFolder::DiscardUploads(std::uint64_t checkpoint_id,
                                        const std::set<std::string>& referenced) {
  const Result<std::vector<std::string>> names =
      files_.List(Concat(directory_, "/", kSharedFolder));
  if (!names.ok()) return names.status();
  std::set<std::string> paths;
  for (const std::string& name : *names) {
    if (!name.starts_with(Concat(checkpoint_id, "-"))) continue;
    std::string path = Concat(kSharedFolder, "/", name);
    if (!referenced.contains(path)) paths.insert(std::move(path));
  }
  return DiscardSharedFiles(paths);
}

Result<CheckpointFolder::Numbers> CheckpointFolder::ListCheckpoints() {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(directory_));
  Numbers numbers;
  for (const std::string& name : names) {
    const std::optional<std::uint64_t> number = CheckpointIdOf(name);
    if (!number) continue;
    WEIR_ASSIGN_OR_RETURN(const bool is_complete,
                          files_.Exists(Concat(PathOf(*number), "/", kCheckpointMetadataFile)));
    if (is_complete) numbers.completed.push_back(*number);
    numbers.highest = std::max(numbers.highest, *number);
  }
  std::sort(numbers.completed.begin(), numbers.completed.end());
  return numbers;
}

// Those files of the folder ("chk-7", "shared") that are in nobody's metadata.
Status CheckpointFolder::RemoveUnreferenced(const std::string& folder,
                                            const std::set<std::string>& referenced,
                                            std::vector<std::string>& removed) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        files_.List(Concat(directory_, "/", folder)));
  for (const std::string& name : names) {
    const std::string path = Concat(folder, "/", name);
    if (name == kCheckpointMetadataFile || referenced.contains(path)) continue;
    const std::string whole = Concat(directory_, "/", path);
    WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(whole));
    removed.push_back(whole);
  }
  return Status();
}

Result<std::vector<std::string>> CheckpointFolder::RemoveOrphans(
    const std::map<std::uint64_t, const proto::CheckpointMetadata*>& kept) {
  WEIR_RETURN_IF_ERROR(CheckOwner());
  std::set<std::string> referenced;
  bool all_known = true;
  for (const auto& [id, metadata] : kept) {
    if (metadata == nullptr) {
      all_known = false;
    } else {
      referenced.merge(ReferencedFiles(*metadata));
    }
  }
  std::vector<std::string> removed;
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(directory_));
  for (const std::string& name : names) {
    const std::optional<std::uint64_t> number = CheckpointIdOf(name);
    const auto found = number ? kept.find(*number) : kept.end();
    if (found != kept.end()) {
      if (found->second == nullptr) continue;
      WEIR_RETURN_IF_ERROR(RemoveUnreferenced(name, referenced, removed));
    } else if (number) {
      WEIR_RETURN_IF_ERROR(DiscardCheckpoint(*number));
      removed.push_back(PathOf(*number));
    } else if (name == kSharedFolder && all_known) {
      WEIR_RETURN_IF_ERROR(RemoveUnreferenced(name, referenced, removed));
    } else if (IsTemporaryOf(name, kOwnerFile)) {
      WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(Concat(directory_, "/", name)));
      removed.push_back(Concat(directory_, "/", name));
    }
  }
  return removed;
}

Status CheckpointFolder::RemoveFolder() {
  WEIR_RETURN_IF_ERROR(CheckOwner());
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(directory_));
  for (const std::string& name : names) {
    if (name == kOwnerFile) continue;
    const std::string path = Concat(directory_, "/", name);
    if (name != kSharedFolder && name != kTaskOwnedFolder) return Status();
    WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> inside, files_.List(path));
    if (!inside.empty()) return Status();
  }
  WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(directory_));
  // Whoever is told that the folder is gone does not look for it again.
  return files_.SyncDirectory(root_);
}

}  // namespace weir::jobmanager
