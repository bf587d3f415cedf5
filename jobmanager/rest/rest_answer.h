// Answers: how a Status, or a value, becomes an HTTP response with JSON.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <weir/status.h>

#include "common/http_server.h"
#include "jobmanager/rest/cluster_view.h"

namespace weir::rest {

// cluster_view.h says which code becomes which status.
int HttpStatusOf(const Status& status);

// {"errors":["…"]}, as Flink.
HttpResponse ErrorAnswer(int http_status, std::string_view message);
HttpResponse ErrorAnswer(const Status& status);

inline HttpResponse JsonAnswer(std::string json, int http_status = 200) {
  return {.status = http_status, .body = std::move(json)};
}

// A callback that answers with the error, or with what `render` makes of the value: a std::string
// of JSON, or a Result<std::string>. The rendering runs on the HTTP thread, not on the
// JobManager's.
template <class T, class Render>
Callback<T> AnswerWith(const HttpResponder& responder, Render render) {
  return [responder, render = std::move(render)](Result<T> result) {
    // Shared, because a std::function must be copyable.
    auto shared = std::make_shared<const Result<T>>(std::move(result));
    responder.RespondWith([shared, render] {
      if (!shared->ok()) return ErrorAnswer(shared->status());
      Result<std::string> json = render(shared->value());
      return json.ok() ? JsonAnswer(*std::move(json)) : ErrorAnswer(json.status());
    });
  };
}

// A callback that answers with the error, or with `http_status` and an empty object.
inline StatusCallback AnswerDone(const HttpResponder& responder, int http_status = 200) {
  return [responder, http_status](Status status) {
    responder.Respond(status.ok() ? JsonAnswer("{}", http_status) : ErrorAnswer(status));
  };
}

}  // namespace weir::rest
