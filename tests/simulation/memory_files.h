// MemoryFiles: the disk that all processes of a simulated cluster share, in memory. What it holds
// survives every process; processes see it through a FaultInjectingFileSystem of their own, which
// dies with them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"

namespace weir::simulation {

class MemoryFiles final : public FileSystem {
 public:
  // Called after a rename has taken place.
  std::function<void(const std::string& to)> on_rename;

  // Paths of all files below the folder.
  std::vector<std::string> FilesBelow(const std::string& folder) const;

  Result<std::string> ReadFile(const std::string& path, std::int64_t limit_bytes) override;
  Result<std::string> ReadFileTail(const std::string& path, std::int64_t limit_bytes,
                                   std::int64_t start_offset) override;
  Status WriteFileAtomically(const std::string& path, std::string_view content,
                             FileDurability durability) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status RemoveRecursively(const std::string& path) override;
  Result<bool> Exists(const std::string& path) override;
  Result<std::int64_t> FileSize(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> CreateExclusively(const std::string& path) override;
  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;

 private:
  class Writable;
  class Readable;
  using Content = std::shared_ptr<std::string>;  // null: a folder

  const Content* Find(const std::string& path) const;
  Result<Content> FindFile(const std::string& path) const;
  Status CheckFolder(const std::string& path) const;

  std::map<std::string, Content> entries_;
};

}  // namespace weir::simulation
