// One request waiting for its answer: what HttpResponder shares. Private to the HTTP server.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "common/http_message.h"

namespace weir {

// Thread-safe. `deliver` gets the maker of the answer, exactly once, on whatever thread answers (or
// drops the last handle): it posts to the server's thread, and does nothing when the server is
// gone.
class HttpExchange {
 public:
  using Maker = std::function<HttpResponse()>;

  explicit HttpExchange(std::function<void(Maker)> deliver) : deliver_(std::move(deliver)) {}
  ~HttpExchange() {
    if (!answered_.load()) deliver_(nullptr);  // an empty maker: nobody answered
  }
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  // False when it was answered before.
  bool Answer(Maker make) {
    if (answered_.exchange(true)) return false;
    deliver_(std::move(make));
    return true;
  }

 private:
  const std::function<void(Maker)> deliver_;
  std::atomic<bool> answered_{false};
};

}  // namespace weir
