#include "taskmanager/state/store_uploads.h"

#include <utility>

namespace weir::state {

Result<StoreUploads::Uploaded> StoreUploads::Upload(std::uint64_t checkpoint_id,
                                                    std::string_view name,
                                                    const StoreExport& exported,
                                                    const std::function<Status()>& may_go_on) {
  Checkpoint checkpoint;
  Uploaded result;
  const Status uploaded = UploadAll(name, exported, may_go_on, checkpoint, result.snapshot);
  if (!uploaded.ok()) {
    const Status removed = Remove(checkpoint.uploaded);
    return removed.ok() ? uploaded : uploaded.WithContext(removed.message());
  }
  for (const SharedFile& file : checkpoint.uploaded) result.new_bytes += file.size_bytes;
  pending_[checkpoint_id] = std::move(checkpoint);
  return result;
}

Status StoreUploads::UploadAll(std::string_view name, const StoreExport& exported,
                               const std::function<Status()>& may_go_on, Checkpoint& checkpoint,
                               StoreSnapshot& snapshot) {
  for (const ExportedTable& from : exported.tables) {
    StoredTable& table = snapshot.tables.emplace_back(
        StoredTable{from.state, from.schema, from.max_parallelism, from.shard_count, {}});
    for (const ExportedShard& from_shard : from.shards) {
      StoredShard& shard = table.shards.emplace_back(StoredShard{
          from_shard.shard, from_shard.first_key_group, from_shard.key_group_count, {}});
      for (const ExportedFile& file : from_shard.files) {
        WEIR_RETURN_IF_ERROR(may_go_on());
        WEIR_ASSIGN_OR_RETURN(SharedFile shared, UploadOne(name, file, checkpoint));
        shard.files.push_back({file.table_file, std::move(shared)});
      }
    }
  }
  return Status::Ok();
}

const SharedFile* StoreUploads::FindReusable(std::uint64_t number) const {
  if (mode_ == Mode::kFull) return nullptr;
  const auto known = completed_.find(number);
  if (known == completed_.end()) return nullptr;
  for (const auto& [id, checkpoint] : pending_) {
    const auto found = checkpoint.files.find(number);
    if (found == checkpoint.files.end() || found->second != known->second) return nullptr;
  }
  return &known->second;
}

Result<SharedFile> StoreUploads::UploadOne(std::string_view name, const ExportedFile& file,
                                           Checkpoint& checkpoint) {
  if (const SharedFile* const known = FindReusable(file.number)) {
    checkpoint.files.emplace(file.number, *known);
    return *known;
  }
  WEIR_ASSIGN_OR_RETURN(SharedFile shared,
                        shared_.Upload(file.local_path, std::string(name) + "-" +
                                                            std::to_string(file.number) + ".sst"));
  checkpoint.uploaded.push_back(shared);
  if (shared.size_bytes != file.table_file.size_bytes) {
    return Status::Corruption(file.local_path + " has " + std::to_string(shared.size_bytes) +
                              " bytes, RocksDB says " + std::to_string(file.table_file.size_bytes));
  }
  checkpoint.files.emplace(file.number, shared);
  return shared;
}

void StoreUploads::CheckpointComplete(std::uint64_t checkpoint_id) {
  const auto found = pending_.find(checkpoint_id);
  if (found == pending_.end()) return;
  completed_ = std::move(found->second.files);
  // Earlier ones that are still here were overtaken; the JobManager removes their files.
  pending_.erase(pending_.begin(), std::next(found));
}

Status StoreUploads::CheckpointAborted(std::uint64_t checkpoint_id) {
  const auto found = pending_.find(checkpoint_id);
  if (found == pending_.end()) return Status::Ok();
  const Checkpoint checkpoint = std::move(found->second);
  pending_.erase(found);
  return Remove(checkpoint.uploaded);
}

Status StoreUploads::Remove(const std::vector<SharedFile>& files) const {
  Status first;
  for (const SharedFile& file : files) {
    const Status removed = shared_.Remove(file);
    if (first.ok()) first = removed;
  }
  return first;
}

}  // namespace weir::state
