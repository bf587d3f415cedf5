#include "common/http_connection.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "common/clock.h"
#include "common/http_exchange.h"
#include "common/http_log.h"
#include "common/http_target.h"
#include "common/text.h"

namespace weir {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::size_t kFirstReadBytes = 4096;

// Where the connection is. Requests come one after the other; bytes of the next one wait in the
// buffer.
enum class Phase {
  kIdle,       // between requests
  kReading,    // head or body is arriving
  kHandling,   // with the handler; nothing is read or written
  kWriting,    // the answer is leaving
  kLingering,  // refused and half closed: swallowing what still comes
  kClosed,
};

class BeastConnection final : public HttpConnection,
                              public std::enable_shared_from_this<BeastConnection> {
 public:
  BeastConnection(asio::ip::tcp::socket socket, Settings settings)
      : settings_(std::move(settings)),
        options_(settings_.options),
        stream_(std::move(socket)),
        buffer_(kChunkBytes) {}

  void Start() override {
    if (settings_.refuse) {
      Refuse(503, "the server has no room for another connection");
    } else {
      WaitForRequest();
    }
  }

  void Drain() override {
    draining_ = true;
    if (phase_ == Phase::kIdle || phase_ == Phase::kLingering) Close();
  }

  void Abort() override { Close(); }

 private:
  // Wraps a member function as a completion handler that keeps the connection alive.
  template <class... Args>
  auto Then(void (BeastConnection::*member)(error_code, Args...)) {
    return [self = shared_from_this(), member](error_code error, Args... args) {
      if (self->phase_ != Phase::kClosed) ((*self).*member)(error, args...);
    };
  }

  void WaitForRequest();
  void OnFirstBytes(error_code error, std::size_t bytes);
  void ReadHead();
  void OnHead(error_code error, std::size_t);
  bool TakeHead();
  bool PrepareBody();
  void OnContinueWritten(error_code error, std::size_t);
  void ReadBody();
  void OnBody(error_code error, std::size_t);
  void Dispatch();
  void OnAnswer(const HttpExchange::Maker& make);
  HttpResponse MakeAnswer(const HttpExchange::Maker& make);
  void Write(HttpResponse answer);
  void OnWritten(error_code error, std::size_t);
  void OnReadError(error_code error);
  void Refuse(int status, const std::string& message);
  void RefuseWith(HttpResponse answer);
  void Linger();
  void OnLingered(error_code error, std::size_t bytes);
  void Close();

  const Settings settings_;
  const HttpServerOptions& options_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  Phase phase_ = Phase::kIdle;
  bool draining_ = false;

  // Of the request in progress.
  std::optional<http::request_parser<http::buffer_body>> parser_;
  HttpRequest request_;
  HttpBodyPolicy policy_;
  std::unique_ptr<HttpBodySink> sink_;
  std::vector<char> chunk_;
  std::uint64_t body_bytes_ = 0;
  std::int64_t body_start_ms_ = 0;
  bool is_head_ = false;
  bool keep_alive_ = false;
  bool refused_ = false;
  http::response<http::empty_body> continue_;
  http::response<http::string_body> response_;
  // Set for HEAD: the answer's head alone is written.
  std::optional<http::response_serializer<http::string_body>> serializer_;

  std::uint64_t lingered_bytes_ = 0;
};

void BeastConnection::WaitForRequest() {
  phase_ = Phase::kIdle;
  if (draining_) return Close();
  if (buffer_.size() > 0) return ReadHead();  // pipelined
  stream_.expires_after(milliseconds(options_.idle_timeout_ms));
  stream_.async_read_some(buffer_.prepare(kFirstReadBytes), Then(&BeastConnection::OnFirstBytes));
}

void BeastConnection::OnFirstBytes(error_code error, std::size_t bytes) {
  if (error) return Close();
  buffer_.commit(bytes);
  ReadHead();
}

void BeastConnection::ReadHead() {
  phase_ = Phase::kReading;
  parser_.emplace();
  parser_->header_limit(options_.header_limit_bytes);
  // The handler's limit is checked here. (boost::none is broken in 1.74: it compares less than any
  // length.)
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  request_ = HttpRequest();
  sink_.reset();
  body_bytes_ = 0;
  stream_.expires_after(milliseconds(options_.header_timeout_ms));
  http::async_read_header(stream_, buffer_, *parser_, Then(&BeastConnection::OnHead));
}

// What the client sent wrong is answered; a client that is gone or too slow is not there to hear
// it.
void BeastConnection::OnReadError(error_code error) {
  bool malformed = error.category() == make_error_code(http::error::bad_method).category() &&
                   error != http::error::end_of_stream && error != http::error::partial_message;
  if (!malformed) return Close();
  int status = error == http::error::header_limit ? 431 : 400;
  Refuse(status, "malformed HTTP request: " + error.message());
}

void BeastConnection::OnHead(error_code error, std::size_t) {
  if (error) return OnReadError(error);
  if (!TakeHead() || !PrepareBody()) return;
  if (parser_->is_done()) return Dispatch();
  body_start_ms_ = SystemClock().MonotonicMillis();
  if (request_.Header("expect").empty()) return ReadBody();
  continue_ = {http::status::continue_, 11};
  stream_.expires_after(milliseconds(options_.write_timeout_ms));
  http::async_write(stream_, continue_, Then(&BeastConnection::OnContinueWritten));
}

// Fills request_ from the parser; false when the request was refused.
bool BeastConnection::TakeHead() {
  const auto& head = parser_->get();
  keep_alive_ = head.keep_alive();
  is_head_ = head.method() == http::verb::head;
  request_.method = is_head_ ? "GET" : std::string(head.method_string());
  Result<HttpTarget> target = ParseHttpTarget({head.target().data(), head.target().size()});
  if (!target.ok()) return Refuse(400, target.status().message()), false;
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  for (const auto& field : head) {
    std::string name = ToLower({field.name_string().data(), field.name_string().size()});
    std::string value(field.value());
    auto [entry, added] = request_.headers.emplace(std::move(name), value);
    if (!added) entry->second += ", " + value;
  }
  return true;
}

// Decides where the body goes; false when the request was refused.
bool BeastConnection::PrepareBody() {
  std::string_view expect = request_.Header("expect");
  if (!expect.empty() && ToLower(expect) != "100-continue") {
    return Refuse(417, "cannot meet an expectation of the request"), false;
  }
  policy_ = settings_.handler.BodyPolicy(request_);
  if (policy_.refusal) return RefuseWith(*std::move(policy_.refusal)), false;
  boost::optional<std::uint64_t> length = parser_->content_length();
  if (length && *length > policy_.limit_bytes) {
    return Refuse(413, Concat("the body has ", *length, " bytes; at most ", policy_.limit_bytes,
                              " are allowed")),
           false;
  }
  auto sink = MakeHttpBodySink(policy_, request_.Header("content-type"));
  if (!sink.ok()) return Refuse(400, sink.status().message()), false;
  sink_ = *std::move(sink);
  return true;
}

void BeastConnection::OnContinueWritten(error_code error, std::size_t) {
  if (error) return Close();
  ReadBody();
}

void BeastConnection::ReadBody() {
  chunk_.resize(kChunkBytes);
  parser_->get().body().data = chunk_.data();
  parser_->get().body().size = chunk_.size();
  std::int64_t earned_ms = static_cast<std::int64_t>(body_bytes_) * 1000 /
                           std::max<std::int64_t>(1, options_.body_minimum_bytes_per_second);
  std::int64_t deadline_ms = body_start_ms_ + options_.body_timeout_ms + earned_ms;
  stream_.expires_after(milliseconds(deadline_ms - SystemClock().MonotonicMillis()));
  http::async_read(stream_, buffer_, *parser_, Then(&BeastConnection::OnBody));
}

void BeastConnection::OnBody(error_code error, std::size_t) {
  if (error && error != http::error::need_buffer) return OnReadError(error);
  std::size_t received = chunk_.size() - parser_->get().body().size;
  body_bytes_ += received;
  if (body_bytes_ > policy_.limit_bytes) {
    return Refuse(
        413, Concat("the body has more than the ", policy_.limit_bytes, " bytes that are allowed"));
  }
  Status status = sink_->Append({chunk_.data(), received});
  if (!status.ok()) {
    bool clients_fault = status.code() == StatusCode::kInvalidArgument;
    if (!clients_fault) HttpLog().Error("cannot keep the body of a request: ", status.ToString());
    return Refuse(clients_fault ? 400 : 500, status.message());
  }
  if (parser_->is_done()) return Dispatch();
  ReadBody();
}

void BeastConnection::Dispatch() {
  chunk_ = {};
  Status status = sink_->Finish(request_);
  sink_.reset();
  if (!status.ok()) return Refuse(400, status.message());
  phase_ = Phase::kHandling;
  stream_.expires_never();
  auto deliver = [loop = settings_.loop, connection = weak_from_this()](HttpExchange::Maker make) {
    std::shared_ptr<asio::io_context> alive = loop.lock();
    if (!alive) return;
    asio::post(*alive, [connection, make = std::move(make)] {
      if (auto self = connection.lock()) self->OnAnswer(make);
    });
  };
  try {
    settings_.handler.Handle(std::move(request_),
                             HttpResponder(std::make_shared<HttpExchange>(std::move(deliver))));
  } catch (const std::exception& exception) {
    // A bug of ours must cost one request, not the server; the responder is gone, which answers
    // 500.
    HttpLog().Error("a request handler threw: ", exception.what());
  }
}

void BeastConnection::OnAnswer(const HttpExchange::Maker& make) {
  if (phase_ == Phase::kHandling) Write(MakeAnswer(make));
}

HttpResponse BeastConnection::MakeAnswer(const HttpExchange::Maker& make) {
  if (!make) {
    return settings_.handler.ErrorResponse(500, "the request was dropped without an answer");
  }
  try {
    return make();
  } catch (const std::exception& exception) {
    HttpLog().Error("an answer could not be made: ", exception.what());
    return settings_.handler.ErrorResponse(500, "the answer could not be made");
  }
}

void BeastConnection::Write(HttpResponse answer) {
  phase_ = Phase::kWriting;
  keep_alive_ = keep_alive_ && !draining_ && !refused_;
  response_ = {http::int_to_status(static_cast<unsigned>(answer.status)), 11};
  response_.result(static_cast<unsigned>(answer.status));
  if (!answer.content_type.empty()) {
    response_.set(http::field::content_type, answer.content_type);
  }
  for (const auto& [name, value] : answer.headers) response_.set(name, value);
  response_.keep_alive(keep_alive_);
  std::int64_t size_mib = static_cast<std::int64_t>(answer.body.size() >> 20);
  response_.content_length(answer.body.size());
  response_.body() = std::move(answer.body);
  stream_.expires_after(milliseconds(options_.write_timeout_ms + size_mib * 1000));
  serializer_.emplace(response_);
  if (is_head_) {
    http::async_write_header(stream_, *serializer_, Then(&BeastConnection::OnWritten));
  } else {
    http::async_write(stream_, *serializer_, Then(&BeastConnection::OnWritten));
  }
}

void BeastConnection::OnWritten(error_code error, std::size_t) {
  serializer_.reset();
  response_ = {};
  if (error) return Close();
  if (refused_) return Linger();
  if (!keep_alive_) return Close();
  WaitForRequest();
}

void BeastConnection::Refuse(int status, const std::string& message) {
  RefuseWith(settings_.handler.ErrorResponse(status, message));
}

void BeastConnection::RefuseWith(HttpResponse answer) {
  refused_ = true;
  sink_.reset();  // deletes what had been spooled
  Write(std::move(answer));
}

// A close with unread input makes the kernel send a reset, which can overtake the answer. So the
// answer's direction is closed first, and what the client still sends is read and dropped for a
// bounded while.
void BeastConnection::Linger() {
  phase_ = Phase::kLingering;
  if (draining_) return Close();
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  chunk_.resize(kChunkBytes);
  stream_.expires_after(milliseconds(options_.linger_timeout_ms));
  stream_.async_read_some(asio::buffer(chunk_), Then(&BeastConnection::OnLingered));
}

void BeastConnection::OnLingered(error_code error, std::size_t bytes) {
  lingered_bytes_ += bytes;
  if (error || lingered_bytes_ > options_.linger_bytes) return Close();
  stream_.async_read_some(asio::buffer(chunk_), Then(&BeastConnection::OnLingered));
}

void BeastConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  auto self = shared_from_this();
  sink_.reset();
  stream_.close();
  settings_.on_closed(this);
}

}  // namespace

std::shared_ptr<HttpConnection> MakeHttpConnection(int socket, bool ipv6,
                                                   HttpConnection::Settings settings) {
  auto loop = settings.loop.lock();
  asio::ip::tcp::socket stream(*loop, ipv6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket);
  return std::make_shared<BeastConnection>(std::move(stream), std::move(settings));
}

}  // namespace weir
