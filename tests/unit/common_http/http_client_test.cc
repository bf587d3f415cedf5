#include "common/http_client.h"

#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/unique_fd.h"
#include "tests/unit/common_http/http_server_fixture.h"

namespace weir {
namespace {

using testing::HasSubstr;

// Listens, takes one connection, sends `answer` whatever is asked, and closes it (or holds it until
// the end).
class FakeServer {
 public:
  explicit FakeServer(std::string answer, bool hold = false)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    address_ = {"127.0.0.1", ntohs(address.sin_port)};
    thread_ = std::thread([this, answer = std::move(answer), hold] {
      UniqueFd connection(::accept(listener_.get(), nullptr, nullptr));
      char buffer[4096];
      // The whole request is read first: a close with unread input would be a reset.
      std::string request;
      while (request.find("\r\n\r\n") == std::string::npos) {
        ssize_t got = ::recv(connection.get(), buffer, sizeof buffer, 0);
        if (got <= 0) return;
        request.append(buffer, static_cast<std::size_t>(got));
      }
      ::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      if (hold) ::recv(connection.get(), buffer, sizeof buffer, 0);  // until the client gives up
    });
  }
  ~FakeServer() { thread_.join(); }

  const SocketAddress& address() const { return address_; }

 private:
  UniqueFd listener_;
  SocketAddress address_;
  std::thread thread_;
};

TEST(HttpClientTest, NamesHostAndPortWhenNobodyListens) {
  std::uint16_t port = 0;
  {
    ScriptedHandler handler;
    HttpServer server({}, handler);
    ASSERT_TRUE(server.Start().ok());
    port = static_cast<std::uint16_t>(server.port());
  }
  Result<HttpAnswer> answer = HttpClient({"127.0.0.1", port}).Get("/");
  EXPECT_EQ(answer.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(answer.status().message(),
            "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST(HttpClientTest, NamesAHostThatDoesNotResolve) {
  Result<HttpAnswer> answer = HttpClient({"no-such-host.invalid", 80}).Get("/");
  EXPECT_EQ(answer.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(answer.status().message(), HasSubstr("no-such-host.invalid:80"));
}

TEST(HttpClientTest, ReadsStatusHeadersAndBody) {
  FakeServer server("HTTP/1.1 404 Not Found\r\nX-One: two\r\nContent-Length: 3\r\n\r\nabc");
  Result<HttpAnswer> answer = HttpClient(server.address()).Get("/");
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->headers["x-one"], "two");
  EXPECT_EQ(answer->body, "abc");
}

TEST(HttpClientTest, ReadsABodyWithoutLengthToTheEnd) {
  FakeServer server("HTTP/1.1 200 OK\r\n\r\nabc");
  EXPECT_EQ(HttpClient(server.address()).Get("/")->body, "abc");
}

TEST(HttpClientTest, SaysThatAnAnswerIsNotHttp) {
  FakeServer server("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  Result<HttpAnswer> answer = HttpClient(server.address()).Get("/");
  EXPECT_EQ(answer.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(answer.status().message(), HasSubstr(server.address().ToString()));
}

TEST(HttpClientTest, SaysThatAnAnswerBrokeOff) {
  FakeServer server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  Result<HttpAnswer> answer = HttpClient(server.address()).Get("/");
  EXPECT_EQ(answer.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(answer.status().message(), HasSubstr("broke off"));
}

TEST(HttpClientTest, GivesUpOnAServerThatDoesNotAnswer) {
  FakeServer server("", /*hold=*/true);
  Result<HttpAnswer> answer = HttpClient(server.address(), {.answer_timeout_ms = 50}).Get("/");
  EXPECT_EQ(answer.status().code(), StatusCode::kTimedOut);
}

TEST(HttpClientTest, BoundsTheAnswer) {
  FakeServer server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
  Result<HttpAnswer> answer = HttpClient(server.address(), {.answer_limit_bytes = 5}).Get("/");
  EXPECT_FALSE(answer.ok());
}

}  // namespace
}  // namespace weir
