#include "common/system_error.h"

#include <cerrno>
#include <system_error>

#include "common/text.h"

namespace weir {

namespace {

StatusCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ESRCH:
      return StatusCode::kNotFound;
    case EEXIST:
      return StatusCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return StatusCode::kResourceExhausted;
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENOTCONN:
      return StatusCode::kUnavailable;
    case ETIMEDOUT:
      return StatusCode::kTimedOut;
    default:
      return StatusCode::kIoError;
  }
}

}  // namespace

Status SystemError(std::string_view what, int error_number) {
  // Not strerror, which is not safe with threads.
  return Status(CodeOf(error_number),
                Concat(what, ": ", std::generic_category().message(error_number)),
                ErrorDomain::kExternal);
}

}  // namespace weir
