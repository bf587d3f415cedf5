#include "proto/conversion/status_conversion.h"

#include <utility>

#include "proto/error.pb.h"

namespace weir::proto {

Error ErrorFromStatus(const Status& status) {
  Error error;
  error.set_code(static_cast<std::uint32_t>(status.code()));
  error.set_domain(static_cast<std::uint32_t>(status.domain()));
  error.set_retry(static_cast<std::uint32_t>(status.retry()));
  error.set_message(status.message());
  return error;
}

Status StatusFromError(const Error& error) {
  return StatusFromNumbers(error.code(), error.domain(), error.retry(), error.message());
}

Status StatusFromNumbers(std::uint32_t code, std::uint32_t domain, std::uint32_t retry,
                         std::string message) {
  if (code == 0) return Status::Ok();
  const bool known_code = code <= static_cast<std::uint32_t>(StatusCode::kInternal);
  const bool known_domain = domain <= static_cast<std::uint32_t>(ErrorDomain::kExternal);
  return Status(known_code ? static_cast<StatusCode>(code) : StatusCode::kInternal,
                std::move(message),
                known_domain ? static_cast<ErrorDomain>(domain) : ErrorDomain::kSystem,
                retry == 1 ? RetryHint::kNoRetry : RetryHint::kRetry);
}

}  // namespace weir::proto
