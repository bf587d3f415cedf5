#include "common/file_system.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/system_error.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace weir {

namespace {

Status PathError(std::string_view verb, const std::string& path, int error_number) {
  return SystemError(Concat("cannot ", verb, " '", path, "'"), error_number);
}

Result<UniqueFd> Open(const std::string& path, int flags) {
  UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.valid()) return PathError("open", path, errno);
  return file;
}

Result<std::int64_t> SizeOf(const UniqueFd& file, const std::string& path) {
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return PathError("read", path, errno);
  if (S_ISDIR(status.st_mode)) return PathError("read", path, EISDIR);
  return static_cast<std::int64_t>(status.st_size);
}

// Reads to the end of the file, but at most `limit_bytes`, from where the descriptor stands.
Result<std::string> ReadUpTo(const UniqueFd& file, const std::string& path,
                             std::int64_t limit_bytes, std::int64_t expected_bytes) {
  std::string content;
  // One byte more than expected, so that the usual file ends with the second read and no growing.
  // Files in /proc say that they are empty.
  content.resize(static_cast<std::size_t>(std::min(limit_bytes, expected_bytes) + 1));
  std::size_t used = 0;
  for (;;) {
    const std::size_t wanted =
        std::min(content.size() - used, static_cast<std::size_t>(limit_bytes) - used);
    if (wanted == 0) break;
    const ssize_t size = ::read(file.get(), content.data() + used, wanted);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return PathError("read", path, errno);
    if (size == 0) break;
    used += static_cast<std::size_t>(size);
    if (used == content.size()) content.resize(content.size() * 2 + 4096);
  }
  content.resize(used);
  return content;
}

Status WriteAll(const UniqueFd& file, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t size = ::write(file.get(), content.data(), content.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return PathError("write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(size));
  }
  return Status();
}

Status SyncFolder(const std::string& folder) {
  WEIR_ASSIGN_OR_RETURN(const UniqueFd directory, Open(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(directory.get()) != 0) return PathError("sync", folder, errno);
  return Status();
}

// A rename is only durable when the folder that holds the name is.
Status SyncFolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return SyncFolder(folder.empty() ? "." : folder);
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(UniqueFd file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  Status Append(std::string_view bytes) override { return WriteAll(file_, path_, bytes); }
  Status Sync() override {
    return ::fsync(file_.get()) == 0 ? Status() : PathError("sync", path_, errno);
  }
  Status Close() override {
    return ::close(file_.Release()) == 0 ? Status() : PathError("write", path_, errno);
  }

 private:
  UniqueFd file_;
  const std::string path_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(UniqueFd file, std::string path, std::int64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}

  std::int64_t size() const override { return size_; }
  Result<std::size_t> ReadAt(std::int64_t offset, std::span<char> out) override {
    std::size_t used = 0;
    while (used < out.size()) {
      const ssize_t size = ::pread(file_.get(), out.data() + used, out.size() - used,
                                   offset + static_cast<std::int64_t>(used));
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return PathError("read", path_, errno);
      if (size == 0) break;
      used += static_cast<std::size_t>(size);
    }
    return used;
  }

 private:
  const UniqueFd file_;
  const std::string path_;
  const std::int64_t size_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::string> ReadFile(const std::string& path, std::int64_t limit_bytes) override {
    WEIR_ASSIGN_OR_RETURN(const UniqueFd file, Open(path, O_RDONLY));
    WEIR_ASSIGN_OR_RETURN(const std::int64_t size, SizeOf(file, path));
    // One byte beyond the limit shows that there is more, also where the size is not told.
    WEIR_ASSIGN_OR_RETURN(std::string content, ReadUpTo(file, path, limit_bytes + 1, size));
    if (static_cast<std::int64_t>(content.size()) > limit_bytes) {
      return Status(StatusCode::kResourceExhausted,
                    Concat("'", path, "' is larger than ", limit_bytes, " bytes"),
                    ErrorDomain::kExternal, RetryHint::kNoRetry);
    }
    return content;
  }

  Result<std::string> ReadFileTail(const std::string& path, std::int64_t limit_bytes,
                                   std::int64_t start_offset) override {
    WEIR_ASSIGN_OR_RETURN(const UniqueFd file, Open(path, O_RDONLY));
    WEIR_ASSIGN_OR_RETURN(const std::int64_t size, SizeOf(file, path));
    const std::int64_t length =
        std::min(std::max<std::int64_t>(size - start_offset, 0), limit_bytes);
    if (::lseek(file.get(), size - length, SEEK_SET) < 0) return PathError("read", path, errno);
    return ReadUpTo(file, path, length, length);
  }

  Status WriteFileAtomically(const std::string& path, std::string_view content,
                             FileDurability durability) override {
    // Two writers of one path must not share a temporary file.
    const std::string temporary =
        Concat(path, ".", ::getpid(), ".", next_temporary_.fetch_add(1), ".tmp");
    const Status written = WriteTemporary(temporary, content, durability);
    if (written.ok() && ::rename(temporary.c_str(), path.c_str()) == 0) {
      return durability == FileDurability::kSynced ? SyncFolderOf(path) : Status();
    }
    const Status failed = written.ok() ? PathError("replace", path, errno) : written;
    ::unlink(temporary.c_str());
    return failed;
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return SystemError(Concat("cannot rename '", from, "' to '", to, "'"), errno);
    }
    return Status();
  }

  Result<std::vector<std::string>> List(const std::string& path) override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator entry(path, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename());
    }
    if (error) return PathError("list", path, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Status CreateDirectories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return PathError("create the folder", path, error.value());
    // The library takes a file of this name for success in some versions.
    if (!std::filesystem::is_directory(path, error)) {
      return PathError("create the folder", path, ENOTDIR);
    }
    return Status();
  }

  Status RemoveRecursively(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return PathError("remove", path, error.value());
    return Status();
  }

  Result<bool> Exists(const std::string& path) override {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return PathError("look at", path, errno);
  }

  Result<std::int64_t> FileSize(const std::string& path) override {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) return PathError("look at", path, errno);
    return static_cast<std::int64_t>(status.st_size);
  }

  Result<std::unique_ptr<WritableFile>> CreateExclusively(const std::string& path) override {
    UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file.valid()) return PathError("create", path, errno);
    return std::unique_ptr<WritableFile>(
        std::make_unique<PosixWritableFile>(std::move(file), path));
  }

  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) override {
    WEIR_ASSIGN_OR_RETURN(UniqueFd file, Open(path, O_RDONLY));
    WEIR_ASSIGN_OR_RETURN(const std::int64_t size, SizeOf(file, path));
    return std::unique_ptr<ReadableFile>(
        std::make_unique<PosixReadableFile>(std::move(file), path, size));
  }

  Status SyncDirectory(const std::string& path) override { return SyncFolder(path); }

 private:
  static Status WriteTemporary(const std::string& temporary, std::string_view content,
                               FileDurability durability) {
    UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file.valid()) return PathError("create", temporary, errno);
    WEIR_RETURN_IF_ERROR(WriteAll(file, temporary, content));
    if (durability == FileDurability::kSynced && ::fsync(file.get()) != 0) {
      return PathError("sync", temporary, errno);
    }
    // A full disk can show as late as here.
    if (::close(file.Release()) != 0) return PathError("write", temporary, errno);
    return Status();
  }

  std::atomic<std::uint64_t> next_temporary_{0};
};

}  // namespace

FileSystem& LocalFileSystem() {
  static FileSystem& files = *new PosixFileSystem();
  return files;
}

}  // namespace weir
