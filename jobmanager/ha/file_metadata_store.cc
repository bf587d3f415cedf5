// Layout, leader, jobs coming in and being read. What happens to them later:
// file_metadata_store_changes.cc.
#include "jobmanager/ha/file_metadata_store.h"

#include <algorithm>
#include <utility>

#include "common/content_hash.h"
#include "common/text.h"
#include "jobmanager/ha/metadata_file.h"

namespace weir::ha {
namespace {

using Record = proto::MetadataRecord;
constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr std::size_t kCopyPieceBytes = std::size_t{1} << 20;

bool IsJobId(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Status WrongContent(const std::string& path, std::string_view what) {
  return Status::Corruption(Concat("'", path, "' in the metadata store holds ", what));
}

}  // namespace

FileMetadataStore::FileMetadataStore(FileSystem& files, std::string directory,
                                     std::size_t most_results)
    : files_(files), directory_(std::move(directory)), most_results_(most_results) {}

Status FileMetadataStore::Open(proto::LeaderRecord leader) {
  WEIR_RETURN_IF_ERROR(files_.CreateDirectories(directory_));
  Result<StoreOwner> owner = StoreOwner::Acquire(directory_ + "/lock");
  if (!owner.ok()) {
    return owner.status().WithContext(
        Concat("the metadata store in '", directory_, "' is in use", DescribeLeader()));
  }
  owner_ = *std::move(owner);
  for (const char* folder : {"/jobs", "/results", "/plugins"}) {
    WEIR_RETURN_IF_ERROR(files_.CreateDirectories(directory_ + folder));
    WEIR_RETURN_IF_ERROR(RemoveTemporaryFiles(directory_ + folder));
  }
  WEIR_RETURN_IF_ERROR(RemoveTemporaryFiles(directory_));
  std::uint64_t last_epoch = 0;
  const auto last = Read(LeaderPath(), Record::kLeader);
  if (last.ok()) {
    last_epoch = last->leader().epoch();
    earlier_lease_ms_ = last->leader().lease_ms();
  } else if (last.status().code() != StatusCode::kNotFound) {
    return last.status().WithContext("cannot tell which leader epoch comes next");
  }
  leader.set_epoch(last_epoch + 1);
  // Never shorter: the last leader may have ended while workers of one before it were alive.
  leader.set_lease_ms(std::max(leader.lease_ms(), earlier_lease_ms_));
  Record record;
  *record.mutable_leader() = leader;
  WEIR_RETURN_IF_ERROR(files_.WriteFileAtomically(LeaderPath(), EncodeMetadataFile(record)));
  leader_epoch_ = last_epoch + 1;
  log_.Info("leader epoch ", leader_epoch_, " of the metadata store in ", directory_);
  return Status::Ok();
}

std::string FileMetadataStore::DescribeLeader() {
  const auto record = Read(LeaderPath(), Record::kLeader);
  if (!record.ok()) return "";
  const proto::LeaderRecord& leader = record->leader();
  return Concat(" by process ", leader.process_id(), " on ", leader.host(), ", leader epoch ",
                leader.epoch());
}

// An interrupted atomic write leaves its temporary file; nobody reads those.
Status FileMetadataStore::RemoveTemporaryFiles(const std::string& folder) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(folder));
  for (const std::string& name : names) {
    if (name.ends_with(kTemporarySuffix)) Remove(Concat(folder, "/", name), "an interrupted write");
  }
  return Status::Ok();
}

void FileMetadataStore::Remove(const std::string& path, const char* what) {
  if (const Status removed = files_.RemoveRecursively(path); !removed.ok()) {
    log_.Warning(what, " stays behind: ", removed.message());
  } else {
    log_.Info("removed ", what, ": ", path);
  }
}

Result<proto::MetadataRecord> FileMetadataStore::Read(const std::string& path,
                                                      Record::RecordCase kind) {
  WEIR_ASSIGN_OR_RETURN(const std::string content, files_.ReadFile(path));
  WEIR_ASSIGN_OR_RETURN(Record record, DecodeMetadataFile(content, path));
  if (record.record_case() != kind) return WrongContent(path, "a record of another kind");
  return record;
}

Status FileMetadataStore::Write(const std::string& path, const Record& record) {
  WEIR_RETURN_IF_ERROR(CheckStillLeader());
  return files_.WriteFileAtomically(path, EncodeMetadataFile(record));
}

