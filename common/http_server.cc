#include "common/http_server.h"

#include <atomic>
#include <chrono>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/http_connection.h"
#include "common/http_exchange.h"
#include "common/http_log.h"
#include "common/text.h"

namespace weir {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// After an accept that failed for want of descriptors or memory.
constexpr std::chrono::milliseconds kAcceptPause(100);

}  // namespace

HttpResponder::HttpResponder(std::shared_ptr<HttpExchange> exchange)
    : exchange_(std::move(exchange)) {}
HttpResponder::~HttpResponder() = default;
HttpResponder::HttpResponder(const HttpResponder&) = default;
HttpResponder::HttpResponder(HttpResponder&&) noexcept = default;
HttpResponder& HttpResponder::operator=(const HttpResponder&) = default;
HttpResponder& HttpResponder::operator=(HttpResponder&&) noexcept = default;

void HttpResponder::Respond(HttpResponse response) const {
  RespondWith([response = std::move(response)] { return response; });
}

void HttpResponder::RespondWith(std::function<HttpResponse()> make) const {
  if (!exchange_->Answer(std::move(make))) HttpLog().Error("a request was answered twice");
}

// Everything but Start and Stop runs on `thread_`.
class HttpServer::Loop {
 public:
  Loop(HttpServerOptions options, HttpHandler& handler)
      : options_(std::move(options)),
        handler_(handler),
        context_(std::make_shared<asio::io_context>(1)),
        acceptor_(*context_),
        timer_(*context_) {}

  Status Start() {
    WEIR_RETURN_IF_ERROR(Listen());
    asio::post(*context_, [this] { Accept(); });
    thread_ = std::thread([this] { context_->run(); });
    return Status::Ok();
  }

  void Stop() {
    if (!thread_.joinable()) return;
    asio::post(*context_, [this] { BeginStop(); });
    thread_.join();
  }

  int port() const { return port_; }
  int connections() const { return connection_count_.load(); }

 private:
  Status Listen() {
    error_code error;
    tcp::resolver resolver(*context_);
    auto found = resolver.resolve(options_.bind_host, std::to_string(options_.port),
                                  tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error) return ListenError("cannot resolve", error);
    tcp::endpoint endpoint = found.begin()->endpoint();
    ipv6_ = endpoint.protocol() == tcp::v6();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return ListenError("cannot listen on", error);
    port_ = acceptor_.local_endpoint(error).port();
    return Status::Ok();
  }

  Status ListenError(std::string_view what, error_code error) {
    return Status::Unavailable(
        Concat(what, " ", options_.bind_host, ":", options_.port, ": ", error.message()));
  }

  void Accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (stopping_) return;
      if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
          error == boost::system::errc::too_many_files_open_in_system ||
          error == asio::error::no_buffer_space) {
        HttpLog().Warning("cannot accept a connection: ", error.message());
        return PauseAccepting();
      }
      if (!error) Open(std::move(socket));  // else the client went away before it was accepted
      Accept();
    });
  }

  void PauseAccepting() {
    timer_.expires_after(kAcceptPause);
    timer_.async_wait([this](error_code) {
      if (!stopping_) Accept();
    });
  }

  void Open(tcp::socket socket) {
    error_code error;
    socket.set_option(tcp::no_delay(true), error);
    // Refusing politely takes a connection too, so there is a second limit.
    bool refuse = connection_count_.load() >= options_.max_connections;
    if (refuse && refused_count_ >= options_.max_connections) return;
    int descriptor = socket.release(error);
    if (error) return;
    auto on_closed = [this, refuse](HttpConnection* closed) { OnClosed(closed, refuse); };
    auto connection = MakeHttpConnection(descriptor, ipv6_,
                                         {.options = options_,
                                          .handler = handler_,
                                          .loop = context_,
                                          .on_closed = std::move(on_closed),
                                          .refuse = refuse});
    connections_.emplace(connection.get(), connection);
    refuse ? ++refused_count_ : ++connection_count_;
    connection->Start();
  }

  void OnClosed(HttpConnection* connection, bool refused) {
    connections_.erase(connection);
    refused ? --refused_count_ : --connection_count_;
    if (stopping_ && connections_.empty()) timer_.cancel();
  }

  // The thread ends when nothing is left to wait for: neither acceptor, nor connections, nor the
  // timer.
  void BeginStop() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    timer_.cancel();
    for (const auto& connection : OpenConnections()) connection->Drain();
    if (connections_.empty()) return;
    timer_.expires_after(std::chrono::milliseconds(options_.stop_timeout_ms));
    timer_.async_wait([this](error_code) {
      for (const auto& connection : OpenConnections()) connection->Abort();
    });
  }

  std::vector<std::shared_ptr<HttpConnection>> OpenConnections() const {
    std::vector<std::shared_ptr<HttpConnection>> open;
    for (const auto& [key, connection] : connections_) open.push_back(connection);
    return open;
  }

  const HttpServerOptions options_;
  HttpHandler& handler_;
  std::shared_ptr<asio::io_context> context_;
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;  // of a pause in accepting; then of the stop
  std::map<HttpConnection*, std::shared_ptr<HttpConnection>> connections_;
  std::atomic<int> connection_count_{0};  // without the refused ones
  int refused_count_ = 0;
  bool ipv6_ = false;
  bool stopping_ = false;
  int port_ = 0;
  std::thread thread_;
};

HttpServer::HttpServer(HttpServerOptions options, HttpHandler& handler)
    : loop_(std::make_unique<Loop>(std::move(options), handler)) {}
HttpServer::~HttpServer() {
  Stop();
}
Status HttpServer::Start() {
  return loop_->Start();
}
void HttpServer::Stop() {
  loop_->Stop();
}
int HttpServer::port() const {
  return loop_->port();
}
int HttpServer::connections() const {
  return loop_->connections();
}

}  // namespace weir
