#include "jobmanager/ha/metadata_store.h"

namespace weir::ha {
namespace {

class NoStore final : public MetadataStore {
 public:
  std::uint64_t leader_epoch() const override { return 0; }
  std::int64_t earlier_lease_ms() const override { return 0; }
  bool persistent() const override { return false; }
  Status CheckStillLeader() override { return Status::Ok(); }
  Result<StoredJobs> ReadJobs() override { return StoredJobs(); }
  Status AddJob(const proto::SubmittedJob&, const std::string&) override { return Status::Ok(); }
  Status RemoveJob(const std::string&) override { return Status::Ok(); }
  Status SetJobEpoch(const std::string&, std::uint64_t) override { return Status::Ok(); }
  Result<std::string> FindPlugin(const std::string& content_hash) override {
    return Status::NotFound("no metadata store keeps the plugin " + content_hash);
  }
  Status AddCompletedCheckpoint(const std::string&, const proto::CheckpointPointer&) override {
    return Status::Ok();
  }
  Status RemoveCompletedCheckpoint(const std::string&, std::uint64_t) override {
    return Status::Ok();
  }
  Status AddResult(const proto::JobResult&) override { return Status::Ok(); }
  Status SetCheckpointsCleared(const std::string&) override { return Status::Ok(); }
  Result<std::vector<std::string>> ReadTaskManagers() override {
    return std::vector<std::string>();
  }
  Status SetTaskManagers(const std::vector<std::string>&) override { return Status::Ok(); }
};

}  // namespace

MetadataStore& NoMetadataStore() {
  static NoStore store;
  return store;
}

}  // namespace weir::ha
