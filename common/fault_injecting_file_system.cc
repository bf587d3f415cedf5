#include "common/fault_injecting_file_system.h"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "common/system_error.h"
#include "common/text.h"

namespace weir {

namespace {

Status Died(std::string_view path) {
  return Status(StatusCode::kCanceled, Concat("'", path, "': the process has died"),
                ErrorDomain::kExternal);
}

bool Changes(FileAction action) {
  return action < FileAction::kOpen;
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

class FaultInjectingFileSystem::Writable final : public WritableFile {
 public:
  Writable(FaultInjectingFileSystem& faults, std::string path, std::unique_ptr<WritableFile> file)
      : faults_(faults), path_(std::move(path)), file_(std::move(file)) {}

  Status Append(std::string_view bytes) override {
    const auto size = static_cast<std::int64_t>(bytes.size());
    WEIR_RETURN_IF_ERROR(faults_.Allow({FileAction::kAppend, path_, written_, size}));
    const std::int64_t granted = faults_.Granted(size);
    written_ += granted;
    WEIR_RETURN_IF_ERROR(file_->Append(bytes.substr(0, static_cast<std::size_t>(granted))));
    if (granted == size) return Status();
    if (faults_.dead()) return Died(path_);
    return SystemError(Concat("cannot write '", path_, "'"), ENOSPC);
  }
  Status Sync() override {
    WEIR_RETURN_IF_ERROR(faults_.Allow({FileAction::kSync, path_}));
    return faults_.syncs_ == Syncs::kPassed ? file_->Sync() : Status();
  }
  Status Close() override {
    WEIR_RETURN_IF_ERROR(faults_.Allow({FileAction::kClose, path_}));
    return file_->Close();
  }

 private:
  FaultInjectingFileSystem& faults_;
  const std::string path_;
  const std::unique_ptr<WritableFile> file_;
  std::int64_t written_ = 0;
};

class FaultInjectingFileSystem::Readable final : public ReadableFile {
 public:
  Readable(FaultInjectingFileSystem& faults, std::string path, std::unique_ptr<ReadableFile> file)
      : faults_(faults), path_(std::move(path)), file_(std::move(file)) {}

  std::int64_t size() const override { return file_->size(); }
  Result<std::size_t> ReadAt(std::int64_t offset, std::span<char> out) override {
    WEIR_RETURN_IF_ERROR(
        faults_.Allow({FileAction::kRead, path_, offset, static_cast<std::int64_t>(out.size())}));
    return file_->ReadAt(offset, out);
  }

 private:
  FaultInjectingFileSystem& faults_;
  const std::string path_;
  const std::unique_ptr<ReadableFile> file_;
};

void FaultInjectingFileSystem::SetHook(Hook hook) {
  MutexLock lock(mutex_);
  hook_ = std::move(hook);
}

void FaultInjectingFileSystem::SetFreeBytes(std::optional<std::int64_t> bytes) {
  MutexLock lock(mutex_);
  free_bytes_ = bytes;
}

void FaultInjectingFileSystem::DieAfter(std::optional<std::uint64_t> changes) {
  MutexLock lock(mutex_);
  changes_left_ = changes;
}

bool FaultInjectingFileSystem::dead() const {
  MutexLock lock(mutex_);
  return changes_left_ == std::uint64_t{0};
}

std::uint64_t FaultInjectingFileSystem::change_count() const {
  MutexLock lock(mutex_);
  return change_count_;
}

Status FaultInjectingFileSystem::Allow(const FileOperation& operation) {
  Hook hook;
  {
    MutexLock lock(mutex_);
    if (changes_left_ == std::uint64_t{0}) return Died(operation.path);
    if (Changes(operation.action)) {
      ++change_count_;
      if (changes_left_) --*changes_left_;
    }
    hook = hook_;
  }
  return hook ? hook(operation) : Status();
}

std::int64_t FaultInjectingFileSystem::Granted(std::int64_t size) {
  MutexLock lock(mutex_);
  if (changes_left_ == std::uint64_t{0}) return size / 2;
  if (!free_bytes_) return size;
  const std::int64_t granted = std::min(size, *free_bytes_);
  *free_bytes_ -= granted;
  return granted;
}

Result<std::string> FaultInjectingFileSystem::ReadFile(const std::string& path,
                                                       std::int64_t limit_bytes) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kOpen, path}));
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kRead, path, 0, limit_bytes}));
  return files_.ReadFile(path, limit_bytes);
}