Status FileMetadataStore::CheckStillLeader() {
  WEIR_ASSIGN_OR_RETURN(const Record record, Read(LeaderPath(), Record::kLeader));
  const proto::LeaderRecord& leader = record.leader();
  if (leader.epoch() == leader_epoch_) return Status::Ok();
  return Status(StatusCode::kFailedPrecondition,
                Concat("the metadata store in '", directory_, "' belongs to leader epoch ",
                       leader.epoch(), " (process ", leader.process_id(), " on ", leader.host(),
                       "); this JobManager has ", leader_epoch_),
                ErrorDomain::kExternal, RetryHint::kNoRetry);
}

Result<StoredJobs> FileMetadataStore::ReadJobs() {
  StoredJobs stored;
  std::vector<std::string> ended;
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> results,
                        files_.List(directory_ + "/results"));
  for (const std::string& id : results) {
    if (!IsJobId(id)) continue;
    ended.push_back(id);
    Result<proto::JobResult> result = ReadResult(id);
    if (result.ok()) {
      stored.results.push_back(*std::move(result));
    } else {
      stored.unreadable.push_back({.job_id = id, .status = result.status()});
    }
  }
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> jobs, files_.List(directory_ + "/jobs"));
  for (const std::string& id : jobs) {
    if (!IsJobId(id)) {
      log_.Warning("'", directory_, "/jobs/", id, "' is no job and is left alone");
      continue;
    }
    if (std::ranges::find(ended, id) != ended.end()) {
      // Its end was interrupted after the result was written. Where the result cannot be read it
      // may be the better half: left alone.
      const bool readable = std::ranges::any_of(
          stored.results, [&](const auto& result) { return result.job_id() == id; });
      if (readable) ForgetJob(id);
      continue;
    }
    if (const Status read = ReadJobFolder(id, stored.jobs); !read.ok()) {
      stored.unreadable.push_back({.job_id = id, .status = read});
    }
  }
  if (stored.unreadable.empty()) ForgetUnusedPlugins();
  std::ranges::stable_sort(stored.jobs, {},
                           [](const StoredJob& job) { return job.job.submit_time_ms(); });
  std::ranges::stable_sort(stored.results, {}, &proto::JobResult::end_time_ms);
  return stored;
}

Status FileMetadataStore::ReadJobFolder(const std::string& job_id, std::vector<StoredJob>& jobs) {
  const std::string folder = JobFolder(job_id);
  WEIR_RETURN_IF_ERROR(RemoveTemporaryFiles(folder));
  WEIR_ASSIGN_OR_RETURN(const bool submitted, files_.Exists(folder + "/submission"));
  WEIR_ASSIGN_OR_RETURN(const bool has_checkpoints, files_.Exists(folder + "/checkpoints"));
  if (!submitted && !has_checkpoints) {
    Remove(folder, "an interrupted submission");
    return Status::Ok();
  }
  WEIR_ASSIGN_OR_RETURN(StoredJob job, ReadJob(job_id));
  jobs.push_back(std::move(job));
  return Status::Ok();
}

Result<StoredJob> FileMetadataStore::ReadJob(const std::string& job_id) {
  StoredJob stored;
  WEIR_ASSIGN_OR_RETURN(stored.job, ReadSubmission(job_id));
  const std::string epoch_path = JobFolder(job_id) + "/epoch";
  WEIR_ASSIGN_OR_RETURN(const Record epoch, Read(epoch_path, Record::kJobEpoch));
  if (epoch.job_epoch().job_id() != job_id) return WrongContent(epoch_path, "another job's epoch");
  stored.last_epoch = epoch.job_epoch().epoch();
  WEIR_ASSIGN_OR_RETURN(const proto::CompletedCheckpoints checkpoints, ReadCheckpoints(job_id));
  stored.checkpoints.assign(checkpoints.checkpoints().begin(), checkpoints.checkpoints().end());
  return stored;
}

Result<proto::SubmittedJob> FileMetadataStore::ReadSubmission(const std::string& job_id) {
  const std::string path = JobFolder(job_id) + "/submission";
  WEIR_ASSIGN_OR_RETURN(Record record, Read(path, Record::kJob));
  if (record.job().job_id() != job_id) return WrongContent(path, "another job");
  return std::move(*record.mutable_job());
}

Result<proto::JobResult> FileMetadataStore::ReadResult(const std::string& job_id) {
  WEIR_ASSIGN_OR_RETURN(Record record, Read(ResultPath(job_id), Record::kResult));
  if (record.result().job_id() != job_id) return WrongContent(ResultPath(job_id), "another job");
  return std::move(*record.mutable_result());
}

