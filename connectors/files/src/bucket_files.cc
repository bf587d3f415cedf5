#include "connectors/files/src/bucket_files.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace weir::files {
namespace {

constexpr std::string_view kInProgress = ".inprogress";

std::int64_t Later(std::int64_t time_ms, std::int64_t interval_ms) {
  std::int64_t later_ms = 0;
  return __builtin_add_overflow(time_ms, interval_ms, &later_ms) ? BucketFiles::kNever : later_ms;
}

// The digits at the front of `text`, taken off.
bool TakeNumber(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

Status BucketFiles::Write(const std::string& name, std::string_view bytes, std::int64_t now_ms) {
  WEIR_ASSIGN_OR_RETURN(Bucket* const bucket, BucketOf(name));
  if (bucket->part && RollTimeOf(*bucket) <= now_ms) WEIR_RETURN_IF_ERROR(Finish(*bucket));
  if (!bucket->part) WEIR_RETURN_IF_ERROR(Open(*bucket, now_ms));
  WEIR_RETURN_IF_ERROR(bucket->part->Append(bytes));
  bucket->bytes += bytes.size();
  bucket->written_ms = now_ms;
  return bucket->bytes >= options_.roll_at_bytes ? Finish(*bucket) : Status::Ok();
}

Status BucketFiles::Roll(std::int64_t now_ms) {
  for (auto& [name, bucket] : buckets_) {
    if (bucket.part && RollTimeOf(bucket) <= now_ms) WEIR_RETURN_IF_ERROR(Finish(bucket));
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
    if (bucket.part) WEIR_RETURN_IF_ERROR(bucket.part->Sync());
  }
  return Status::Ok();
}

Status BucketFiles::FinishAll() {
  for (auto& [name, bucket] : buckets_) {
    if (bucket.part) WEIR_RETURN_IF_ERROR(Finish(bucket));
  }
  return Status::Ok();
}

std::int64_t BucketFiles::RollTimeOf(const Bucket& bucket) const {
  return std::min(Later(bucket.opened_ms, options_.roll_after_ms),
                  Later(bucket.written_ms, options_.roll_after_inactivity_ms));
}

Result<BucketFiles::Bucket*> BucketFiles::BucketOf(const std::string& name) {
  const auto found = buckets_.find(name);
  if (found != buckets_.end()) return &found->second;
  Bucket bucket;
  bucket.directory = options_.path + (name.empty() ? "" : "/" + name);
  WEIR_RETURN_IF_ERROR(options_.file_system->CreateDirectories(bucket.directory));
  WEIR_RETURN_IF_ERROR(LookAround(bucket));
  return &buckets_.emplace(name, std::move(bucket)).first->second;
}

Status BucketFiles::LookAround(Bucket& bucket) const {
  WEIR_ASSIGN_OR_RETURN(const std::vector<FileInformation> inside,
                        options_.file_system->List(bucket.directory));
  const std::string stem = Stem();
  for (const FileInformation& file : inside) {
    std::string_view name = std::string_view(file.path).substr(file.path.rfind('/') + 1);
    const bool hidden = name.starts_with('.');
    if (hidden) name.remove_prefix(1);
    std::uint64_t number = 0;
    if (!name.starts_with(stem)) continue;
    name.remove_prefix(stem.size());
    if (!TakeNumber(name, number)) continue;
    if (!hidden) {
      bucket.next_number = std::max(bucket.next_number, number + 1);
    } else if (name.ends_with(kInProgress)) {
      std::uint64_t attempt = 0;
      name.remove_prefix(1);
      // One of a later attempt: we are the one that nobody waits for any more.
      if (!TakeNumber(name, attempt) || attempt >= attempt_) continue;
      WEIR_RETURN_IF_ERROR(options_.file_system->Remove(file.path));
    }
  }
  return Status::Ok();
}

Status BucketFiles::Open(Bucket& bucket, std::int64_t now_ms) {
  bucket.number = bucket.next_number++;
  WEIR_ASSIGN_OR_RETURN(bucket.part, options_.file_system->Create(InProgressPath(bucket)));
  bucket.bytes = 0;
  bucket.opened_ms = now_ms;
  if (options_.header.empty()) return Status::Ok();
  const std::string header = options_.header + "\n";
  bucket.bytes = header.size();
  return bucket.part->Append(header);
}

Status BucketFiles::Finish(Bucket& bucket) {
  const std::unique_ptr<WritableFile> part = std::move(bucket.part);
  WEIR_RETURN_IF_ERROR(part->Sync());
  WEIR_RETURN_IF_ERROR(part->Close());
  return options_.file_system->Rename(
      InProgressPath(bucket),
      bucket.directory + "/" + Stem() + std::to_string(bucket.number) + options_.part_suffix);
}

std::string BucketFiles::Stem() const {
  return options_.part_prefix + "-" + std::to_string(subtask_) + "-";
}

std::string BucketFiles::InProgressPath(const Bucket& bucket) const {
  return bucket.directory + "/." + Stem() + std::to_string(bucket.number) + "." +
         std::to_string(attempt_) + std::string(kInProgress);
}

}  // namespace weir::files
