#include "jobmanager/checkpoint/completed_checkpoint_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/text.h"
#include "jobmanager/checkpoint/checkpoint_metadata.h"

namespace weir::jobmanager {
namespace {

// Wrong with the file itself, and not with the way to it.
bool IsOfTheFile(const Status& status) {
  return status.code() == StatusCode::kNotFound || status.code() == StatusCode::kCorruption;
}

}  // namespace

bool IsRemovedAfter(JobEnd end, CheckpointRetention retention) {
  switch (end) {
    case JobEnd::kFinished:
      return true;
    case JobEnd::kCanceled:
      return retention != CheckpointRetention::kRetainOnCancellation;
    case JobEnd::kFailed:
      return retention == CheckpointRetention::kNone;
    case JobEnd::kSuspended:
      return false;
  }
  return false;
}

CompletedCheckpointStore::CompletedCheckpointStore(CheckpointFolder& folder, std::size_t retained)
    : folder_(folder), retained_(retained) {}

void CompletedCheckpointStore::Insert(CompletedCheckpoint checkpoint) {
  highest_checkpoint_id_ = std::max(highest_checkpoint_id_, checkpoint.checkpoint_id);
  const auto place = std::upper_bound(
      checkpoints_.begin(), checkpoints_.end(), checkpoint.checkpoint_id,
      [](std::uint64_t id, const CompletedCheckpoint& each) { return id < each.checkpoint_id; });
  checkpoints_.insert(place, std::move(checkpoint));
}

Result<CompletedCheckpoint> CompletedCheckpointStore::Read(std::uint64_t checkpoint_id) {
  CompletedCheckpoint checkpoint;
  checkpoint.checkpoint_id = checkpoint_id;
  checkpoint.directory = folder_.directory();
  checkpoint.path = folder_.PathOf(checkpoint_id);
  const std::string file = Concat(checkpoint.path, "/", kCheckpointMetadataFile);
  Result<proto::CheckpointMetadata> metadata = ReadCheckpointMetadata(folder_.files(), file);
  if (metadata.ok() && metadata->checkpoint_id() != checkpoint_id) {
    metadata = Status::Corruption(
        Concat("'", file, "' is that of checkpoint ", metadata->checkpoint_id()));
  }
  if (metadata.ok()) {
    checkpoint.metadata = std::make_shared<const proto::CheckpointMetadata>(*std::move(metadata));
  } else {
    if (!IsOfTheFile(metadata.status())) return metadata.status();
    checkpoint.problem = metadata.status();
  }
  return checkpoint;
}

Result<std::vector<Status>> CompletedCheckpointStore::Recover(
    const std::set<std::uint64_t>& known) {
  WEIR_ASSIGN_OR_RETURN(const CheckpointFolder::Numbers numbers, folder_.ListCheckpoints());
  highest_checkpoint_id_ = std::max(highest_checkpoint_id_, numbers.highest);
  std::vector<Status> problems;
  for (const std::uint64_t id : numbers.completed) {
    WEIR_ASSIGN_OR_RETURN(CompletedCheckpoint checkpoint, Read(id));
    if (!checkpoint.problem.ok()) {
      unrestorable_.insert(id);
      problems.push_back(checkpoint.problem);
    }
    Insert(std::move(checkpoint));
  }
  for (const std::uint64_t id : known) {
    highest_checkpoint_id_ = std::max(highest_checkpoint_id_, id);
    if (!std::binary_search(numbers.completed.begin(), numbers.completed.end(), id)) {
      problems.push_back(Status::NotFound(
          Concat("checkpoint ", id, " was completed, but '", folder_.PathOf(id), "' is gone")));
    }
  }
  return problems;
}

Result<CompletedCheckpoint> CompletedCheckpointStore::AddInitial(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const CheckpointPath where, ResolveCheckpointPath(folder_.files(), path));
  if (where.directory == folder_.directory()) {
    return Status::InvalidArgument(
        Concat("'", where.folder, "' is a checkpoint of this job itself"));
  }
  WEIR_ASSIGN_OR_RETURN(proto::CheckpointMetadata metadata,
                        ReadCheckpointMetadata(folder_.files(), where.metadata_file));
  CompletedCheckpoint checkpoint;
  checkpoint.checkpoint_id = metadata.checkpoint_id();
  checkpoint.directory = where.directory;
  checkpoint.path = where.folder;
  checkpoint.owned = false;
  checkpoint.metadata = std::make_shared<const proto::CheckpointMetadata>(std::move(metadata));
  Insert(checkpoint);
  // A job that is recovered may be past it.
  Subsume();
  return checkpoint;
}

