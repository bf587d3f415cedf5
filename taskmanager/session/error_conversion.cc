#include "taskmanager/session/error_conversion.h"

#include "proto/error.pb.h"

namespace weir::session {

void ToProto(const Status& status, proto::Error* message) {
  message->set_code(static_cast<std::uint32_t>(status.code()));
  message->set_domain(static_cast<std::uint32_t>(status.domain()));
  message->set_retry(static_cast<std::uint32_t>(status.retry()));
  message->set_message(status.message());
}

Status FromProto(const proto::Error& message) {
  if (message.code() == 0) return Status::Ok();
  const bool known = message.code() <= static_cast<std::uint32_t>(StatusCode::kInternal);
  return Status(
      known ? static_cast<StatusCode>(message.code()) : StatusCode::kInternal, message.message(),
      message.domain() <= 2 ? static_cast<ErrorDomain>(message.domain()) : ErrorDomain::kSystem,
      message.retry() == 0 ? RetryHint::kRetry : RetryHint::kNoRetry);
}

}  // namespace weir::session
