#include "taskmanager/task/user_code.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <typeinfo>

#include <cxxabi.h>

#include <weir/internal/state/keyed_store.h>

namespace weir::task {

namespace {

std::string TypeName(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return name != nullptr ? name.get() : type.name();
}

}  // namespace

Status StatusOfCurrentException() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  const std::string name = type != nullptr ? TypeName(*type) : "of an unknown type";
  try {
    throw;
  } catch (const internal::StoreError& error) {
    return error.status();
  } catch (const std::exception& exception) {
    return Status::UserError(name + ": " + exception.what());
  } catch (...) {
    return Status::UserError("exception " + name);
  }
}

}  // namespace weir::task
