// HttpServer: HTTP/1.1 on Boost.Beast, for the REST API: one thread for all connections, handlers
// that answer later and from any thread, uploads that go to the disk while they arrive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/status.h>

#include "common/http_body.h"
#include "common/http_message.h"

namespace weir {

class HttpExchange;

// The way to answer one request. A cheap handle: copies share the one answer, so that it fits into
// a std::function. When the last copy goes without an answer, the client gets 500. Any thread; it
// may outlive the server (the answer is then dropped).
class HttpResponder {
 public:
  explicit HttpResponder(std::shared_ptr<HttpExchange> exchange);
  ~HttpResponder();
  HttpResponder(const HttpResponder&);
  HttpResponder(HttpResponder&&) noexcept;
  HttpResponder& operator=(const HttpResponder&);
  HttpResponder& operator=(HttpResponder&&) noexcept;

  // Once for all copies: a second answer is a programmer error, logged and dropped.
  void Respond(HttpResponse response) const;
  // As above; `make` runs on the server's thread, so that the caller's loop does not pay for the
  // making. It must not block.
  void RespondWith(std::function<HttpResponse()> make) const;

 private:
  std::shared_ptr<HttpExchange> exchange_;
};

// What answers requests. Called on the server's thread: it must not block. Outlives the server.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // How to take the body of a request of which only the head has arrived.
  virtual HttpBodyPolicy BodyPolicy(const HttpRequest& head) = 0;
  virtual void Handle(HttpRequest request, HttpResponder responder) = 0;
  // The answer for what the server refuses by itself (400, 408, 413, 417, 500, 503).
  virtual HttpResponse ErrorResponse(int status, const std::string& message) = 0;
};

struct HttpServerOptions {
  std::string bind_host = "127.0.0.1";
  int port = 0;               // 0: the kernel chooses
  int max_connections = 256;  // more are answered with 503 and closed
  std::uint32_t header_limit_bytes = 16 * 1024;
  // From a request's first byte to the end of its head.
  std::int64_t header_timeout_ms = 10'000;
  // A body may take this long and a second more for every `body_minimum_bytes_per_second` that have
  // arrived.
  std::int64_t body_timeout_ms = 30'000;
  std::int64_t body_minimum_bytes_per_second = 16 * 1024;
  // The client may take this long to read an answer, and a second more for every MiB.
  std::int64_t write_timeout_ms = 30'000;
  // Between requests of a kept-alive connection, and before the first.
  std::int64_t idle_timeout_ms = 60'000;
  // How long a connection that is closed with a refusal (413) still swallows what the client sends,
  // so that the client sees the refusal and not a reset; and how much.
  std::int64_t linger_timeout_ms = 1'000;
  std::uint64_t linger_bytes = 4 << 20;
  // How long Stop waits for answers on their way.
  std::int64_t stop_timeout_ms = 3'000;
};

// Start and Stop are for one thread; the rest for any.
class HttpServer {
 public:
  HttpServer(HttpServerOptions options, HttpHandler& handler);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds, listens and starts the thread. The error names host and port.
  Status Start();

  // Takes no new connections, closes idle ones, waits for the answers of requests in progress up to
  // stop_timeout_ms, closes everything and ends the thread. Not from a handler. Idempotent.
  void Stop();

  // The port in use; after Start.
  int port() const;
  // Open connections now.
  int connections() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace weir
