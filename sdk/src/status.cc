#include <weir/status.h>

namespace weir {

std::string_view ToString(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "OK";
    case StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case StatusCode::kNotFound:
      return "NOT_FOUND";
    case StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case StatusCode::kTimedOut:
      return "TIMED_OUT";
    case StatusCode::kCanceled:
      return "CANCELED";
    case StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case StatusCode::kUnsupported:
      return "UNSUPPORTED";
    case StatusCode::kCorruption:
      return "CORRUPTION";
    case StatusCode::kIoError:
      return "IO_ERROR";
    case StatusCode::kInternal:
      return "INTERNAL";
  }
  return "UNKNOWN";
}

std::string_view ToString(ErrorDomain domain) {
  switch (domain) {
    case ErrorDomain::kSystem:
      return "SYSTEM";
    case ErrorDomain::kUser:
      return "USER";
    case ErrorDomain::kExternal:
      return "EXTERNAL";
  }
  return "UNKNOWN";
}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return Status(code_, std::string(context) + ": " + message_, domain_, retry_);
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  return std::string(weir::ToString(code_)) + ": " + message_;
}

}  // namespace weir
