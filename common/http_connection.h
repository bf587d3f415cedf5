// One connection of an HttpServer: reads a request, hands it to the handler, writes the answer,
// again. Private to the HTTP server; everything runs on the server's thread.
#pragma once

#include <functional>
#include <memory>

#include "common/http_server.h"

namespace boost::asio {
class io_context;
}

namespace weir {

class HttpConnection {
 public:
  struct Settings {
    const HttpServerOptions& options;
    HttpHandler& handler;
    // The server's loop again, for responders that outlive the server.
    std::weak_ptr<boost::asio::io_context> loop;
    // Called once, on the server's thread, when the socket is closed. Drops the server's reference.
    std::function<void(HttpConnection*)> on_closed;
    // Only answer 503 and close: there are too many connections.
    bool refuse = false;
  };

  virtual ~HttpConnection() = default;

  virtual void Start() = 0;
  // Ends the connection once the request in progress is answered; at once when there is none.
  virtual void Drain() = 0;
  // Ends it now.
  virtual void Abort() = 0;
};

// Takes over `socket`, a connected TCP socket. The caller holds the reference until on_closed.
std::shared_ptr<HttpConnection> MakeHttpConnection(int socket, bool ipv6,
                                                   HttpConnection::Settings settings);

}  // namespace weir