Result<std::string> FaultInjectingFileSystem::ReadFileTail(const std::string& path,
                                                           std::int64_t limit_bytes,
                                                           std::int64_t start_offset) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kOpen, path}));
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kRead, path, start_offset, limit_bytes}));
  return files_.ReadFileTail(path, limit_bytes, start_offset);
}

Status FaultInjectingFileSystem::WriteFileAtomically(const std::string& path,
                                                     std::string_view content,
                                                     FileDurability durability) {
  std::string temporary;
  {
    MutexLock lock(mutex_);
    temporary = Concat(path, ".", next_temporary_++, ".tmp");
  }
  const auto write = [&]() -> Status {
    WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, CreateExclusively(temporary));
    WEIR_RETURN_IF_ERROR(file->Append(content));
    if (durability == FileDurability::kSynced) WEIR_RETURN_IF_ERROR(file->Sync());
    WEIR_RETURN_IF_ERROR(file->Close());
    return Rename(temporary, path);
  };
  const Status written = write();
  if (!written.ok()) {
    // The first error is the one to tell.
    static_cast<void>(RemoveRecursively(temporary));
    return written;
  }
  return durability == FileDurability::kSynced ? SyncDirectory(FolderOf(path)) : Status();
}

Status FaultInjectingFileSystem::Rename(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kRename, to}));
  return files_.Rename(from, to);
}

Result<std::vector<std::string>> FaultInjectingFileSystem::List(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kList, path}));
  return files_.List(path);
}

Status FaultInjectingFileSystem::CreateDirectories(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kCreateDirectories, path}));
  return files_.CreateDirectories(path);
}

Status FaultInjectingFileSystem::RemoveRecursively(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kRemove, path}));
  if (!dead()) return files_.RemoveRecursively(path);
  const Result<std::vector<std::string>> names = files_.List(path);
  if (names.ok() && !names->empty()) {
    WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(Concat(path, "/", names->back())));
  }
  return Died(path);
}

Result<bool> FaultInjectingFileSystem::Exists(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kLook, path}));
  return files_.Exists(path);
}

Result<std::int64_t> FaultInjectingFileSystem::FileSize(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kLook, path}));
  return files_.FileSize(path);
}

Result<std::unique_ptr<WritableFile>> FaultInjectingFileSystem::CreateExclusively(
    const std::string& path) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kCreate, path}));
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_.CreateExclusively(path));
  return std::unique_ptr<WritableFile>(std::make_unique<Writable>(*this, path, std::move(file)));
}

Result<std::unique_ptr<ReadableFile>> FaultInjectingFileSystem::OpenForReading(
    const std::string& path) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kOpen, path}));
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, files_.OpenForReading(path));
  return std::unique_ptr<ReadableFile>(std::make_unique<Readable>(*this, path, std::move(file)));
}

Status FaultInjectingFileSystem::SyncDirectory(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Allow({FileAction::kSyncDirectory, path}));
  if (syncs_ == Syncs::kPassed) return files_.SyncDirectory(path);
  return files_.List(path).status();
}

Status FlipBit(FileSystem& files, const std::string& path, std::uint64_t bit) {
  WEIR_ASSIGN_OR_RETURN(std::string content, files.ReadFile(path));
  if (bit / 8 >= content.size()) {
    return Status::InvalidArgument(Concat("'", path, "' has no bit ", bit));
  }
  content[bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << (bit % 8)));
  return files.WriteFileAtomically(path, content, FileDurability::kNone);
}

Status TruncateFile(FileSystem& files, const std::string& path, std::uint64_t size_bytes) {
  WEIR_ASSIGN_OR_RETURN(const std::string content, files.ReadFile(path));
  return files.WriteFileAtomically(path, std::string_view(content).substr(0, size_bytes),
                                   FileDurability::kNone);
}

}  // namespace weir
