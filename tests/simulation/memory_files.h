// MemoryFiles: the disk that all processes of a simulated cluster share, in memory. What it holds
// survives every process; processes see it through a FaultInjectingFileSystem of their own, which
// dies with them. What was not synced does not survive a loss of power.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"
#include "tests/simulation/simulated_time.h"

namespace weir::simulation {

class MemoryFiles final : public FileSystem {
 public:
  MemoryFiles();
  ~MemoryFiles() override;

  // Called after a rename has taken place.
  std::function<void(const std::string& to)> on_rename;

  // Paths of all files below the folder.
  std::vector<std::string> FilesBelow(const std::string& folder) const;

  // The machine goes down and comes up again. Of each folder the changes since it was synced are
  // kept up to a random one of them (as a journal keeps them), of each file the bytes since it was
  // synced up to a random one; a rename within a folder is one change.
  void LosePower(SimulatedTime& time);
  // Everything as it is now survives.
  void SyncAll();

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
  struct File;
  struct Folder;
  struct Entry {  // exactly one of them; in a change none: the name is gone
    std::shared_ptr<File> file;
    std::shared_ptr<Folder> folder;
    explicit operator bool() const { return file != nullptr || folder != nullptr; }
  };

  Entry Find(const std::string& path) const;
  Result<std::shared_ptr<File>> FindFile(const std::string& path) const;
  Result<std::shared_ptr<Folder>> FindFolder(const std::string& path) const;

  const std::shared_ptr<Folder> root_;
};

}  // namespace weir::simulation
