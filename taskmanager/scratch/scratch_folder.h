// ScratchFolder: a worker's folder on the local disk, told apart from those of dead workers by a
// lock that the kernel gives up with the process.
#pragma once

#include <string>
#include <vector>

#include <weir/status.h>

#include "common/unique_fd.h"

namespace weir::scratch {

class ScratchFolder {
 public:
  // Makes "<root>/weir-worker-<worker_id>", which must not be in use. Blocks.
  static Result<ScratchFolder> Create(const std::string& root, const std::string& worker_id);
  ScratchFolder(ScratchFolder&&) noexcept = default;
  // Not by assignment: two folders would be at stake.
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  // Removes it; what cannot be removed is logged.
  ~ScratchFolder();

  const std::string& path() const { return path_; }

  // Removes those folders in `root` whose workers have ended; whatever is not called like one
  // stays. Ok where there is no `root`. Returns their paths. Blocks.
  static Result<std::vector<std::string>> RemoveLeftovers(const std::string& root);

 private:
  ScratchFolder(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  UniqueFd lock_;  // invalid: moved from
};

}  // namespace weir::scratch
