// The machine's files behind the connector's seam, for tests that change one of the calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <weir/connectors/file_system.h>

namespace weir::files {

class ForwardingFiles : public FileSystem {
 public:
  Result<FileInformation> Describe(const std::string& path) const override {
    return local_->Describe(path);
  }
  Result<std::vector<FileInformation>> List(const std::string& directory) const override {
    return local_->List(directory);
  }
  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) const override {
    return local_->OpenForReading(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) const override {
    return local_->Create(path);
  }
  Status Rename(const std::string& from, const std::string& to) const override {
    return local_->Rename(from, to);
  }
  Status Remove(const std::string& file) const override { return local_->Remove(file); }
  Status CreateDirectories(const std::string& path) const override {
    return local_->CreateDirectories(path);
  }

 private:
  const std::shared_ptr<const FileSystem> local_ = LocalFileSystem();
};

}  // namespace weir::files
