// SystemError: a Status from an errno.
#pragma once

#include <string_view>

#include <weir/status.h>

namespace weir {

// `what`, ": " and the system's words for `error_number`. The code follows from the number: ENOENT
// is NOT_FOUND, EEXIST is ALREADY_EXISTS, a full disk, quota or descriptor table is
// RESOURCE_EXHAUSTED, a refused, reset or unreachable peer is UNAVAILABLE, ETIMEDOUT is TIMED_OUT,
// everything else IO_ERROR. The domain is kExternal.
Status SystemError(std::string_view what, int error_number);

}  // namespace weir
