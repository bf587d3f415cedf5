#include "jobmanager/rest/rest_answer.h"

#include <nlohmann/json.hpp>

#include "jobmanager/rest/json_text.h"

namespace weir::rest {

int HttpStatusOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 200;
    case StatusCode::kInvalidArgument:
      return 400;
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kAlreadyExists:
    case StatusCode::kFailedPrecondition:
      return 409;
    case StatusCode::kUnavailable:
    case StatusCode::kResourceExhausted:
      return 503;
    case StatusCode::kTimedOut:
      return 504;
    case StatusCode::kUnsupported:
      return 501;
    case StatusCode::kCanceled:
    case StatusCode::kCorruption:
    case StatusCode::kIoError:
    case StatusCode::kInternal:
      break;
  }
  return status.domain() == ErrorDomain::kUser ? 400 : 500;
}

HttpResponse ErrorAnswer(int http_status, std::string_view message) {
  return JsonAnswer(JsonText({{"errors", {message}}}), http_status);
}

HttpResponse ErrorAnswer(const Status& status) {
  return ErrorAnswer(HttpStatusOf(status), status.message());
}

}  // namespace weir::rest