Result<CompletedCheckpointStore::Added> CompletedCheckpointStore::Add(
    proto::CheckpointMetadata metadata) {
  const std::uint64_t id = metadata.checkpoint_id();
  if (const Status completed = folder_.Complete(metadata); !completed.ok()) {
    to_discard_.insert(id);
    aborted_.insert(id);
    CleanUp();
    return completed.WithContext(Concat("checkpoint ", id, " was not completed"));
  }
  Added added;
  added.checkpoint.checkpoint_id = id;
  added.checkpoint.directory = folder_.directory();
  added.checkpoint.path = folder_.PathOf(id);
  added.checkpoint.metadata =
      std::make_shared<const proto::CheckpointMetadata>(std::move(metadata));
  Insert(added.checkpoint);
  added.subsumed = Subsume();
  added.cleanup_failures = CleanUp();
  return added;
}

// Forgets what is older than the `retained_` newest that can be restored, as far as is known.
std::vector<std::uint64_t> CompletedCheckpointStore::Subsume() {
  std::size_t usable = 0;
  auto oldest = checkpoints_.end();
  while (oldest != checkpoints_.begin() && usable < retained_) {
    --oldest;
    if (oldest->problem.ok()) ++usable;
  }
  if (usable < retained_) return {};
  const std::vector<CompletedCheckpoint> removed(std::make_move_iterator(checkpoints_.begin()),
                                                 std::make_move_iterator(oldest));
  checkpoints_.erase(checkpoints_.begin(), oldest);
  std::vector<std::uint64_t> subsumed;
  for (const CompletedCheckpoint& checkpoint : removed) {
    Discard(checkpoint);
    subsumed.push_back(checkpoint.checkpoint_id);
  }
  DiscardSharedFilesOf(removed);
  return subsumed;
}

void CompletedCheckpointStore::Discard(const CompletedCheckpoint& checkpoint) {
  if (checkpoint.owned) to_discard_.insert(checkpoint.checkpoint_id);
  unrestorable_.erase(checkpoint.checkpoint_id);
}

std::optional<std::set<std::string>> CompletedCheckpointStore::ReferencedByOwn() const {
  std::set<std::string> referenced;
  for (const CompletedCheckpoint& each : checkpoints_) {
    if (!each.owned) continue;
    if (each.metadata == nullptr) return std::nullopt;
    referenced.merge(ReferencedFiles(*each.metadata));
  }
  return referenced;
}

// Those to which no checkpoint that is left refers; none where that cannot be told. A checkpoint
// that is under way refers to files of the newest one that its task knew to be complete, all of
// which every later one refers to as well (state::StoreUploads): none of them is among these.
void CompletedCheckpointStore::DiscardSharedFilesOf(
    const std::vector<CompletedCheckpoint>& removed) {
  const std::optional<std::set<std::string>> referenced = ReferencedByOwn();
  if (!referenced) return;
  for (const CompletedCheckpoint& each : removed) {
    if (!each.owned || each.metadata == nullptr) continue;
    for (const std::string& path : ReferencedFiles(*each.metadata)) {
      if (path.starts_with("shared/") && !referenced->contains(path)) {
        shared_to_discard_.insert(path);
      }
    }
  }
}