Status FileMetadataStore::AddJob(const proto::SubmittedJob& job, const std::string& plugin_file) {
  const std::string& id = job.job_id();
  if (!IsJobId(id)) return Status::InvalidArgument(Concat("'", id, "' is no job id"));
  WEIR_RETURN_IF_ERROR(CheckStillLeader());
  WEIR_ASSIGN_OR_RETURN(const bool submitted, files_.Exists(JobFolder(id) + "/submission"));
  WEIR_ASSIGN_OR_RETURN(const bool ended, files_.Exists(ResultPath(id)));
  if (submitted || ended) {
    return Status(StatusCode::kAlreadyExists,
                  Concat("there is a job with the id ", id, " in the metadata store"),
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  if (!plugin_file.empty()) {
    WEIR_RETURN_IF_ERROR(KeepPlugin(job.plugin().content_hash(), plugin_file));
  }
  const Status written = WriteJob(job);
  // The submission is the last file: without it there is no job, only what ReadJobs clears away.
  if (!written.ok()) ForgetUnusedPlugins();
  return written;
}

Status FileMetadataStore::WriteJob(const proto::SubmittedJob& job) {
  const std::string folder = JobFolder(job.job_id());
  WEIR_RETURN_IF_ERROR(files_.CreateDirectories(folder));
  Record epoch;
  epoch.mutable_job_epoch()->set_job_id(job.job_id());
  epoch.mutable_job_epoch()->set_epoch(1);
  Record submission;
  *submission.mutable_job() = job;
  // The files sync the job's folder; that the folder is there is an entry of the one above it.
  Status written = files_.SyncDirectory(directory_ + "/jobs");
  if (written.ok()) written = Write(folder + "/epoch", epoch);
  if (written.ok()) written = Write(folder + "/submission", submission);
  // A write can fail after its rename, when the folder cannot be synced: nothing of a job that was
  // refused may come to life.
  if (!written.ok()) Remove(folder, "a failed submission");
  return written;
}

Status FileMetadataStore::KeepPlugin(const std::string& content_hash,
                                     const std::string& plugin_file) {
  if (!IsContentHash(content_hash)) {
    return Status::InvalidArgument(Concat("'", content_hash, "' is no content hash"));
  }
  WEIR_ASSIGN_OR_RETURN(const bool kept, files_.Exists(PluginPath(content_hash)));
  if (kept && FindPlugin(content_hash).ok()) return Status::Ok();
  // Beside its name until it is whole; Open() clears away what is left of an interrupted copy.
  const std::string temporary = PluginPath(content_hash) + ".tmp";
  WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(temporary));
  Status copied = CopyPlugin(content_hash, plugin_file, temporary);
  if (copied.ok()) copied = files_.Rename(temporary, PluginPath(content_hash));
  if (copied.ok()) return files_.SyncDirectory(directory_ + "/plugins");
  Remove(temporary, "a failed copy of a plugin");
  return copied;
}

Status FileMetadataStore::CopyPlugin(const std::string& content_hash, const std::string& from,
                                     const std::string& to) {
  WEIR_ASSIGN_OR_RETURN(const auto source, files_.OpenForReading(from));
  WEIR_ASSIGN_OR_RETURN(const auto target, files_.CreateExclusively(to));
  ContentHasher hasher;
  std::string piece(kCopyPieceBytes, '\0');
  for (std::int64_t offset = 0;;) {
    WEIR_ASSIGN_OR_RETURN(const std::size_t size, source->ReadAt(offset, piece));
    if (size == 0) break;
    const std::string_view bytes(piece.data(), size);
    hasher.Update(bytes);
    WEIR_RETURN_IF_ERROR(target->Append(bytes));
    offset += static_cast<std::int64_t>(size);
  }
  if (hasher.Finish() != content_hash) {
    return Status::Corruption(Concat("'", from, "' is not the plugin ", content_hash));
  }
  WEIR_RETURN_IF_ERROR(target->Sync());
  return target->Close();
}

Result<std::string> FileMetadataStore::FindPlugin(const std::string& content_hash) {
  if (!IsContentHash(content_hash)) {
    return Status::NotFound(Concat("'", content_hash, "' is no content hash"));
  }
  const std::string path = PluginPath(content_hash);
  WEIR_ASSIGN_OR_RETURN(const bool kept, files_.Exists(path));
  if (!kept) return Status::NotFound(Concat("the metadata store has no plugin '", path, "'"));
  WEIR_ASSIGN_OR_RETURN(const std::string found, ContentHashOfFile(path));
  if (found != content_hash) return WrongContent(path, "bytes that are not those of its hash");
  return path;
}

}  // namespace weir::ha
