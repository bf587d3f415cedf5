// What stands between the threads of the connector and exceptions: a FileSystem is anybody's, and
// memory may run out.
#pragma once

#include <exception>
#include <new>
#include <string>

#include <weir/status.h>

namespace weir::files {

// What `work` returns, or the exception that it threw as a status.
template <class Work>
Status CatchExceptions(const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "there is not enough memory");
  } catch (const std::exception& exception) {
    return Status::UserError(std::string("the file system threw: ") + exception.what());
  } catch (...) {
    return Status::UserError("the file system threw something that is no std::exception");
  }
}

}  // namespace weir::files
