// StoreOwner: while it lives, no other JobManager may use the same metadata store.
#pragma once

#include <string>
#include <utility>

#include <weir/status.h>

#include "common/unique_fd.h"

namespace weir::ha {

// An advisory lock (flock) on a file of the store. The kernel gives it up when the process ends,
// however it ends, so a dead owner blocks nobody; no child process inherits it. On file systems
// whose locks do not reach other machines the leader epoch is the second line: a store refuses to
// write once a later leader has written its own.
class StoreOwner {
 public:
  // Makes the file if there is none. FAILED_PRECONDITION when somebody else has the lock.
  static Result<StoreOwner> Acquire(const std::string& lock_file);

 private:
  explicit StoreOwner(UniqueFd file) : file_(std::move(file)) {}

  UniqueFd file_;
};

}  // namespace weir::ha
