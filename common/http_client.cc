#include "common/http_client.h"

#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/system_error.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace weir {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t kReadChunkBytes = 256 * 1024;
constexpr unsigned kVersion = 11;  // HTTP/1.1

// One connection for one request. Every step starts an asynchronous operation and runs the loop
// until it ends: that is how Beast gives blocking code a time limit.
class Exchange {
 public:
  Exchange(const SocketAddress& server, const HttpClientOptions& options)
      : server_(server), options_(options), resolver_(loop_), stream_(loop_) {}

  Status Connect() {
    tcp::resolver::results_type endpoints;
    error_code error;
    resolver_.async_resolve(server_.host, std::to_string(server_.port),
                            [&](error_code failed, tcp::resolver::results_type found) {
                              error = failed;
                              endpoints = std::move(found);
                            });
    RunLoop();
    if (error) return Failed("cannot resolve the host of", error);
    stream_.expires_after(milliseconds(options_.connect_timeout_ms));
    stream_.async_connect(endpoints,
                          [&](error_code failed, const tcp::endpoint&) { error = failed; });
    RunLoop();
    if (error) return Failed("cannot connect to", error);
    return Status::Ok();
  }

  http::request<http::string_body> NewRequest(std::string_view method, std::string_view target) {
    http::request<http::string_body> request;
    request.version(kVersion);
    request.method_string({method.data(), method.size()});
    request.target({target.data(), target.size()});
    request.set(http::field::host, server_.ToString());
    request.set(http::field::accept, "application/json");
    request.set(http::field::user_agent, "weir");
    request.keep_alive(false);
    return request;
  }

  Status Write(const http::request<http::string_body>& request) {
    error_code error;
    ResetDeadline();
    http::async_write(stream_, request, [&](error_code failed, std::size_t) { error = failed; });
    RunLoop();
    return error ? Failed("lost the connection to", error) : Status::Ok();
  }

  Status WriteRaw(std::string_view bytes) {
    error_code error;
    ResetDeadline();
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                      [&](error_code failed, std::size_t) { error = failed; });
    RunLoop();
    return error ? Failed("lost the connection to", error) : Status::Ok();
  }

  // The head of the next answer; 100 is one too.
  Result<int> ReadHead() {
    parser_.emplace();
    parser_->body_limit(options_.answer_limit_bytes);
    error_code error;
    ResetDeadline();
    http::async_read_header(stream_, buffer_, *parser_,
                            [&](error_code failed, std::size_t) { error = failed; });
    RunLoop();
    if (error) return Failed("no answer from", error);
    return static_cast<int>(parser_->get().result_int());
  }

  // The rest of the answer whose head was read.
  Result<HttpAnswer> ReadAnswer() {
    error_code error;
    ResetDeadline();
    http::async_read(stream_, buffer_, *parser_,
                     [&](error_code failed, std::size_t) { error = failed; });
    RunLoop();
    if (error) return Failed("the answer broke off from", error);
    HttpAnswer answer;
    answer.status = static_cast<int>(parser_->get().result_int());
    for (const auto& field : parser_->get()) {
      std::string name = ToLower({field.name_string().data(), field.name_string().size()});
      answer.headers[std::move(name)] = std::string(field.value());
    }
    answer.body = std::move(parser_->get().body());
    return answer;
  }

 private:
  void RunLoop() {
    loop_.restart();
    loop_.run();
  }

  void ResetDeadline() { stream_.expires_after(milliseconds(options_.answer_timeout_ms)); }

  Status Failed(std::string_view what, error_code error) {
    std::string text = Concat(what, " ", server_.ToString(), ": ");
    if (error == beast::error::timeout) {
      return Status(StatusCode::kTimedOut, text + "time-out", ErrorDomain::kExternal);
    }
    if (error == http::error::end_of_stream || error == http::error::partial_message) {
      return Status::Unavailable(text + "the server closed the connection");
    }
    if (error.category() == make_error_code(http::error::end_of_stream).category()) {
      return Status::Corruption(text + "not an HTTP answer (" + error.message() + ")");
    }
    return Status::Unavailable(text + error.message());
  }

  const SocketAddress& server_;
  const HttpClientOptions& options_;
  asio::io_context loop_;
  tcp::resolver resolver_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
};

// A file opened for reading, with the size it then had.
struct OpenFile {
  UniqueFd descriptor;
  std::uint64_t size_bytes = 0;
};

