#include "connectors/files/src/bucket_files.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <weir/stable_hash.h>

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

// ".0.inprogress", what follows the number of a part.
bool IsOfEarlierAttempt(std::string_view rest, std::uint32_t attempt) {
  std::uint64_t number = 0;
  if (!rest.starts_with('.') || !rest.ends_with(kInProgress)) return false;
  rest.remove_prefix(1);
  return TakeNumber(rest, number) && rest == kInProgress && number < attempt;
}

}  // namespace

std::string SinkIdOf(std::string_view job_id, std::string_view operator_id) {
  const std::uint64_t hash = StableHash(std::string(job_id) + "/" + std::string(operator_id));
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(hash >> shift) & 0xf];
  return digits;
}

BucketFiles::BucketFiles(const internal::FileSinkOptions& options, std::string_view sink_id,
                         std::uint32_t subtask, std::uint32_t attempt)
    : options_(options),
      stem_(options.part_prefix + "-" + std::string(sink_id) + "-" + std::to_string(subtask) + "-"),
      attempt_(attempt) {}

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
    std::string_view name = std::string_view(file.path).substr(file.path.rfind('/') + 1);
    const bool hidden = name.starts_with('.');
    if (hidden) name.remove_prefix(1);
    std::uint64_t number = 0;
    if (!name.starts_with(stem_)) continue;
    name.remove_prefix(stem_.size());
    if (!TakeNumber(name, number)) continue;
    if (hidden && IsOfEarlierAttempt(name, attempt_)) {
      WEIR_RETURN_IF_ERROR(options_.file_system->Remove(file.path));
    } else {
      // Also one in progress of a later attempt, where we are the one that nobody waits for any
      // more, or of a JobManager that has counted attempts anew since.
      bucket.next_number = std::max(bucket.next_number, number + 1);
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
      bucket.directory + "/" + stem_ + std::to_string(bucket.number) + options_.part_suffix);
}

std::string BucketFiles::InProgressPath(const Bucket& bucket) const {
  return bucket.directory + "/." + stem_ + std::to_string(bucket.number) + "." +
         std::to_string(attempt_) + std::string(kInProgress);
}

}  // namespace weir::files
