#include "jobmanager/ha/store_owner.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>

#include "common/system_error.h"
#include "common/text.h"

namespace weir::ha {

Result<StoreOwner> StoreOwner::Acquire(const std::string& lock_file) {
  UniqueFd file(::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file.valid()) return SystemError(Concat("cannot open '", lock_file, "'"), errno);
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return SystemError(Concat("cannot lock '", lock_file, "'"), errno);
    return Status(StatusCode::kFailedPrecondition,
                  Concat("another JobManager holds '", lock_file, "'"), ErrorDomain::kExternal,
                  RetryHint::kRetry);
  }
  return StoreOwner(std::move(file));
}

}  // namespace weir::ha