Result<OpenFile> Open(const std::string& path) {
  OpenFile file;
  file.descriptor = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.descriptor.valid()) return SystemError(Concat("cannot open ", path), errno);
  struct stat status = {};
  if (::fstat(file.descriptor.get(), &status) != 0) {
    return SystemError(Concat("cannot read ", path), errno);
  }
  if (!S_ISREG(status.st_mode)) return Status::InvalidArgument(path + " is not a regular file");
  file.size_bytes = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Status SendFile(Exchange& exchange, const OpenFile& file, const std::string& path) {
  std::vector<char> chunk(kReadChunkBytes);
  std::uint64_t left = file.size_bytes;
  while (left > 0) {
    ssize_t got =
        ::read(file.descriptor.get(), chunk.data(), std::min<std::uint64_t>(left, chunk.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(Concat("cannot read ", path), errno);
    if (got == 0) return Status::IoError(path + " became shorter while it was sent");
    WEIR_RETURN_IF_ERROR(exchange.WriteRaw({chunk.data(), static_cast<std::size_t>(got)}));
    left -= static_cast<std::uint64_t>(got);
  }
  return Status::Ok();
}

// In a quoted string of a header.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(static_cast<unsigned char>(c) < 32 ? '_' : c);
  }
  return quoted + "\"";
}

}  // namespace

HttpClient::HttpClient(SocketAddress server, HttpClientOptions options)
    : server_(std::move(server)), options_(options) {}

Result<HttpAnswer> HttpClient::Get(std::string_view target) {
  return Send("GET", target, "");
}
Result<HttpAnswer> HttpClient::Post(std::string_view target, std::string_view json) {
  return Send("POST", target, json);
}
Result<HttpAnswer> HttpClient::Patch(std::string_view target, std::string_view json) {
  return Send("PATCH", target, json);
}
Result<HttpAnswer> HttpClient::Delete(std::string_view target) {
  return Send("DELETE", target, "");
}

Result<HttpAnswer> HttpClient::Send(std::string_view method, std::string_view target,
                                    std::string_view body) {
  Exchange exchange(server_, options_);
  WEIR_RETURN_IF_ERROR(exchange.Connect());
  auto request = exchange.NewRequest(method, target);
  request.body() = std::string(body);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  if (method == "POST" || method == "PATCH") request.content_length(body.size());
  Status written = exchange.Write(request);
  // A server that refuses early stops reading: its answer says more than the broken connection.
  Result<int> status = exchange.ReadHead();
  if (!status.ok()) return written.ok() ? status.status() : written;
  return exchange.ReadAnswer();
}

Result<HttpAnswer> HttpClient::Upload(std::string_view target, std::string_view field,
                                      const std::string& file_name, const std::string& path) {
  static constexpr std::string_view kBoundary = "weir-5b1f0c9e7d3a4826b0f2d6c8e4a71935";
  WEIR_ASSIGN_OR_RETURN(OpenFile file, Open(path));
  std::string before = Concat(
      "--", kBoundary, "\r\nContent-Disposition: form-data; name=", Quoted(field),
      "; filename=", Quoted(file_name), "\r\nContent-Type: application/octet-stream\r\n\r\n");
  std::string after = Concat("\r\n--", kBoundary, "--\r\n");

  Exchange exchange(server_, options_);
  WEIR_RETURN_IF_ERROR(exchange.Connect());
  auto request = exchange.NewRequest("POST", target);
  request.set(http::field::content_type, Concat("multipart/form-data; boundary=", kBoundary));
  request.set(http::field::expect, "100-continue");
  request.content_length(before.size() + file.size_bytes + after.size());
  WEIR_RETURN_IF_ERROR(exchange.Write(request));
  WEIR_ASSIGN_OR_RETURN(int status, exchange.ReadHead());
  if (status != 100) return exchange.ReadAnswer();

  Status sent = exchange.WriteRaw(before);
  if (sent.ok()) sent = SendFile(exchange, file, path);
  if (sent.ok()) sent = exchange.WriteRaw(after);
  if (sent.code() == StatusCode::kIoError) return sent;  // our disk, not the server
  Result<int> answered = exchange.ReadHead();
  if (!answered.ok()) return sent.ok() ? answered.status() : sent;
  return exchange.ReadAnswer();
}

}  // namespace weir
