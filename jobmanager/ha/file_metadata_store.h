// FileMetadataStore: the metadata store in a folder (high-availability.type file). The layout is in
// docs/formats/metadata-store.md; every file is replaced as a whole, so that a reader sees what was
// there before a call or what is there after it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/logging.h"
#include "jobmanager/ha/metadata_store.h"
#include "jobmanager/ha/store_owner.h"

namespace weir::ha {

class FileMetadataStore final : public MetadataStore {
 public:
  // How many results of ended jobs are kept.
  static constexpr std::size_t kMostResults = 100;

  // `files` outlives the store; `directory` is this cluster's alone.
  FileMetadataStore(FileSystem& files, std::string directory, std::size_t most_results);

  // Keeps others out for as long as the store lives (FAILED_PRECONDITION, naming the process that
  // keeps us out), makes the folders, clears away what an interrupted write left, and takes the
  // next leader epoch: `leader` says who we are and which lease our workers get; its epoch is
  // filled in. Once, before everything else. CORRUPTION when the last epoch cannot be read: nobody
  // may lead then, since nobody could say who is older.
  Status Open(proto::LeaderRecord leader);

  std::uint64_t leader_epoch() const override { return leader_epoch_; }
  std::int64_t earlier_lease_ms() const override { return earlier_lease_ms_; }
  bool persistent() const override { return true; }
  Status CheckStillLeader() override;
  Result<StoredJobs> ReadJobs() override;
  Status AddJob(const proto::SubmittedJob& job, const std::string& plugin_file) override;
  Status RemoveJob(const std::string& job_id) override;
  Status SetJobEpoch(const std::string& job_id, std::uint64_t epoch) override;
  Result<std::string> FindPlugin(const std::string& content_hash) override;
  Status AddCompletedCheckpoint(const std::string& job_id,
                                const proto::CheckpointPointer& checkpoint) override;
  Status RemoveCompletedCheckpoint(const std::string& job_id, std::uint64_t checkpoint_id) override;
  Status AddResult(const proto::JobResult& result) override;
  Status SetCheckpointsCleared(const std::string& job_id) override;
  Result<std::vector<std::string>> ReadTaskManagers() override;
  Status SetTaskManagers(const std::vector<std::string>& ids) override;

 private:
  std::string LeaderPath() const { return directory_ + "/leader"; }
  std::string TaskManagersPath() const { return directory_ + "/task-managers"; }
  std::string JobFolder(const std::string& job_id) const { return directory_ + "/jobs/" + job_id; }
  std::string ResultPath(const std::string& job_id) const {
    return directory_ + "/results/" + job_id;
  }
  std::string PluginPath(const std::string& content_hash) const {
    return directory_ + "/plugins/" + content_hash;
  }

  // The record of that kind, or what is wrong with the file.
  Result<proto::MetadataRecord> Read(const std::string& path,
                                     proto::MetadataRecord::RecordCase kind);
  Status Write(const std::string& path, const proto::MetadataRecord& record);
  // The process that led last, in words; empty when it cannot be told.
  std::string DescribeLeader();
  Status CheckKnown(const std::string& job_id);
  Status RemoveTemporaryFiles(const std::string& folder);

  Result<proto::SubmittedJob> ReadSubmission(const std::string& job_id);
  Result<StoredJob> ReadJob(const std::string& job_id);
  // Adds the job to `jobs`, or clears away what an interrupted submission left of it.
  Status ReadJobFolder(const std::string& job_id, std::vector<StoredJob>& jobs);
  Result<proto::CompletedCheckpoints> ReadCheckpoints(const std::string& job_id);
  Status WriteCheckpoints(const proto::CompletedCheckpoints& checkpoints);
  Result<proto::JobResult> ReadResult(const std::string& job_id);
  Status WriteJob(const proto::SubmittedJob& job);
  Status KeepPlugin(const std::string& content_hash, const std::string& plugin_file);
  Status CopyPlugin(const std::string& content_hash, const std::string& from,
                    const std::string& to);
  // All best effort after a commit: what fails is logged, and done again by the next ReadJobs.
  void ForgetJob(const std::string& job_id);
  void ForgetUnusedPlugins();
  void ForgetOldResults();
  void Remove(const std::string& path, const char* what);

  FileSystem& files_;
  const std::string directory_;
  const std::size_t most_results_;
  const ComponentLogger log_{"metadata-store"};
  std::optional<StoreOwner> owner_;
  std::uint64_t leader_epoch_ = 0;
  std::int64_t earlier_lease_ms_ = 0;
};

}  // namespace weir::ha
