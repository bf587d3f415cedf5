// FileSystem: how the engine reads and writes files, so that tests can break it and other stores
// can take its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

namespace weir {

enum class FileDurability {
  kNone,    // survives the end of the process
  kSynced,  // survives the end of the machine: file and folder are fsynced
};

// A file that is being written, from its beginning on. One thread at a time. Calls block; errors
// name the path. After a failed call the content is undefined: all that is left is to destroy the
// object and remove the file.
class WritableFile {
 public:
  WritableFile() = default;
  WritableFile(const WritableFile&) = delete;
  WritableFile& operator=(const WritableFile&) = delete;
  // Closes, whatever state the file is in; it stays.
  virtual ~WritableFile() = default;

  virtual Status Append(std::string_view bytes) = 0;
  // What was appended survives the end of the machine. So does the name only after
  // FileSystem::SyncDirectory() of the folder.
  virtual Status Sync() = 0;
  // A full disk can show as late as here. No call may follow.
  virtual Status Close() = 0;
};

// A file that is being read, at any place. All calls block and may be made from any thread.
class ReadableFile {
 public:
  ReadableFile() = default;
  ReadableFile(const ReadableFile&) = delete;
  ReadableFile& operator=(const ReadableFile&) = delete;
  virtual ~ReadableFile() = default;

  // The size in bytes when the file was opened.
  virtual std::int64_t size() const = 0;
  // Fills `out` with the bytes from `offset` on. Returns how many there are: fewer only at the end
  // of the file.
  virtual Result<std::size_t> ReadAt(std::int64_t offset, std::span<char> out) = 0;
};

// All calls block and may be made from any thread. Paths are local paths, absolute or relative to
// the working directory. A missing file or folder is NOT_FOUND; errors name the path.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // The whole content. More than `limit_bytes` is RESOURCE_EXHAUSTED.
  virtual Result<std::string> ReadFile(const std::string& path,
                                       std::int64_t limit_bytes = INT64_C(1) << 31) = 0;

  // The last `limit_bytes` bytes, or all if there are fewer, yet nothing before `start_offset`.
  virtual Result<std::string> ReadFileTail(const std::string& path, std::int64_t limit_bytes,
                                           std::int64_t start_offset = 0) = 0;

  // Makes or replaces the file so that a reader sees the old content or the new, never a part:
  // writes a temporary file beside it (its name ends in ".tmp") and renames it. The folder must
  // exist.
  virtual Status WriteFileAtomically(const std::string& path, std::string_view content,
                                     FileDurability durability = FileDurability::kSynced) = 0;

  // Renames a file or folder, replacing a file at `to`. Atomic within one file system.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;

  // The names (not paths) in a folder, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& path) = 0;

  // Makes the folder and its parents; ok when it is there already.
  virtual Status CreateDirectories(const std::string& path) = 0;

  // Removes a file, or a folder and everything in it (symbolic links are removed, not followed). Ok
  // when there is nothing.
  virtual Status RemoveRecursively(const std::string& path) = 0;

  virtual Result<bool> Exists(const std::string& path) = 0;

  // The size of a file in bytes.
  virtual Result<std::int64_t> FileSize(const std::string& path) = 0;

  // A new, empty file, for more than WriteFileAtomically() should hold at once. ALREADY_EXISTS
  // where there is something of this name; the folder must exist.
  virtual Result<std::unique_ptr<WritableFile>> CreateExclusively(const std::string& path) = 0;

  virtual Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) = 0;

  // The names in this folder, new, renamed or removed, survive the end of the machine.
  virtual Status SyncDirectory(const std::string& path) = 0;
};

// The machine's files. Lives until the process ends.
FileSystem& LocalFileSystem();

}  // namespace weir
