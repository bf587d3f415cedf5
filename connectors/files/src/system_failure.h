// What the operating system says of a file, as a status.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include <weir/status.h>

namespace weir::files {

// `doing`: "cannot open"; `error`: an errno.
inline Status SystemFailure(const std::string& doing, const std::string& path, int error) {
  const std::string message = doing + " " + path + ": " + std::generic_category().message(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Status(StatusCode::kNotFound, message, ErrorDomain::kExternal);
    case ENOSPC:
    case EDQUOT:
      return Status(StatusCode::kResourceExhausted, message, ErrorDomain::kExternal);
    case ELOOP:
      return Status(StatusCode::kInvalidArgument, message, ErrorDomain::kExternal,
                    RetryHint::kNoRetry);
    case EEXIST:
      return Status(StatusCode::kAlreadyExists, message, ErrorDomain::kExternal,
                    RetryHint::kNoRetry);
    default:
      return Status::IoError(message);
  }
}

}  // namespace weir::files
