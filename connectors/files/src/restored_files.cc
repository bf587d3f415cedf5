// The half of BucketFiles that goes on where an earlier attempt ended.
#include <algorithm>
#include <utility>

#include "connectors/files/src/bucket_files.h"
#include "connectors/files/src/file_copy.h"

namespace weir::files {

Status BucketFiles::Restore(const internal::RestoredFileSink& restored) {
  // With what they replace: an older checkpoint may be restored yet, in which those are open.
  const auto hold = [this](const auto& part) {
    held_.insert(part.in_progress);
    held_.insert(part.replaced.begin(), part.replaced.end());
  };
  for (const auto& held : restored.committables) hold(held.committable);
  for (const auto& held : restored.writer_states) {
    // Of all writers: a number that another one of this name had before must not come again.
    forgotten_number_ = std::max(forgotten_number_, held.state.next_number);
    for (const internal::OpenPart& open : held.state.open_parts) hold(open);
  }
  for (const auto& held : restored.writer_states) {
    if (!restored.IsMine(held.subtask)) continue;
    for (const internal::OpenPart& open : held.state.open_parts) {
      WEIR_RETURN_IF_ERROR(Continue(open));
    }
  }
  return Status::Ok();
}

Status BucketFiles::Continue(const internal::OpenPart& open) {
  WEIR_ASSIGN_OR_RETURN(Bucket* const bucket, BucketOf(open.bucket));
  if (bucket->part) WEIR_RETURN_IF_ERROR(Finish(*bucket));  // of another writer before
  WEIR_RETURN_IF_ERROR(Create(*bucket, open.opened_ms));
  const Status copied =
      CopyBeginning(*options_.file_system, open.in_progress, open.bytes,
                    [&](std::string_view bytes) { return Append(*bucket, bytes); });
  if (!copied.ok()) {
    return copied.WithContext("cannot go on with a part of the restored checkpoint");
  }
  bucket->written_ms = open.written_ms;
  bucket->replaced = open.replaced;
  // One of another job (it has left a checkpoint that this one starts from) is not ours to remove.
  if (names_.Parse(open.in_progress)) bucket->replaced.push_back(open.in_progress);
  return Status::Ok();
}

Status BucketFiles::RemoveLeftovers() const {
  return RemoveLeftoversIn(options_.path);
}

Status BucketFiles::RemoveLeftoversIn(const std::string& directory) const {
  const Result<std::vector<FileInformation>> inside = options_.file_system->List(directory);
  // Somebody may tidy up the buckets of yesterday.
  if (!inside.ok() && inside.status().code() == StatusCode::kNotFound) return Status::Ok();
  WEIR_RETURN_IF_ERROR(inside.status());
  for (const FileInformation& file : *inside) {
    const std::string path = PathIn(directory, file);
    if (file.is_directory) {
      WEIR_RETURN_IF_ERROR(RemoveLeftoversIn(path));
      continue;
    }
    const std::optional<PartName> name = names_.Parse(path);
    if (name && IsLeftover(path, *name)) {
      WEIR_RETURN_IF_ERROR(RemoveIfThere(*options_.file_system, path));
    }
  }
  return Status::Ok();
}

bool BucketFiles::IsLeftover(const std::string& path, const PartName& name) const {
  return name.attempt && *name.attempt < identity_.attempt &&
         name.subtask % identity_.parallelism == identity_.subtask && !held_.contains(path);
}

Status CommitFile(const FileSystem& file_system, const internal::FileCommittable& committable) {
  WEIR_RETURN_IF_ERROR(file_system.Rename(committable.in_progress, committable.part));
  return RemoveReplaced(file_system, committable);
}

Status RemoveReplaced(const FileSystem& file_system, const internal::FileCommittable& committable) {
  for (const std::string& path : committable.replaced) {
    WEIR_RETURN_IF_ERROR(RemoveIfThere(file_system, path));
  }
  return Status::Ok();
}

Status RemoveIfThere(const FileSystem& file_system, const std::string& path) {
  Status removed = file_system.Remove(path);
  return removed.code() == StatusCode::kNotFound ? Status::Ok() : removed;
}

}  // namespace weir::files
