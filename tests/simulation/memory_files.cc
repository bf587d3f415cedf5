#include "tests/simulation/memory_files.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <span>
#include <utility>

namespace weir::simulation {

namespace {

std::string FolderOf(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}
std::string NameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Status Missing(const std::string& path) {
  return Status::NotFound("there is no '" + path + "'");
}

}  // namespace

struct MemoryFiles::File {
  std::string content;
  std::size_t synced = 0;  // bytes that survive

  void LosePower(SimulatedTime& time) {
    const auto unsynced = static_cast<std::int64_t>(content.size() - synced);
    content.resize(synced + static_cast<std::size_t>(time.Below(unsynced + 1)));
    synced = content.size();
  }
};

struct MemoryFiles::Folder {
  using Change = std::vector<std::pair<std::string, Entry>>;

  std::map<std::string, Entry> entries;
  std::map<std::string, Entry> synced;  // those that survive
  std::vector<Change> changes;          // since then

  static void Apply(const Change& change, std::map<std::string, Entry>& to) {
    for (const auto& [name, entry] : change) {
      if (entry) {
        to[name] = entry;
      } else {
        to.erase(name);
      }
    }
  }
  void Make(Change change) {
    Apply(change, entries);
    changes.push_back(std::move(change));
  }
  void Sync() {
    synced = entries;
    changes.clear();
  }
  void LosePower(SimulatedTime& time) {
    const std::int64_t kept = time.Below(static_cast<std::int64_t>(changes.size()) + 1);
    for (std::int64_t i = 0; i < kept; ++i) Apply(changes[static_cast<std::size_t>(i)], synced);
    entries = synced;
    changes.clear();
    for (auto& [name, entry] : entries) {
      if (entry.file != nullptr) {
        entry.file->LosePower(time);
      } else {
        entry.folder->LosePower(time);
      }
    }
  }
  void SyncAll() {
    Sync();
    for (auto& [name, entry] : entries) {
      if (entry.file != nullptr) {
        entry.file->synced = entry.file->content.size();
      } else {
        entry.folder->SyncAll();
      }
    }
  }
  void ListFiles(const std::string& path, std::vector<std::string>& files) const {
    for (const auto& [name, entry] : entries) {
      if (entry.file != nullptr) {
        files.push_back(path + "/" + name);
      } else {
        entry.folder->ListFiles(path + "/" + name, files);
      }
    }
  }
};

class MemoryFiles::Writable final : public WritableFile {
 public:
  explicit Writable(std::shared_ptr<File> file) : file_(std::move(file)) {}
  Status Append(std::string_view bytes) override {
    file_->content.append(bytes);
    return Status::Ok();
  }
  Status Sync() override {
    file_->synced = file_->content.size();
    return Status::Ok();
  }
  Status Close() override { return Status::Ok(); }

 private:
  const std::shared_ptr<File> file_;
};

class MemoryFiles::Readable final : public ReadableFile {
 public:
  explicit Readable(std::shared_ptr<File> file)
      : file_(std::move(file)), size_(static_cast<std::int64_t>(file_->content.size())) {}
  std::int64_t size() const override { return size_; }
  Result<std::size_t> ReadAt(std::int64_t offset, std::span<char> out) override {
    const std::string& content = file_->content;
    const std::size_t from = std::min(static_cast<std::size_t>(offset), content.size());
    const std::size_t count = std::min(out.size(), content.size() - from);
    std::memcpy(out.data(), content.data() + from, count);
    return count;
  }

 private:
  const std::shared_ptr<File> file_;
  const std::int64_t size_;
};

MemoryFiles::MemoryFiles() : root_(std::make_shared<Folder>()) {}

MemoryFiles::~MemoryFiles() = default;

void MemoryFiles::LosePower(SimulatedTime& time) {
  root_->LosePower(time);
}

void MemoryFiles::SyncAll() {
  root_->SyncAll();
}

MemoryFiles::Entry MemoryFiles::Find(const std::string& path) const {
  Entry at{.file = nullptr, .folder = root_};
  for (std::size_t begin = 1; begin < path.size() && at;) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (at.folder == nullptr) return {};
    const auto found = at.folder->entries.find(path.substr(begin, end - begin));
    at = found == at.folder->entries.end() ? Entry() : found->second;
    begin = end + 1;
  }
  return at;
}

Result<std::shared_ptr<MemoryFiles::File>> MemoryFiles::FindFile(const std::string& path) const {
  const Entry entry = Find(path);
  if (!entry) return Missing(path);
  if (entry.file == nullptr) return Status::IoError("'" + path + "' is a folder");
  return entry.file;
}

Result<std::shared_ptr<MemoryFiles::Folder>> MemoryFiles::FindFolder(
    const std::string& path) const {
  const Entry entry = Find(path);
  if (!entry) return Missing(path);
  if (entry.folder == nullptr) return Status::IoError("'" + path + "' is no folder");
  return entry.folder;
}