std::vector<Status> CompletedCheckpointStore::CleanUp() {
  std::vector<Status> failures;
  std::erase_if(to_discard_, [&](std::uint64_t id) {
    const Status removed = folder_.DiscardCheckpoint(id);
    if (!removed.ok()) {
      failures.push_back(removed.WithContext(Concat("checkpoint ", id, " was not removed yet")));
    }
    return removed.ok();
  });
  if (const auto referenced = ReferencedByOwn(); referenced) {
    std::erase_if(aborted_, [&](std::uint64_t id) {
      const Status removed = folder_.DiscardUploads(id, *referenced);
      if (!removed.ok()) {
        failures.push_back(
            removed.WithContext(Concat("shared state of checkpoint ", id, " was not removed yet")));
      }
      return removed.ok();
    });
  }
  const Status removed = folder_.DiscardSharedFiles(shared_to_discard_);
  if (removed.ok()) {
    shared_to_discard_.clear();
  } else {
    failures.push_back(removed.WithContext("shared state was not removed yet"));
  }
  return failures;
}

std::vector<Status> CompletedCheckpointStore::Abort(std::uint64_t checkpoint_id) {
  highest_checkpoint_id_ = std::max(highest_checkpoint_id_, checkpoint_id);
  to_discard_.insert(checkpoint_id);
  aborted_.insert(checkpoint_id);
  return CleanUp();
}

Result<std::optional<CompletedCheckpoint>> CompletedCheckpointStore::LatestRestorable() {
  for (auto each = checkpoints_.rbegin(); each != checkpoints_.rend(); ++each) {
    if (unrestorable_.contains(each->checkpoint_id)) continue;
    each->problem = CheckReferencedFiles(folder_.files(), each->directory, *each->metadata);
    if (each->problem.ok()) return std::optional<CompletedCheckpoint>(*each);
    if (!IsOfTheFile(each->problem)) return each->problem;
  }
  if (checkpoints_.empty()) return std::optional<CompletedCheckpoint>();
  const Status& newest = checkpoints_.back().problem;
  // What is damaged stays so: a job that would wait for another answer restarts for ever.
  const bool for_good = std::ranges::all_of(checkpoints_, [this](const CompletedCheckpoint& each) {
    return unrestorable_.contains(each.checkpoint_id);
  });
  const Status reason =
      for_good ? Status(newest.code(), newest.message(), ErrorDomain::kSystem, RetryHint::kNoRetry)
               : newest;
  return reason.WithContext("no checkpoint can be restored");
}

void CompletedCheckpointStore::MarkUnrestorable(std::uint64_t checkpoint_id, Status problem) {
  for (CompletedCheckpoint& each : checkpoints_) {
    if (each.checkpoint_id != checkpoint_id) continue;
    each.problem = std::move(problem);
    unrestorable_.insert(checkpoint_id);
    return;
  }
}

Result<std::vector<std::string>> CompletedCheckpointStore::RemoveOrphans(
    const std::set<std::uint64_t>& pending) {
  std::map<std::uint64_t, const proto::CheckpointMetadata*> kept;
  for (const std::uint64_t id : pending) kept.emplace(id, nullptr);
  for (const CompletedCheckpoint& each : checkpoints_) {
    if (each.owned) kept.emplace(each.checkpoint_id, each.metadata.get());
  }
  return folder_.RemoveOrphans(kept);
}

std::vector<Status> CompletedCheckpointStore::EndJob(JobEnd end, CheckpointRetention retention) {
  if (end == JobEnd::kSuspended) {
    checkpoints_.clear();
    return CleanUp();
  }
  if (IsRemovedAfter(end, retention)) {
    const std::vector<CompletedCheckpoint> removed = std::exchange(checkpoints_, {});
    for (const CompletedCheckpoint& checkpoint : removed) Discard(checkpoint);
    DiscardSharedFilesOf(removed);
  }
  std::vector<Status> failures = CleanUp();
  const Result<std::vector<std::string>> orphans = RemoveOrphans();
  if (!orphans.ok()) failures.push_back(orphans.status());
  if (checkpoints_.empty()) {
    const Status removed = folder_.RemoveFolder();
    if (!removed.ok()) failures.push_back(removed);
  }
  checkpoints_.clear();
  return failures;
}

}  // namespace weir::jobmanager
