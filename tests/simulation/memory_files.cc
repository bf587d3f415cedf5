#include "tests/simulation/memory_files.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace weir::simulation {

namespace {

std::string FolderOf(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

Status Missing(const std::string& path) {
  return Status::NotFound("there is no '" + path + "'");
}

}  // namespace

class MemoryFiles::Writable final : public WritableFile {
 public:
  explicit Writable(Content content) : content_(std::move(content)) {}
  Status Append(std::string_view bytes) override {
    content_->append(bytes);
    return Status::Ok();
  }
  Status Sync() override { return Status::Ok(); }
  Status Close() override { return Status::Ok(); }

 private:
  const Content content_;
};

class MemoryFiles::Readable final : public ReadableFile {
 public:
  explicit Readable(Content content)
      : content_(std::move(content)), size_(static_cast<std::int64_t>(content_->size())) {}
  std::int64_t size() const override { return size_; }
  Result<std::size_t> ReadAt(std::int64_t offset, std::span<char> out) override {
    const std::size_t from = std::min(static_cast<std::size_t>(offset), content_->size());
    const std::size_t count = std::min(out.size(), content_->size() - from);
    std::memcpy(out.data(), content_->data() + from, count);
    return count;
  }

 private:
  const Content content_;
  const std::int64_t size_;
};

const MemoryFiles::Content* MemoryFiles::Find(const std::string& path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

Result<MemoryFiles::Content> MemoryFiles::FindFile(const std::string& path) const {
  const Content* const content = Find(path);
  if (content == nullptr) return Missing(path);
  if (*content == nullptr) return Status::IoError("'" + path + "' is a folder");
  return *content;
}

Status MemoryFiles::CheckFolder(const std::string& path) const {
  const Content* const content = Find(path);
  if (content == nullptr) return Missing(path);
  if (*content != nullptr) return Status::IoError("'" + path + "' is no folder");
  return Status::Ok();
}

std::vector<std::string> MemoryFiles::FilesBelow(const std::string& folder) const {
  std::vector<std::string> files;
  for (auto entry = entries_.lower_bound(folder + "/");
       entry != entries_.end() && entry->first.starts_with(folder + "/"); ++entry) {
    if (entry->second != nullptr) files.push_back(entry->first);
  }
  return files;
}

Result<std::string> MemoryFiles::ReadFile(const std::string& path, std::int64_t limit_bytes) {
  WEIR_ASSIGN_OR_RETURN(const Content content, FindFile(path));
  if (static_cast<std::int64_t>(content->size()) > limit_bytes) {
    return Status(StatusCode::kResourceExhausted, "'" + path + "' is too large");
  }
  return *content;
}

Result<std::string> MemoryFiles::ReadFileTail(const std::string& path, std::int64_t limit_bytes,
                                              std::int64_t start_offset) {
  WEIR_ASSIGN_OR_RETURN(const Content content, FindFile(path));
  const auto size = static_cast<std::int64_t>(content->size());
  const std::int64_t from = std::min(std::max(start_offset, size - limit_bytes), size);
  return content->substr(static_cast<std::size_t>(from));
}

Status MemoryFiles::WriteFileAtomically(const std::string& path, std::string_view content,
                                        FileDurability) {
  WEIR_RETURN_IF_ERROR(CheckFolder(FolderOf(path)));
  entries_[path] = std::make_shared<std::string>(content);
  return Status::Ok();
}

Status MemoryFiles::Rename(const std::string& from, const std::string& to) {
  if (Find(from) == nullptr) return Missing(from);
  WEIR_RETURN_IF_ERROR(CheckFolder(FolderOf(to)));
  std::vector<std::pair<std::string, Content>> moved;
  for (auto entry = entries_.lower_bound(from); entry != entries_.end();) {
    if (!entry->first.starts_with(from)) break;
    if (entry->first.size() > from.size() && entry->first[from.size()] != '/') {
      ++entry;
      continue;
    }
    moved.emplace_back(to + entry->first.substr(from.size()), entry->second);
    entry = entries_.erase(entry);
  }
  for (auto& [path, content] : moved) entries_[path] = std::move(content);
  if (on_rename) on_rename(to);
  return Status::Ok();
}

Result<std::vector<std::string>> MemoryFiles::List(const std::string& path) {
  WEIR_RETURN_IF_ERROR(CheckFolder(path));
  std::vector<std::string> names;
  const std::string prefix = path + "/";
  for (auto entry = entries_.lower_bound(prefix);
       entry != entries_.end() && entry->first.starts_with(prefix); ++entry) {
    if (entry->first.find('/', prefix.size()) != std::string::npos) continue;
    names.push_back(entry->first.substr(prefix.size()));
  }
  return names;
}

Status MemoryFiles::CreateDirectories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    const auto [entry, made] = entries_.try_emplace(folder);
    if (!made && entry->second != nullptr) return Status::IoError("'" + folder + "' is no folder");
    if (end == std::string::npos) return Status::Ok();
  }
}

Status MemoryFiles::RemoveRecursively(const std::string& path) {
  entries_.erase(path);
  const std::string prefix = path + "/";
  auto entry = entries_.lower_bound(prefix);
  while (entry != entries_.end() && entry->first.starts_with(prefix)) entry = entries_.erase(entry);
  return Status::Ok();
}

Result<bool> MemoryFiles::Exists(const std::string& path) {
  return Find(path) != nullptr;
}

Result<std::int64_t> MemoryFiles::FileSize(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const Content content, FindFile(path));
  return static_cast<std::int64_t>(content->size());
}

Result<std::unique_ptr<WritableFile>> MemoryFiles::CreateExclusively(const std::string& path) {
  WEIR_RETURN_IF_ERROR(CheckFolder(FolderOf(path)));
  const auto [entry, made] = entries_.try_emplace(path, std::make_shared<std::string>());
  if (!made) return Status(StatusCode::kAlreadyExists, "there is a '" + path + "' already");
  return std::unique_ptr<WritableFile>(std::make_unique<Writable>(entry->second));
}

Result<std::unique_ptr<ReadableFile>> MemoryFiles::OpenForReading(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const Content content, FindFile(path));
  return std::unique_ptr<ReadableFile>(std::make_unique<Readable>(content));
}

Status MemoryFiles::SyncDirectory(const std::string& path) {
  return CheckFolder(path);
}

}  // namespace weir::simulation
