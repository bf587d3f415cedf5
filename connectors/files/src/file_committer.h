// Gives finished parts their names once the checkpoint that holds them is complete.
#pragma once

#include <memory>
#include <vector>

#include <weir/connectors/file_system.h>
#include <weir/connectors/internal/file_sink_state.h>
#include <weir/two_phase_sink.h>

namespace weir::files {

class FileCommitter final : public Committer<internal::FileCommittable> {
 public:
  explicit FileCommitter(std::shared_ptr<const FileSystem> file_system)
      : file_system_(std::move(file_system)) {}
  Status Open(CommitterContext& context) override {
    context_ = &context;
    return Status::Ok();
  }
  Status Commit(std::vector<CommitRequest<internal::FileCommittable>>& requests) override;

 private:
  void CommitOne(CommitRequest<internal::FileCommittable>& request);
  // The file in progress is not there.
  void CommitMissing(CommitRequest<internal::FileCommittable>& request, const Status& missing);

  const std::shared_ptr<const FileSystem> file_system_;
  CommitterContext* context_ = nullptr;
};

}  // namespace weir::files
