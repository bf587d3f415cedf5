// The boundary between the engine and user code: exceptions stop here and become a Status.
#pragma once

#include <exception>
#include <utility>

#include <weir/status.h>

namespace weir::task {

// Of the exception that is being handled: the status of an internal::StoreError; else domain user,
// with what() of a std::exception, or the name of its type.
Status StatusOfCurrentException();

// Calls `call`, which returns a Status or a Result<T>.
template <class Call>
auto RunUserCode(Call&& call) -> decltype(call()) {
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    return StatusOfCurrentException();
  }
}

}  // namespace weir::task
