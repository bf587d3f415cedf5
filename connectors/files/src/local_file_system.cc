#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/connectors/file_system.h>

#include "connectors/files/src/system_failure.h"

namespace weir::files {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

class LocalReadableFile final : public ReadableFile {
 public:
  LocalReadableFile(std::string path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> bytes) override {
    for (;;) {
      const ssize_t count =
          ::pread(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return SystemFailure("cannot read", path_, errno);
    }
  }

 private:
  const std::string path_;
  Descriptor file_;
};

class LocalWritableFile final : public WritableFile {
 public:
  LocalWritableFile(std::string path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_.number(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemFailure("cannot write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return Status::Ok();
  }
  Status Sync() override {
    if (::fdatasync(file_.number()) == 0) return Status::Ok();
    return SystemFailure("cannot write", path_, errno);
  }
  // What was not written yet may show here.
  Status Close() override {
    if (::close(file_.Release()) == 0) return Status::Ok();
    return SystemFailure("cannot write", path_, errno);
  }

 private:
  const std::string path_;
  Descriptor file_;
};

class Local final : public FileSystem {
 public:
  Result<FileInformation> Describe(const std::string& path) const override {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return SystemFailure("cannot look at", path, errno);
    if (!S_ISDIR(found.st_mode) && !S_ISREG(found.st_mode)) {
      return Status(StatusCode::kInvalidArgument, path + " is neither a file nor a directory",
                    ErrorDomain::kExternal, RetryHint::kNoRetry);
    }
    return FileInformation{path, S_ISDIR(found.st_mode), static_cast<std::uint64_t>(found.st_size)};
  }

  Result<std::vector<FileInformation>> List(const std::string& directory) const override {
    DIR* const opened = ::opendir(directory.c_str());
    if (opened == nullptr) return SystemFailure("cannot list", directory, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(opened, &::closedir);
    std::vector<FileInformation> found;
    for (;;) {
      errno = 0;
      const dirent* const entry = ::readdir(opened);
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      Result<FileInformation> described =
          Describe(directory + (directory.ends_with('/') ? "" : "/") + std::string(name));
      if (described.ok()) {
        described->is_symbolic_link = IsSymbolicLink(opened, *entry);
        found.push_back(*std::move(described));
      } else if (!IsNoFile(described.status())) {
        return described.status();
      }
    }
    if (errno != 0) return SystemFailure("cannot list", directory, errno);
    return found;
  }

  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) const override {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return SystemFailure("cannot open", path, errno);
    return std::unique_ptr<ReadableFile>(
        std::make_unique<LocalReadableFile>(path, std::move(file)));
  }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) const override {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.valid()) return SystemFailure("cannot create", path, errno);
    return std::unique_ptr<WritableFile>(
        std::make_unique<LocalWritableFile>(path, std::move(file)));
  }

  Status Rename(const std::string& from, const std::string& to) const override {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
      // Not every file system can refuse to replace; a link says whether the name is taken, too.
      const int error = errno;
      if (error != EINVAL && error != ENOSYS)
        return SystemFailure("cannot rename " + from + " to", to, error);
      // A crash between link and unlink leaves both names.
      if (::link(from.c_str(), to.c_str()) != 0 && !(errno == EEXIST && AreOneFile(from, to))) {
        return SystemFailure("cannot rename " + from + " to", to, errno);
      }
      if (::unlink(from.c_str()) != 0) return SystemFailure("cannot remove", from, errno);
    }
    return SyncDirectory(std::filesystem::path(to).parent_path().string());
  }

  Status Remove(const std::string& file) const override {
    if (::unlink(file.c_str()) == 0) return Status::Ok();
    return SystemFailure("cannot remove", file, errno);
  }

  Status CreateDirectories(const std::string& path) const override {
    std::error_code error;
    std::filesystem::path existing = path;
    while (existing.has_relative_path() && !std::filesystem::exists(existing, error) && !error) {
      existing = existing.parent_path();
    }
    std::filesystem::create_directories(path, error);
    if (error) return SystemFailure("cannot create the directory", path, error.value());
    // Each parent of one that was made has a new name in it.
    for (std::filesystem::path made = path; made != existing && made.has_relative_path();) {
      made = made.parent_path();
      WEIR_RETURN_IF_ERROR(SyncDirectory(made.string()));
    }
    return Status::Ok();
  }

  Status SyncDirectory(const std::string& path) const override {
    const std::string directory = path.empty() ? "." : path;
    const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.valid()) return SystemFailure("cannot open", directory, errno);
    // Some file systems cannot, and then need not.
    if (::fsync(opened.number()) == 0 || errno == EINVAL) return Status::Ok();
    return SystemFailure("cannot write", directory, errno);
  }

 private:
  static bool IsSymbolicLink(DIR* directory, const dirent& entry) {
    if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_LNK;
    struct stat found{};
    return ::fstatat(::dirfd(directory), entry.d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISLNK(found.st_mode);
  }
  // Gone since it was listed, a device, links in a circle: not our business. Everything else is:
  // a file that was left out would be missed by nobody.
  static bool IsNoFile(const Status& status) {
    return status.code() == StatusCode::kNotFound || status.code() == StatusCode::kInvalidArgument;
  }
  // Leaves errno as it was where they are not.
  static bool AreOneFile(const std::string& a, const std::string& b) {
    const int error = errno;
    struct stat first{};
    struct stat second{};
    const bool same = ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
                      first.st_dev == second.st_dev && first.st_ino == second.st_ino;
    errno = error;
    return same;
  }
};

}  // namespace

std::shared_ptr<const FileSystem> LocalFileSystem() {
  return std::make_shared<Local>();
}

}  // namespace weir::files
