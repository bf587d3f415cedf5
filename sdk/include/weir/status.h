// Status and Result<T>: how Weir says that something went wrong, whose fault it is and whether to
// try again.
//
// Errors are values. Exceptions come only from user functions; the engine catches them once, at the
// task boundary, and turns them into a Status of domain kUser. Both types are values without locks:
// share them as you would an int.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace weir {

// What happened. A code exists only where somebody can react to it differently. The numbers travel
// in messages between processes: never renumber.
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kInvalidArgument = 1,     // the caller gave something that can never work
  kNotFound = 2,            // a named thing does not exist
  kAlreadyExists = 3,       // a named thing exists and must not
  kFailedPrecondition = 4,  // not in the state that the call needs
  kUnavailable = 5,         // a peer, broker or process is not there (now)
  kTimedOut = 6,            // a bound on time passed first
  kCanceled = 7,            // somebody asked for it to end
  kResourceExhausted = 8,   // slots, memory, disk or a configured limit
  kUnsupported = 9,         // understood, but this version does not do it
  kCorruption = 10,         // bytes that are not what they must be
  kIoError = 11,            // the operating system said no
  kInternal = 12,           // a bug of ours
};

// Whose fault it is: the job author's, Weir's, or something outside both (a broker, a disk, a
// network).
enum class ErrorDomain : std::uint8_t { kSystem = 0, kUser = 1, kExternal = 2 };

// Whether the same attempt can succeed later without anybody changing anything.
enum class RetryHint : std::uint8_t { kRetry = 0, kNoRetry = 1 };

// "INVALID_ARGUMENT" and so on: the names shown to people and put in JSON.
std::string_view ToString(StatusCode code);
std::string_view ToString(ErrorDomain domain);

// Success, or a code with a message made for a person: it names what was wrong and where.
class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(StatusCode code, std::string message, ErrorDomain domain = ErrorDomain::kSystem,
         RetryHint retry = RetryHint::kRetry)
      : code_(code), domain_(domain), retry_(retry), message_(std::move(message)) {}

  static Status Ok() { return Status(); }
  // Whoever calls with a bad argument is at fault, and trying again does not help.
  static Status InvalidArgument(std::string message) {
    return Status(StatusCode::kInvalidArgument, std::move(message), ErrorDomain::kUser,
                  RetryHint::kNoRetry);
  }
  static Status NotFound(std::string message) {
    return Status(StatusCode::kNotFound, std::move(message), ErrorDomain::kUser,
                  RetryHint::kNoRetry);
  }
  static Status Unavailable(std::string message) {
    return Status(StatusCode::kUnavailable, std::move(message), ErrorDomain::kExternal);
  }
  static Status IoError(std::string message) {
    return Status(StatusCode::kIoError, std::move(message), ErrorDomain::kExternal);
  }
  static Status Corruption(std::string message) {
    return Status(StatusCode::kCorruption, std::move(message), ErrorDomain::kExternal,
                  RetryHint::kNoRetry);
  }
  static Status Internal(std::string message) {
    return Status(StatusCode::kInternal, std::move(message));
  }
  // A user function failed (threw, or returned an error of its own).
  static Status UserError(std::string message) {
    return Status(StatusCode::kInternal, std::move(message), ErrorDomain::kUser);
  }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  ErrorDomain domain() const { return domain_; }
  RetryHint retry() const { return retry_; }
  const std::string& message() const { return message_; }

  // The same status with `context` and ": " before its message; ok stays ok.
  Status WithContext(std::string_view context) const;

  // "OK", or "NOT_FOUND: no job 12ab…".
  std::string ToString() const;

  bool operator==(const Status&) const = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  ErrorDomain domain_ = ErrorDomain::kSystem;
  RetryHint retry_ = RetryHint::kRetry;
  std::string message_;
};

// A T, or the Status that says why there is none. Asking the wrong one is a programmer error and
// aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}        // NOLINT: implicit
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {  // NOLINT: implicit
    if (std::get<1>(state_).ok())
      state_.template emplace<1>(Status::Internal("ok without a value"));
  }

  bool ok() const { return state_.index() == 0; }
  Status status() const { return ok() ? Status() : *std::get_if<1>(&state_); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace weir

// Leaves the function with the error when `expression` (a Status) is not ok.
#define WEIR_RETURN_IF_ERROR(expression)                                                     \
  do {                                                                                       \
    if (::weir::Status weir_status_ = (expression); !weir_status_.ok()) return weir_status_; \
  } while (false)

#define WEIR_CONCAT_INNER_(a, b) a##b
#define WEIR_CONCAT_(a, b) WEIR_CONCAT_INNER_(a, b)
// `WEIR_ASSIGN_OR_RETURN(auto value, Compute());`: the value, or leave the function with the error.
#define WEIR_ASSIGN_OR_RETURN(target, expression) \
  WEIR_ASSIGN_OR_RETURN_IMPL_(WEIR_CONCAT_(weir_result_, __LINE__), target, expression)
#define WEIR_ASSIGN_OR_RETURN_IMPL_(result, target, expression) \
  auto result = (expression);                                   \
  if (!result.ok()) return result.status();                     \
  target = *std::move(result)
