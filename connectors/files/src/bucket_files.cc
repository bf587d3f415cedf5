#include "connectors/files/src/bucket_files.h"

#include <algorithm>
#include <utility>

namespace weir::files {
namespace {

std::int64_t Later(std::int64_t time_ms, std::int64_t interval_ms) {
  std::int64_t later_ms = 0;
  return __builtin_add_overflow(time_ms, interval_ms, &later_ms) ? BucketFiles::kNever : later_ms;
}

}  // namespace

std::string PathIn(const std::string& directory, const FileInformation& file) {
  return directory + "/" + file.path.substr(file.path.rfind('/') + 1);
}

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

BucketFiles::BucketFiles(const internal::FileSinkOptions& options, FileWriterIdentity identity,
                         Naming naming)
    : options_(options),
      identity_(std::move(identity)),
      naming_(naming),
      names_(options.part_prefix, options.part_suffix, identity_.sink_id) {}

Status BucketFiles::Write(const std::string& name, std::string_view bytes, std::int64_t now_ms) {
  WEIR_ASSIGN_OR_RETURN(Bucket* const bucket, BucketOf(name));
  if (bucket->part && RollTimeOf(*bucket) <= now_ms) WEIR_RETURN_IF_ERROR(Finish(*bucket));
  if (!bucket->part) WEIR_RETURN_IF_ERROR(Open(*bucket, now_ms));
  WEIR_RETURN_IF_ERROR(Append(*bucket, bytes));
  bucket->written_ms = now_ms;
  return bucket->bytes >= options_.roll_at_bytes ? Finish(*bucket) : Status::Ok();
}

Status BucketFiles::Roll(std::int64_t now_ms) {
  for (auto named = buckets_.begin(); named != buckets_.end();) {
    Bucket& bucket = named->second;
    if (bucket.part && RollTimeOf(bucket) <= now_ms) WEIR_RETURN_IF_ERROR(Finish(bucket));
    if (Forgettable(bucket, now_ms)) {
      forgotten_number_ = std::max(forgotten_number_, bucket.next_number);
      named = buckets_.erase(named);
    } else {
      ++named;
    }
  }
  return Status::Ok();
}

std::int64_t BucketFiles::next_roll_ms() const {
  std::int64_t first_ms = kNever;
  for (const auto& [name, bucket] : buckets_) {
    if (bucket.part) first_ms = std::min(first_ms, RollTimeOf(bucket));
  }
  return first_ms;
}

Status BucketFiles::Sync() {
  for (auto& [name, bucket] : buckets_) {
    if (!bucket.part || bucket.synced) continue;
    WEIR_RETURN_IF_ERROR(bucket.part->Sync());
    bucket.synced = true;
  }
  return SyncDirectories();
}

Status BucketFiles::FinishAll() {
  for (auto& [name, bucket] : buckets_) {
    if (bucket.part) WEIR_RETURN_IF_ERROR(Finish(bucket));
  }
  return Status::Ok();
}

Status BucketFiles::Prepare(bool end_of_input, PreparedFiles& prepared) {
  if (end_of_input || options_.roll_on_checkpoint) WEIR_RETURN_IF_ERROR(FinishAll());
  WEIR_RETURN_IF_ERROR(Sync());
  std::move(finished_.begin(), finished_.end(), std::back_inserter(prepared.committables));
  finished_.clear();
  prepared.state = State();
  prepared_number_ = prepared.state.next_number;
  return Status::Ok();
}

internal::FileWriterState BucketFiles::State() const {
  internal::FileWriterState state;
  state.next_number = forgotten_number_;
  for (const auto& [name, bucket] : buckets_) {
    state.next_number = std::max(state.next_number, bucket.next_number);
    if (!bucket.part) continue;
    state.open_parts.push_back({name, InProgressPath(bucket), bucket.bytes, bucket.opened_ms,
                                bucket.written_ms, bucket.replaced});
  }
  return state;
}

std::int64_t BucketFiles::RollTimeOf(const Bucket& bucket) const {
  return std::min(Later(bucket.opened_ms, options_.roll_after_ms),
                  Later(bucket.written_ms, options_.roll_after_inactivity_ms));
}

bool BucketFiles::Forgettable(const Bucket& bucket, std::int64_t now_ms) const {
  const std::int64_t after_ms = std::min(options_.roll_after_ms, options_.roll_after_inactivity_ms);
  return !bucket.part && Later(bucket.written_ms, after_ms) <= now_ms;
}

Result<BucketFiles::Bucket*> BucketFiles::BucketOf(const std::string& name) {
  const auto found = buckets_.find(name);
  if (found != buckets_.end()) return &found->second;
  Bucket bucket;
  bucket.next_number = forgotten_number_;
  bucket.directory = options_.path + (name.empty() ? "" : "/" + name);
  WEIR_RETURN_IF_ERROR(options_.file_system->CreateDirectories(bucket.directory));
  WEIR_RETURN_IF_ERROR(LookAround(bucket));
  return &buckets_.emplace(name, std::move(bucket)).first->second;
}

Status BucketFiles::LookAround(Bucket& bucket) const {
  WEIR_ASSIGN_OR_RETURN(const std::vector<FileInformation> inside,
                        options_.file_system->List(bucket.directory));
  for (const FileInformation& file : inside) {
    const std::optional<PartName> name = names_.Parse(file.path);
    if (!name || name->subtask != identity_.subtask) continue;
    const std::string path = PathIn(bucket.directory, file);
    if (IsLeftover(path, *name)) {
      WEIR_RETURN_IF_ERROR(RemoveIfThere(*options_.file_system, path));
    } else {
      // Also one in progress of a later attempt, where we are the one that nobody waits for any
      // more, or of a JobManager that has counted attempts anew since.
      bucket.next_number = std::max(bucket.next_number, name->number + 1);
    }
  }
  return Status::Ok();
}

Status BucketFiles::Create(Bucket& bucket, std::int64_t now_ms) {
  // In all buckets: so Restore() sees by its number whether a part is of a later checkpoint.
  bucket.number = std::max(bucket.next_number, prepared_number_);
  bucket.next_number = bucket.number + 1;
  WEIR_ASSIGN_OR_RETURN(bucket.part, options_.file_system->Create(InProgressPath(bucket)));
  bucket.bytes = 0;
  bucket.opened_ms = now_ms;
  bucket.written_ms = now_ms;
  bucket.replaced.clear();
  // With the directories that may have been made for it, up to the sink's own and its parent: an
  // attempt that was killed may have made them and not come to sync.
  std::string directory = bucket.directory;
  while (unsynced_directories_.insert(directory).second &&
         directory.size() >= options_.path.size()) {
    directory = DirectoryOf(directory);
  }
  return Status::Ok();
}

Status BucketFiles::Open(Bucket& bucket, std::int64_t now_ms) {
  WEIR_RETURN_IF_ERROR(Create(bucket, now_ms));
  return options_.header.empty() ? Status::Ok() : Append(bucket, options_.header + "\n");
}

Status BucketFiles::Append(Bucket& bucket, std::string_view bytes) {
  WEIR_RETURN_IF_ERROR(bucket.part->Append(bytes));
  bucket.bytes += bytes.size();
  bucket.synced = false;
  return Status::Ok();
}

Status BucketFiles::Finish(Bucket& bucket) {
  const std::unique_ptr<WritableFile> part = std::move(bucket.part);
  if (!bucket.synced) WEIR_RETURN_IF_ERROR(part->Sync());
  WEIR_RETURN_IF_ERROR(part->Close());
  internal::FileCommittable committable{
      InProgressPath(bucket),
      bucket.directory + "/" + names_.Finished(identity_.subtask, bucket.number),
      std::move(bucket.replaced)};
  if (naming_ == Naming::kAtOnce) return CommitFile(*options_.file_system, committable);
  finished_.push_back(std::move(committable));
  return Status::Ok();
}

Status BucketFiles::SyncDirectories() {
  for (const std::string& directory : unsynced_directories_) {
    WEIR_RETURN_IF_ERROR(options_.file_system->SyncDirectory(directory));
  }
  unsynced_directories_.clear();
  return Status::Ok();
}

std::string BucketFiles::InProgressPath(const Bucket& bucket) const {
  return bucket.directory + "/" +
         names_.InProgress(identity_.subtask, bucket.number, identity_.attempt);
}

}  // namespace weir::files
