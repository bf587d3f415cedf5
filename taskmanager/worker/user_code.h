// The boundary at which exceptions of user code become errors.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <typeinfo>

#include <cxxabi.h>

#include <weir/status.h>

namespace weir::worker {

// Runs `function` (returning Status) and turns what it throws into a Status of domain kUser: what()
// and the type for a std::exception, the type's name for anything else.
template <class Function>
Status CallUserCode(std::string_view what, const Function& function) {
  try {
    return function();
  } catch (const std::exception& error) {
    return Status::UserError(std::string(what) + " threw " + typeid(error).name() + ": " +
                             error.what());
  } catch (...) {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    return Status::UserError(std::string(what) + " threw an exception of type " +
                             (type == nullptr ? "unknown" : type->name()));
  }
}

}  // namespace weir::worker
