#include "taskmanager/supervisor/plugin_cache.h"

#include <fstream>
#include <utility>

#include "common/content_hash.h"
#include "common/text.h"

namespace weir::supervisor {

PluginCache::PluginCache(std::string directory, FileSystem& files,
                         session::JobManagerClient& client)
    : directory_(std::move(directory)), files_(files), client_(client) {}

Result<std::string> PluginCache::Fetch(const std::string& content_hash, std::uint64_t size_bytes) {
  if (!IsContentHash(content_hash)) {
    return Status::InvalidArgument(Concat("'", content_hash, "' is not a content hash"));
  }
  const std::string path = Concat(directory_, "/", content_hash, ".so");
  WEIR_ASSIGN_OR_RETURN(const bool present, files_.Exists(path));
  if (present) {
    // A file that was damaged on disk is fetched again rather than loaded.
    WEIR_ASSIGN_OR_RETURN(const std::string found, ContentHashOfFile(path));
    if (found == content_hash) return path;
  }
  WEIR_RETURN_IF_ERROR(files_.CreateDirectories(directory_));
  const std::string arriving = path + ".arriving";
  const Status status = Download(content_hash, size_bytes, arriving);
  if (!status.ok()) {
    const Status removed = files_.RemoveRecursively(arriving);
    return status.WithContext(
        Concat("plugin ", content_hash, removed.ok() ? "" : " (" + removed.message() + ")"));
  }
  WEIR_RETURN_IF_ERROR(files_.Rename(arriving, path));
  return path;
}

Status PluginCache::Download(const std::string& content_hash, std::uint64_t size_bytes,
                             const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  ContentHasher hasher;
  std::uint64_t received = 0;
  WEIR_RETURN_IF_ERROR(client_.FetchBlob(content_hash, [&](std::string_view chunk) -> Status {
    received += chunk.size();
    if (received > size_bytes) {
      return Status::Corruption(Concat("more bytes arrived than its ", size_bytes));
    }
    hasher.Update(chunk);
    file.write(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    if (!file) return Status::IoError(Concat("cannot write ", path));
    return Status::Ok();
  }));
  file.close();
  if (!file) return Status::IoError(Concat("cannot write ", path));
  if (received != size_bytes) {
    return Status::Corruption(Concat("only ", received, " of its ", size_bytes, " bytes arrived"));
  }
  if (const std::string hash = hasher.Finish(); hash != content_hash) {
    return Status::Corruption(Concat("what arrived has the hash ", hash));
  }
  return Status::Ok();
}

}  // namespace weir::supervisor
