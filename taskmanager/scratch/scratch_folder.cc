#include "taskmanager/scratch/scratch_folder.h"

#include <cerrno>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/file_system.h"
#include "common/logging.h"
#include "common/system_error.h"

namespace weir::scratch {
namespace {

constexpr std::string_view kPrefix = "weir-worker-";
constexpr std::string_view kLockSuffix = ".lock";  // beside the folder, made before it

std::string LockOf(const std::string& folder) {
  return folder + std::string(kLockSuffix);
}

// An invalid descriptor: a live process has it, or whoever removes leftovers does just now.
Result<UniqueFd> TryLock(const std::string& path, int flags) {
  UniqueFd file(::open(path.c_str(), flags | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid()) return SystemError("opening " + path, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return UniqueFd();
    return SystemError("locking " + path, errno);
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return SystemError("looking at " + path, errno);
  // Removed between the two calls: it is nobody's any more.
  if (status.st_nlink == 0) return UniqueFd();
  return file;
}

// The lock last: it says that there may be a folder.
Status Remove(const std::string& folder) {
  WEIR_RETURN_IF_ERROR(LocalFileSystem().RemoveRecursively(folder));
  return LocalFileSystem().RemoveRecursively(LockOf(folder));
}

}  // namespace

Result<ScratchFolder> ScratchFolder::Create(const std::string& root, const std::string& worker_id) {
  WEIR_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(root));
  std::string path = root + "/" + std::string(kPrefix) + worker_id;
  constexpr int kAttempts = 8;  // each loses to another look for leftovers
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    WEIR_ASSIGN_OR_RETURN(UniqueFd lock, TryLock(LockOf(path), O_CREAT));
    if (!lock.valid()) continue;
    ScratchFolder folder(std::move(path), std::move(lock));
    // What a worker of this name left, which cannot be.
    WEIR_RETURN_IF_ERROR(LocalFileSystem().RemoveRecursively(folder.path()));
    WEIR_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(folder.path()));
    return folder;
  }
  return Status(StatusCode::kAlreadyExists, "the scratch folder is in use: " + path);
}

ScratchFolder::~ScratchFolder() {
  if (!lock_.valid()) return;
  if (const Status removed = Remove(path_); !removed.ok()) {
    ComponentLogger("scratch").Warning(removed.ToString());
  }
}

Result<std::vector<std::string>> ScratchFolder::RemoveLeftovers(const std::string& root) {
  std::vector<std::string> removed;
  const Result<std::vector<std::string>> names = LocalFileSystem().List(root);
  if (!names.ok()) {
    if (names.status().code() == StatusCode::kNotFound) return removed;
    return names.status();
  }
  for (const std::string& name : *names) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kLockSuffix)) continue;
    const std::string folder = root + "/" + name.substr(0, name.size() - kLockSuffix.size());
    const Result<UniqueFd> lock = TryLock(LockOf(folder), 0);
    if (!lock.ok() && lock.status().code() == StatusCode::kNotFound) continue;
    WEIR_RETURN_IF_ERROR(lock.status());
    if (!lock->valid()) continue;
    WEIR_RETURN_IF_ERROR(Remove(folder));
    removed.push_back(folder);
  }
  return removed;
}

}  // namespace weir::scratch
