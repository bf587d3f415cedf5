// A disk in memory that outlives processes, and processes that die in the middle of a call. What a
// crash of the machine takes is what was not synced: bytes of files, and names in directories.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/connectors/file_system.h>

namespace weir::files {

inline std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

class CrashableDisk {
 public:
  struct File {
    std::string content;
    std::string synced;
    bool directory = false;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  // Everything that was not synced is gone.
  void LosePower() {
    const std::lock_guard lock(mutex);
    Names kept;
    for (const auto& [path, file] : synced_names) {
      // In the order of paths: a directory comes before what is in it.
      if (path != "/" && !kept.contains(ParentOf(path))) continue;
      file->content = file->synced;
      kept.emplace(path, file);
    }
    names = kept;
    synced_names = std::move(kept);
  }
  // As somebody reads it who does not know the sink: hidden files are none.
  std::vector<std::string> VisibleLines() {
    const std::lock_guard lock(mutex);
    std::vector<std::string> lines;
    for (const auto& [path, file] : names) {
      if (file->directory || path[path.rfind('/') + 1] == '.') continue;
      std::string_view rest = file->content;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        lines.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  std::vector<std::string> HiddenFiles() {
    const std::lock_guard lock(mutex);
    std::vector<std::string> hidden;
    for (const auto& [path, file] : names) {
      if (path[path.rfind('/') + 1] == '.') hidden.push_back(path);
    }
    return hidden;
  }

  std::mutex mutex;  // guards both
  Names names = {{"/", std::make_shared<File>(File{"", "", true})}};
  Names synced_names = names;
};

struct ProcessKilled : std::exception {
  const char* what() const noexcept override { return "the process is killed"; }
};

// The disk as one process sees it.
class CrashableFiles final : public FileSystem {
 public:
  using File = CrashableDisk::File;
  // `operations`: that change something, until the process dies within one; negative: it does not.
  CrashableFiles(std::shared_ptr<CrashableDisk> disk, int operations)
      : disk_(std::move(disk)), left_(operations) {}

  bool dead() const {
    const std::lock_guard lock(disk_->mutex);
    return dead_;
  }

  Result<FileInformation> Describe(const std::string& path) const override {
    const std::lock_guard lock(disk_->mutex);
    WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<File> file, Find(path));
    return FileInformation{path, file->directory, file->content.size()};
  }
  Result<std::vector<FileInformation>> List(const std::string& directory) const override {
    const std::lock_guard lock(disk_->mutex);
    WEIR_RETURN_IF_ERROR(Find(directory).status());
    std::vector<FileInformation> inside;
    for (const auto& [path, file] : disk_->names) {
      if (path != "/" && ParentOf(path) == directory) {
        inside.push_back({path, file->directory, file->content.size()});
      }
    }
    return inside;
  }
  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) const override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) const override;
  Status Rename(const std::string& from, const std::string& to) const override {
    const std::lock_guard lock(disk_->mutex);
    WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<File> file, Find(from));
    if (disk_->names.contains(to)) return Status(StatusCode::kAlreadyExists, to + " is there");
    Count();
    disk_->names.erase(from);
    disk_->names[to] = file;
    SyncNames(ParentOf(to));
    return Status::Ok();
  }
  Status Remove(const std::string& path) const override {
    const std::lock_guard lock(disk_->mutex);
    WEIR_RETURN_IF_ERROR(Find(path).status());
    Count();
    disk_->names.erase(path);
    return Status::Ok();
  }
  Status CreateDirectories(const std::string& path) const override {
    const std::lock_guard lock(disk_->mutex);
    for (std::size_t end = 1; end < path.size();) {
      end = std::min(path.find('/', end + 1), path.size());
      const std::string directory = path.substr(0, end);
      if (disk_->names.contains(directory)) continue;
      Count();
      disk_->names[directory] = std::make_shared<File>(File{"", "", true});
      SyncNames(ParentOf(directory));
    }
    return Status::Ok();
  }
  Status SyncDirectory(const std::string& path) const override {
    const std::lock_guard lock(disk_->mutex);
    WEIR_RETURN_IF_ERROR(Find(path).status());
    SyncNames(path);
    return Status::Ok();
  }

 private:
  class Reader;
  class Writer;

  // All of these: the lock is held.
  Result<std::shared_ptr<File>> Find(const std::string& path) const {
    if (dead_) throw ProcessKilled();
    const auto found = disk_->names.find(path);
    if (found == disk_->names.end()) return Status::NotFound(path + " is not there");
    return found->second;
  }
  // Before anything changes. False: it is the last operation, which may have half its effect.
  bool Survive() const {
    if (dead_) throw ProcessKilled();
    if (left_ < 0 || left_-- > 0) return true;
    dead_ = true;
    return false;
  }
  void Count() const {
    if (!Survive()) throw ProcessKilled();
  }
  void SyncNames(const std::string& directory) const {
    Count();
    std::erase_if(disk_->synced_names, [&](const auto& each) {
      return each.first != "/" && ParentOf(each.first) == directory;
    });
    for (const auto& each : disk_->names) {
      if (ParentOf(each.first) == directory) disk_->synced_names.insert(each);
    }
  }

  const std::shared_ptr<CrashableDisk> disk_;
  mutable int left_;
  mutable bool dead_ = false;
};

class CrashableFiles::Reader final : public ReadableFile {
 public:
  Reader(const CrashableFiles& files, std::shared_ptr<File> file)
      : files_(files), file_(std::move(file)) {}
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> bytes) override {
    const std::lock_guard lock(files_.disk_->mutex);
    if (offset >= file_->content.size()) return std::size_t{0};
    return file_->content.copy(bytes.data(), std::min<std::size_t>(bytes.size(), 7), offset);
  }

 private:
  const CrashableFiles& files_;
  const std::shared_ptr<File> file_;
};

class CrashableFiles::Writer final : public WritableFile {
 public:
  Writer(const CrashableFiles& files, std::shared_ptr<File> file)
      : files_(files), file_(std::move(file)) {}
  Status Append(std::string_view bytes) override {
    const std::lock_guard lock(files_.disk_->mutex);
    const bool survived = files_.Survive();
    file_->content += survived ? bytes : bytes.substr(0, bytes.size() / 2);
    if (!survived) throw ProcessKilled();
    return Status::Ok();
  }
  Status Sync() override {
    const std::lock_guard lock(files_.disk_->mutex);
    files_.Count();
    file_->synced = file_->content;
    return Status::Ok();
  }
  Status Close() override { return Status::Ok(); }

 private:
  const CrashableFiles& files_;
  const std::shared_ptr<File> file_;
};

inline Result<std::unique_ptr<ReadableFile>> CrashableFiles::OpenForReading(
    const std::string& path) const {
  const std::lock_guard lock(disk_->mutex);
  WEIR_ASSIGN_OR_RETURN(std::shared_ptr<File> file, Find(path));
  return std::unique_ptr<ReadableFile>(std::make_unique<Reader>(*this, std::move(file)));
}

inline Result<std::unique_ptr<WritableFile>> CrashableFiles::Create(const std::string& path) const {
  const std::lock_guard lock(disk_->mutex);
  WEIR_RETURN_IF_ERROR(Find(ParentOf(path)).status());
  if (disk_->names.contains(path)) return Status(StatusCode::kAlreadyExists, path + " is there");
  Count();
  auto file = std::make_shared<File>();
  disk_->names[path] = file;
  return std::unique_ptr<WritableFile>(std::make_unique<Writer>(*this, std::move(file)));
}

}  // namespace weir::files
