#include "taskmanager/state/shared_files.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <unistd.h>

#include "common/crc32c.h"

namespace weir::state {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;

struct Content {
  std::uint64_t size_bytes = 0;
  std::uint32_t checksum = 0;
};

// Reads the whole file, and writes it to `target` unless that is null.
Result<Content> Pass(FileSystem& files, const std::string& path, WritableFile* target) {
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> source, files.OpenForReading(path));
  std::vector<char> piece(kPieceBytes);
  Content content;
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(
        const std::size_t size,
        source->ReadAt(static_cast<std::int64_t>(content.size_bytes), std::span<char>(piece)));
    const std::string_view bytes(piece.data(), size);
    content.checksum = Crc32c(bytes, content.checksum);
    content.size_bytes += size;
    if (target != nullptr) WEIR_RETURN_IF_ERROR(target->Append(bytes));
    if (size < kPieceBytes) return content;
  }
}

Status Compare(const SharedFile& file, const std::string& path, const Content& content) {
  if (content.size_bytes != file.size_bytes) {
    return Status::Corruption(path + " has " + std::to_string(content.size_bytes) +
                              " bytes, the checkpoint says " + std::to_string(file.size_bytes));
  }
  if (content.checksum != file.checksum) {
    return Status::Corruption(path + " is damaged: its checksum is not what the checkpoint says");
  }
  return Status::Ok();
}

Result<Content> Copy(FileSystem& from_files, const std::string& from, FileSystem& to_files,
                     const std::string& to, FileDurability durability) {
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> target, to_files.CreateExclusively(to));
  WEIR_ASSIGN_OR_RETURN(const Content content, Pass(from_files, from, target.get()));
  if (durability == FileDurability::kSynced) WEIR_RETURN_IF_ERROR(target->Sync());
  WEIR_RETURN_IF_ERROR(target->Close());
  return content;
}

// `failure`, and what came of removing what it left.
Status RemoveAfter(FileSystem& files, const std::string& path, const Status& failure) {
  const Status removed = files.RemoveRecursively(path);
  return removed.ok() ? failure : failure.WithContext(removed.message());
}

}  // namespace

Result<SharedFile> SharedFiles::Upload(const std::string& local_path, std::string_view name) const {
  SharedFile file{"shared/" + std::string(name), 0, 0};
  const Result<Content> content =
      Copy(LocalFileSystem(), local_path, files_, PathOf(file), FileDurability::kSynced);
  if (!content.ok()) {
    if (content.status().code() == StatusCode::kAlreadyExists) return content.status();
    return RemoveAfter(files_, PathOf(file), content.status());
  }
  file.size_bytes = content->size_bytes;
  file.checksum = content->checksum;
  return file;
}

Status SharedFiles::Remove(const SharedFile& file) const {
  return files_.RemoveRecursively(PathOf(file));
}

Status SharedFiles::Download(const SharedFile& file, const std::string& local_path) const {
  if (mode_ == DownloadMode::kLinkWherePossible &&
      ::link(PathOf(file).c_str(), local_path.c_str()) == 0) {
    const Status checked = Check(file);
    return checked.ok() ? checked : RemoveAfter(LocalFileSystem(), local_path, checked);
  }
  const Status copied = CopyTo(file, local_path);
  if (copied.ok() || copied.code() == StatusCode::kAlreadyExists) return copied;
  return RemoveAfter(LocalFileSystem(), local_path, copied);
}

Status SharedFiles::Check(const SharedFile& file) const {
  WEIR_ASSIGN_OR_RETURN(const Content content, Pass(files_, PathOf(file), nullptr));
  return Compare(file, PathOf(file), content);
}

Status SharedFiles::CopyTo(const SharedFile& file, const std::string& local_path) const {
  WEIR_ASSIGN_OR_RETURN(const Content content, Copy(files_, PathOf(file), LocalFileSystem(),
                                                    local_path, FileDurability::kNone));
  return Compare(file, PathOf(file), content);
}

}  // namespace weir::state