std::vector<std::string> MemoryFiles::FilesBelow(const std::string& folder) const {
  std::vector<std::string> files;
  if (const Entry entry = Find(folder); entry.folder != nullptr) {
    entry.folder->ListFiles(folder, files);
  }
  return files;
}

Result<std::string> MemoryFiles::ReadFile(const std::string& path, std::int64_t limit_bytes) {
  WEIR_ASSIGN_OR_RETURN(const auto file, FindFile(path));
  if (static_cast<std::int64_t>(file->content.size()) > limit_bytes) {
    return Status(StatusCode::kResourceExhausted, "'" + path + "' is too large");
  }
  return file->content;
}

Result<std::string> MemoryFiles::ReadFileTail(const std::string& path, std::int64_t limit_bytes,
                                              std::int64_t start_offset) {
  WEIR_ASSIGN_OR_RETURN(const auto file, FindFile(path));
  const auto size = static_cast<std::int64_t>(file->content.size());
  const std::int64_t from = std::min(std::max(start_offset, size - limit_bytes), size);
  return file->content.substr(static_cast<std::size_t>(from));
}

Status MemoryFiles::WriteFileAtomically(const std::string& path, std::string_view content,
                                        FileDurability durability) {
  WEIR_ASSIGN_OR_RETURN(const auto folder, FindFolder(FolderOf(path)));
  const auto file = std::make_shared<File>();
  file->content = content;
  if (durability == FileDurability::kSynced) file->synced = content.size();
  folder->Make({{NameOf(path), Entry{.file = file, .folder = nullptr}}});
  if (durability == FileDurability::kSynced) folder->Sync();
  return Status::Ok();
}

Status MemoryFiles::Rename(const std::string& from, const std::string& to) {
  const Entry moved = Find(from);
  if (!moved) return Missing(from);
  WEIR_ASSIGN_OR_RETURN(const auto source, FindFolder(FolderOf(from)));
  WEIR_ASSIGN_OR_RETURN(const auto target, FindFolder(FolderOf(to)));
  if (source == target) {
    source->Make({{NameOf(from), Entry()}, {NameOf(to), moved}});
  } else {
    target->Make({{NameOf(to), moved}});
    source->Make({{NameOf(from), Entry()}});
  }
  if (on_rename) on_rename(to);
  return Status::Ok();
}

Result<std::vector<std::string>> MemoryFiles::List(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const auto folder, FindFolder(path));
  std::vector<std::string> names;
  for (const auto& [name, entry] : folder->entries) names.push_back(name);
  return names;
}

Status MemoryFiles::CreateDirectories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string made = path.substr(0, end);
    if (const Entry entry = Find(made); !entry) {
      WEIR_ASSIGN_OR_RETURN(const auto parent, FindFolder(FolderOf(made)));
      parent->Make({{NameOf(made), Entry{.file = nullptr, .folder = std::make_shared<Folder>()}}});
    } else if (entry.folder == nullptr) {
      return Status::IoError("'" + made + "' is no folder");
    }
    if (end == std::string::npos) return Status::Ok();
  }
}

Status MemoryFiles::RemoveRecursively(const std::string& path) {
  const Entry entry = Find(path);
  if (!entry) return Status::Ok();
  if (entry.folder != nullptr) {
    WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, List(path));
    for (const std::string& name : names) {
      WEIR_RETURN_IF_ERROR(RemoveRecursively(path + "/" + name));
    }
  }
  WEIR_ASSIGN_OR_RETURN(const auto folder, FindFolder(FolderOf(path)));
  folder->Make({{NameOf(path), Entry()}});
  return Status::Ok();
}

Result<bool> MemoryFiles::Exists(const std::string& path) {
  return static_cast<bool>(Find(path));
}

Result<std::int64_t> MemoryFiles::FileSize(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const auto file, FindFile(path));
  return static_cast<std::int64_t>(file->content.size());
}

Result<std::unique_ptr<WritableFile>> MemoryFiles::CreateExclusively(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const auto folder, FindFolder(FolderOf(path)));
  if (Find(path)) return Status(StatusCode::kAlreadyExists, "there is a '" + path + "' already");
  const auto file = std::make_shared<File>();
  folder->Make({{NameOf(path), Entry{.file = file, .folder = nullptr}}});
  return std::unique_ptr<WritableFile>(std::make_unique<Writable>(file));
}

Result<std::unique_ptr<ReadableFile>> MemoryFiles::OpenForReading(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const auto file, FindFile(path));
  return std::unique_ptr<ReadableFile>(std::make_unique<Readable>(file));
}

Status MemoryFiles::SyncDirectory(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const auto folder, FindFolder(path));
  folder->Sync();
  return Status::Ok();
}

}  // namespace weir::simulation
