// What happens to a stored job: epochs, checkpoints, its end; and the TaskManagers.
#include <algorithm>
#include <utility>

#include "common/text.h"
#include "jobmanager/ha/file_metadata_store.h"
#include "jobmanager/ha/metadata_file.h"

namespace weir::ha {

using Record = proto::MetadataRecord;

Status FileMetadataStore::CheckKnown(const std::string& job_id) {
  WEIR_ASSIGN_OR_RETURN(const bool known, files_.Exists(JobFolder(job_id) + "/submission"));
  if (known) return Status::Ok();
  return Status::NotFound(Concat("the metadata store has no running job ", job_id));
}

// The submission goes first: what is left without it is an interrupted submission.
Status FileMetadataStore::RemoveJob(const std::string& job_id) {
  WEIR_RETURN_IF_ERROR(CheckStillLeader());
  WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(JobFolder(job_id) + "/submission"));
  Remove(JobFolder(job_id), "a job that was refused");
  ForgetUnusedPlugins();
  return Status::Ok();
}

Status FileMetadataStore::SetJobEpoch(const std::string& job_id, std::uint64_t epoch) {
  WEIR_RETURN_IF_ERROR(CheckKnown(job_id));
  Record record;
  record.mutable_job_epoch()->set_job_id(job_id);
  record.mutable_job_epoch()->set_epoch(epoch);
  return Write(JobFolder(job_id) + "/epoch", record);
}

Result<proto::CompletedCheckpoints> FileMetadataStore::ReadCheckpoints(const std::string& job_id) {
  const std::string path = JobFolder(job_id) + "/checkpoints";
  WEIR_ASSIGN_OR_RETURN(const bool exists, files_.Exists(path));
  if (!exists) {
    proto::CompletedCheckpoints none;
    none.set_job_id(job_id);
    return none;
  }
  WEIR_ASSIGN_OR_RETURN(Record record, Read(path, Record::kCheckpoints));
  if (record.checkpoints().job_id() != job_id) {
    return Status::Corruption(
        Concat("'", path, "' in the metadata store holds another job's checkpoints"));
  }
  return std::move(*record.mutable_checkpoints());
}

Status FileMetadataStore::WriteCheckpoints(const proto::CompletedCheckpoints& checkpoints) {
  Record record;
  *record.mutable_checkpoints() = checkpoints;
  return Write(JobFolder(checkpoints.job_id()) + "/checkpoints", record);
}

Status FileMetadataStore::AddCompletedCheckpoint(const std::string& job_id,
                                                 const proto::CheckpointPointer& checkpoint) {
  WEIR_RETURN_IF_ERROR(CheckKnown(job_id));
  WEIR_ASSIGN_OR_RETURN(proto::CompletedCheckpoints known, ReadCheckpoints(job_id));
  auto& list = *known.mutable_checkpoints();
  const auto same =
      std::ranges::find(list, checkpoint.checkpoint_id(), &proto::CheckpointPointer::checkpoint_id);
  if (same != list.end()) {
    *same = checkpoint;
  } else {
    *list.Add() = checkpoint;
  }
  return WriteCheckpoints(known);
}

Status FileMetadataStore::RemoveCompletedCheckpoint(const std::string& job_id,
                                                    std::uint64_t checkpoint_id) {
  WEIR_RETURN_IF_ERROR(CheckKnown(job_id));
  WEIR_ASSIGN_OR_RETURN(proto::CompletedCheckpoints known, ReadCheckpoints(job_id));
  auto& list = *known.mutable_checkpoints();
  const auto found =
      std::ranges::find(list, checkpoint_id, &proto::CheckpointPointer::checkpoint_id);
  if (found == list.end()) return Status::Ok();
  list.erase(found);
  return WriteCheckpoints(known);
}

Status FileMetadataStore::AddResult(const proto::JobResult& result) {
  WEIR_RETURN_IF_ERROR(CheckKnown(result.job_id()));
  Record record;
  *record.mutable_result() = result;
  // From here on the job has ended, whatever becomes of the rest.
  WEIR_RETURN_IF_ERROR(Write(ResultPath(result.job_id()), record));
  ForgetJob(result.job_id());
  ForgetUnusedPlugins();
  ForgetOldResults();
  return Status::Ok();
}

Status FileMetadataStore::SetCheckpointsCleared(const std::string& job_id) {
  Result<proto::JobResult> result = ReadResult(job_id);
  if (result.status().code() == StatusCode::kNotFound) return Status::Ok();
  if (!result.ok()) return result.status();
  if (!result->has_checkpoints_to_clear()) return Status::Ok();
  result->clear_checkpoints_to_clear();
  Record record;
  *record.mutable_result() = *std::move(result);
  return Write(ResultPath(job_id), record);
}

void FileMetadataStore::ForgetJob(const std::string& job_id) {
  Remove(JobFolder(job_id), "the metadata of an ended job");
}

void FileMetadataStore::ForgetUnusedPlugins() {
  const auto jobs = files_.List(directory_ + "/jobs");
  const auto plugins = files_.List(directory_ + "/plugins");
  if (!jobs.ok() || !plugins.ok() || plugins->empty()) return;
  std::vector<std::string> needed;
  for (const std::string& id : *jobs) {
    const auto job = ReadSubmission(id);
    if (job.ok()) {
      needed.push_back(job->plugin().content_hash());
    } else if (job.status().code() != StatusCode::kNotFound) {
      return;  // which plugin it needs is not known
    }
  }
  for (const std::string& hash : *plugins) {
    if (std::ranges::find(needed, hash) != needed.end()) continue;
    Remove(PluginPath(hash), "a plugin that no job needs");
  }
}

void FileMetadataStore::ForgetOldResults() {
  const auto ids = files_.List(directory_ + "/results");
  if (!ids.ok() || ids->size() <= most_results_) return;
  std::vector<std::pair<std::int64_t, std::string>> by_end;
  for (const std::string& id : *ids) {
    const auto result = ReadResult(id);
    const auto lingers = files_.Exists(JobFolder(id));
    // While anything of the job is left, its result is what keeps it from running again; and what
    // names its checkpoints.
    if (!result.ok() || !lingers.ok() || *lingers || result->has_checkpoints_to_clear()) continue;
    by_end.emplace_back(result->end_time_ms(), id);
  }
  std::ranges::sort(by_end);
  const std::size_t excess = ids->size() - most_results_;
  for (std::size_t index = 0; index < std::min(excess, by_end.size()); ++index) {
    Remove(ResultPath(by_end[index].second), "the result of a job that ended long ago");
  }
}

Result<std::vector<std::string>> FileMetadataStore::ReadTaskManagers() {
  WEIR_ASSIGN_OR_RETURN(const bool exists, files_.Exists(TaskManagersPath()));
  if (!exists) return std::vector<std::string>();
  WEIR_ASSIGN_OR_RETURN(const Record record, Read(TaskManagersPath(), Record::kTaskManagers));
  const auto& ids = record.task_managers().ids();
  return std::vector<std::string>(ids.begin(), ids.end());
}

Status FileMetadataStore::SetTaskManagers(const std::vector<std::string>& ids) {
  Record record;
  record.mutable_task_managers()->mutable_ids()->Add(ids.begin(), ids.end());
  return Write(TaskManagersPath(), record);
}

}  // namespace weir::ha
