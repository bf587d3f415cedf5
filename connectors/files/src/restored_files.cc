// The half of BucketFiles that goes on where an earlier attempt ended.
#include <algorithm>
#include <utility>

#include "connectors/files/src/bucket_files.h"
#include "connectors/files/src/file_copy.h"

namespace weir::files {
namespace {

Status CheckStop(const RestoreSurroundings& context) {
  if (!context.stopping()) return Status::Ok();
  return Status(StatusCode::kCanceled, "the task ends while the sink's files are restored");
}

}  // namespace

Status BucketFiles::Restore(const internal::RestoredFileSink& restored,
                            const RestoreSurroundings& context) {
  const std::optional<std::uint64_t> own_number = Hold(restored);
  Findings findings;
  WEIR_RETURN_IF_ERROR(LookBelow(options_.path, context, findings));
  if (naming_ == Naming::kByCommit && own_number && findings.next_number > *own_number) {
    return Status(StatusCode::kFailedPrecondition,
                  "checkpoint " + std::to_string(restored.checkpoint_id) +
                      " cannot be restored: " + findings.last_part +
                      " was committed by a later one, and its records would be written again",
                  ErrorDomain::kExternal, RetryHint::kNoRetry);
  }
  // A subtask that the checkpoint does not hold, and whose numbers must not come again either.
  forgotten_number_ = std::max(forgotten_number_, findings.next_number);
  prepared_number_ = forgotten_number_;
  for (const auto& held : restored.writer_states) {
    if (!restored.IsMine(held.subtask)) continue;
    for (const internal::OpenPart& open : held.state.open_parts) {
      WEIR_RETURN_IF_ERROR(Continue(open, context));
    }
  }
  for (const std::string& path : findings.leftovers) {
    WEIR_RETURN_IF_ERROR(RemoveIfThere(*options_.file_system, path));
  }
  return Status::Ok();
}

std::optional<std::uint64_t> BucketFiles::Hold(const internal::RestoredFileSink& restored) {
  // With what they replace: an older checkpoint may be restored yet, in which those are open.
  const auto hold = [this](const auto& part) {
    held_.insert(part.in_progress);
    held_.insert(part.replaced.begin(), part.replaced.end());
  };
  std::optional<std::uint64_t> own_number;
  for (const auto& held : restored.committables) hold(held.committable);
  for (const auto& held : restored.writer_states) {
    // Of all writers: a number that another one of this name had before must not come again.
    forgotten_number_ = std::max(forgotten_number_, held.state.next_number);
    if (held.subtask == identity_.subtask) own_number = held.state.next_number;
    for (const internal::OpenPart& open : held.state.open_parts) hold(open);
  }
  return own_number;
}

Status BucketFiles::Continue(const internal::OpenPart& open, const RestoreSurroundings& context) {
  WEIR_ASSIGN_OR_RETURN(Bucket* const bucket, BucketOf(open.bucket));
  if (bucket->part) WEIR_RETURN_IF_ERROR(Finish(*bucket));  // of another writer before
  WEIR_RETURN_IF_ERROR(Create(*bucket, open.opened_ms));
  const Status copied = CopyBeginning(*options_.file_system, open.in_progress, open.bytes,
                                      [&](std::string_view bytes) {
                                        WEIR_RETURN_IF_ERROR(CheckStop(context));
                                        return Append(*bucket, bytes);
                                      });
  if (!copied.ok()) {
    return copied.WithContext("cannot go on with a part of the restored checkpoint");
  }
  bucket->written_ms = open.written_ms;
  bucket->replaced = open.replaced;
  // One of another job (it has left a checkpoint that this one starts from) is not ours to remove.
  if (names_.Parse(open.in_progress)) bucket->replaced.push_back(open.in_progress);
  return Status::Ok();
}

Status BucketFiles::LookBelow(const std::string& directory, const RestoreSurroundings& context,
                              Findings& findings) const {
  WEIR_RETURN_IF_ERROR(CheckStop(context));
  const Result<std::vector<FileInformation>> inside = options_.file_system->List(directory);
  if (!inside.ok()) {
    // Somebody may tidy up the buckets of yesterday, and not all below the path need be buckets.
    if (inside.status().code() != StatusCode::kNotFound) {
      context.logger.Warning("File sink: does not look for what earlier attempts have left: " +
                             inside.status().message());
    }
    return Status::Ok();
  }
  for (const FileInformation& file : *inside) {
    const std::string path = PathIn(directory, file);
    if (file.is_symbolic_link) continue;
    if (file.is_directory) {
      WEIR_RETURN_IF_ERROR(LookBelow(path, context, findings));
      continue;
    }
    const std::optional<PartName> name = names_.Parse(path);
    if (!name) continue;
    if (IsLeftover(path, *name)) {
      findings.leftovers.push_back(path);
    } else if (!name->attempt && name->subtask == identity_.subtask &&
               name->number >= findings.next_number) {
      findings.next_number = name->number + 1;
      findings.last_part = path;
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
