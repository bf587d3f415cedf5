// A server with a scripted handler, and a raw connection to it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include <weir/status.h>

#include "common/http_client.h"
#include "common/http_server.h"
#include "common/temporary_directory.h"
#include "common/unique_fd.h"

namespace weir {

class ScriptedHandler final : public HttpHandler {
 public:
  using Function = std::function<void(HttpRequest, HttpResponder)>;

  HttpBodyPolicy BodyPolicy(const HttpRequest& head) override {
    HttpBodyPolicy chosen = policy;
    if (head.path != "/upload") chosen.kind = HttpBodyPolicy::Kind::kMemory;
    return chosen;
  }
  void Handle(HttpRequest request, HttpResponder responder) override {
    handle(std::move(request), std::move(responder));
  }
  HttpResponse ErrorResponse(int status, const std::string& message) override {
    return {.status = status, .body = "error: " + message};
  }

  HttpBodyPolicy policy;
  Function handle = [](HttpRequest request, HttpResponder responder) {
    responder.Respond({.body = request.method + " " + request.path + " " + request.body});
  };
};

// A blocking socket, for requests that no client would send. Every call gives up after ten seconds.
class RawConnection {
 public:
  explicit RawConnection(int port);

  // False when the peer has closed.
  bool Send(std::string_view bytes);
  // What arrives up to the end of the stream (or a reset, after which `reset` is true).
  std::string ReadToEnd();
  // What arrives until `marker` is there.
  std::string ReadUntil(std::string_view marker);
  void ShutdownSend() { ::shutdown(socket_.get(), SHUT_WR); }
  bool reset() const { return reset_; }
  bool timed_out() const { return timed_out_; }

 private:
  UniqueFd socket_;
  bool reset_ = false;
  bool timed_out_ = false;
};

}  // namespace weir
