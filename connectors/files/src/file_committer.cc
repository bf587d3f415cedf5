#include "connectors/files/src/file_committer.h"

#include <string>
#include <utility>

#include "connectors/files/src/bucket_files.h"

namespace weir::files {

using Request = CommitRequest<internal::FileCommittable>;

Status FileCommitter::Commit(std::vector<Request>& requests) {
  for (Request& request : requests) CommitOne(request);
  return Status::Ok();
}

void FileCommitter::CommitOne(Request& request) {
  const Status status = CommitFile(*file_system_, request.committable());
  if (status.ok()) return;
  switch (status.code()) {
    case StatusCode::kNotFound:
      return CommitMissing(request, status);
    case StatusCode::kAlreadyExists:
      return request.SignalFailedWithKnownReason(status);
    default:
      return request.RetryLater(status);
  }
}

void FileCommitter::CommitMissing(Request& request, const Status& missing) {
  const internal::FileCommittable& file = request.committable();
  const bool tried_before = request.restored() || request.number_of_retries() > 0;
  const Status part = file_system_->Describe(file.part).status();
  if (!part.ok() && part.code() != StatusCode::kNotFound) return request.RetryLater(part);
  if (!tried_before) {
    return request.SignalFailedWithKnownReason(
        missing.WithContext("a part that was written and not yet committed is gone"));
  }
  if (!part.ok()) {
    // Nobody but us touches hidden files, and whoever takes finished ones away may be quick.
    context_->logger().Warning("File sink: neither " + file.in_progress + " nor " + file.part +
                               " is there; it was committed by an earlier attempt, if nobody has "
                               "removed the file in progress");
  }
  // The try that gave it its name may have failed behind that: on the disk first, then done.
  if (part.ok()) {
    Status synced = file_system_->SyncDirectory(DirectoryOf(file.part));
    if (!synced.ok()) return request.RetryLater(std::move(synced));
  }
  if (Status removed = RemoveReplaced(*file_system_, file); !removed.ok()) {
    return request.RetryLater(std::move(removed));
  }
  request.SignalAlreadyCommitted();
}

std::unique_ptr<Committer<internal::FileCommittable>> internal::CreateFileCommitter(
    std::shared_ptr<const FileSystem> file_system) {
  return std::make_unique<FileCommitter>(std::move(file_system));
}

}  // namespace weir::files
