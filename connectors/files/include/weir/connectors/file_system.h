// The files that the connector reads and writes, as a seam: the machine's own, or others.
//
// Every call may block: only a reader's, a writer's or the enumerator's own threads make them.
// Errors are external and name the path: NotFound, ResourceExhausted (no space left), IoError with
// the system's reason; what is thrown fails the task like an error. An implementation is used by
// several threads at a time; a file by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

namespace weir::files {

struct FileInformation {
  std::string path;
  bool is_directory = false;
  std::uint64_t size = 0;
  // Of List() only: what was said above is of what it points to.
  bool is_symbolic_link = false;
};

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // As many bytes as are there, up to bytes.size(); 0 at the end of the file.
  virtual Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> bytes) = 0;
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // All of them.
  virtual Status Append(std::string_view bytes) = 0;
  // Until the bytes survive a crash of the machine.
  virtual Status Sync() = 0;
  virtual Status Close() = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<FileInformation> Describe(const std::string& path) const = 0;
  // The files and directories that lie directly in the directory, in no particular order, without
  // "." and "..". All of them: an error where one cannot be looked at.
  virtual Result<std::vector<FileInformation>> List(const std::string& directory) const = 0;
  virtual Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) const = 0;
  // AlreadyExists where the path is taken: no two writers get the same file.
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path) const = 0;
  // At once and durably. AlreadyExists where `to` is taken; after an error that came later than the
  // name, a second call may say NotFound.
  virtual Status Rename(const std::string& from, const std::string& to) const = 0;
  virtual Status Remove(const std::string& file) const = 0;
  // With its parents, durably; ok when it is there.
  virtual Status CreateDirectories(const std::string& path) const = 0;
  // Until the names of files that were created in it survive a crash of the machine. By itself a
  // file system does nothing: its names are durable at once.
  virtual Status SyncDirectory(const std::string& /*path*/) const { return Status::Ok(); }
};

// The machine's files.
std::shared_ptr<const FileSystem> LocalFileSystem();

}  // namespace weir::files
