// FaultInjectingFileSystem: a FileSystem that fails where a test or the simulation says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

#include "common/file_system.h"
#include "common/mutex.h"

namespace weir {

enum class FileAction : std::uint8_t {
  kCreate,
  kAppend,
  kSync,
  kClose,
  kRename,
  kCreateDirectories,
  kRemove,
  kSyncDirectory,
  // Those from here on change nothing.
  kOpen,
  kRead,
  kList,
  kLook,  // Exists, FileSize
};

struct FileOperation {
  FileAction action;
  std::string path;         // kRename: the new name
  std::int64_t offset = 0;  // kAppend, kRead: where in the file
  std::int64_t size = 0;    // kAppend, kRead: bytes
};

// Any thread. Passes everything on to another file system, which outlives it. WriteFileAtomically()
// goes through the steps it is made of (kCreate, kAppend, kSync, kClose, kRename, kSyncDirectory),
// so that each can fail; its temporary file stays only where removing it fails too. Syncs can
// fail, but unless kPassed are not passed on: to a disk they would cost a test more than everything
// else.
class FaultInjectingFileSystem final : public FileSystem {
 public:
  enum class Syncs : std::uint8_t { kLeftOut, kPassed };
  explicit FaultInjectingFileSystem(FileSystem& files, Syncs syncs = Syncs::kLeftOut)
      : files_(files), syncs_(syncs) {}

  // Called before each operation, on its thread, without a lock held: it may wait or move a clock
  // (a slow disk). An error is the operation's answer; nothing is done then.
  using Hook = std::function<Status(const FileOperation&)>;
  void SetHook(Hook hook);

  // So many more bytes can be appended, to all files together; then the disk is full: the append
  // that goes beyond writes what fits and is RESOURCE_EXHAUSTED. Nullopt: no bound.
  void SetFreeBytes(std::optional<std::int64_t> bytes);

  // The process dies: `changes` more operations that change something take place (of an append that
  // is the last one, its first half; of a folder's removal, that of its last entry), and then none
  // any more; everything answers an error. Nullopt: it lives (again).
  void DieAfter(std::optional<std::uint64_t> changes);
  bool dead() const;
  // Operations that changed something, or tried to.
  std::uint64_t change_count() const;

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

  // Whether it may take place.
  Status Allow(const FileOperation& operation);
  // Of an append of `size` bytes, how many are written; less: the append fails.
  std::int64_t Granted(std::int64_t size);

  FileSystem& files_;
  const Syncs syncs_;
  mutable Mutex mutex_;
  Hook hook_ WEIR_GUARDED_BY(mutex_);
  std::optional<std::int64_t> free_bytes_ WEIR_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> changes_left_ WEIR_GUARDED_BY(mutex_);
  std::uint64_t change_count_ WEIR_GUARDED_BY(mutex_) = 0;
  std::uint64_t next_temporary_ WEIR_GUARDED_BY(mutex_) = 0;
};

// Damage, behind the backs of whoever uses the file.
Status FlipBit(FileSystem& files, const std::string& path, std::uint64_t bit);
Status TruncateFile(FileSystem& files, const std::string& path, std::uint64_t size_bytes);

}  // namespace weir
