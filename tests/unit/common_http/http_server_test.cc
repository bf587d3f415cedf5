#include "common/http_server.h"

#include <filesystem>
#include <future>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/process_statistics.h"
#include "tests/unit/common_http/http_server_fixture.h"

namespace weir {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class HttpServerTest : public testing::Test {
 protected:
  void StartServer() {
    server_ = std::make_unique<HttpServer>(options_, handler_);
    Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status.ToString();
    ASSERT_GT(server_->port(), 0);
  }

  HttpClient Client() {
    return HttpClient({"127.0.0.1", static_cast<std::uint16_t>(server_->port())});
  }

  // Sends `request` on a connection of its own and reads until the server closes.
  std::string Exchange(std::string_view request) {
    RawConnection connection(server_->port());
    connection.Send(request);
    std::string answer = connection.ReadToEnd();
    EXPECT_FALSE(connection.timed_out()) << "the server did not close";
    return answer;
  }

  // The server still works.
  void ExpectAlive() {
    Result<HttpAnswer> answer = Client().Get("/alive");
    ASSERT_TRUE(answer.ok()) << answer.status().ToString();
    EXPECT_EQ(answer->status, 200);
  }

  HttpServerOptions options_;
  ScriptedHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersEveryMethodWithBody) {
  StartServer();
  HttpClient client = Client();
  EXPECT_EQ(client.Get("/a%20b?x=y")->body, "GET /a b ");
  EXPECT_EQ(client.Post("/a", "{\"b\":1}")->body, "POST /a {\"b\":1}");
  EXPECT_EQ(client.Post("/a", "")->body, "POST /a ");
  EXPECT_EQ(client.Patch("/a")->body, "PATCH /a ");
  EXPECT_EQ(client.Delete("/a")->body, "DELETE /a ");
}

TEST_F(HttpServerTest, HandsOverQueryAndHeaders) {
  std::promise<HttpRequest> seen;
  handler_.handle = [&](HttpRequest request, HttpResponder responder) {
    seen.set_value(std::move(request));
    responder.Respond({.status = 204, .headers = {{"X-Weir", "yes"}}});
  };
  StartServer();
  std::string answer = Exchange(
      "GET /p?mode=cancel&a=%2F HTTP/1.1\r\nHost: h\r\nX-Twice: 1\r\nx-twice: 2\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Weir: yes\r\n"));
  HttpRequest request = seen.get_future().get();
  EXPECT_EQ(request.query["mode"], "cancel");
  EXPECT_EQ(request.query["a"], "/");
  EXPECT_EQ(request.Header("host"), "h");
  EXPECT_EQ(request.Header("x-twice"), "1, 2");
  EXPECT_EQ(request.Header("missing"), "");
}

TEST_F(HttpServerTest, KeepsConnectionsAliveAndTakesPipelinedRequests) {
  StartServer();
  RawConnection connection(server_->port());
  connection.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(connection.ReadUntil("GET /1 "), HasSubstr("200 OK"));
  EXPECT_THAT(connection.ReadUntil("GET /2 "), HasSubstr("200 OK"));
  connection.Send("GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(connection.ReadToEnd(), EndsWith("GET /3 "));
}

TEST_F(HttpServerTest, AnswersHeadWithoutBody) {
  StartServer();
  std::string answer = Exchange("HEAD /abc HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, TakesAnswersFromOtherThreadsMuchLater) {
  std::promise<HttpResponder> arrived;
  handler_.handle = [&](HttpRequest, HttpResponder responder) { arrived.set_value(responder); };
  StartServer();
  std::thread answering(
      [&] { arrived.get_future().get().RespondWith([] { return HttpResponse{.body = "late"}; }); });
  EXPECT_EQ(Client().Get("/")->body, "late");
  answering.join();
}

TEST_F(HttpServerTest, AnswersOnceForAllCopiesOfAResponder) {
  handler_.handle = [](HttpRequest, HttpResponder responder) {
    HttpResponder copy = responder;
    copy.Respond({.body = "first"});
    responder.Respond({.body = "second"});
  };
  StartServer();
  EXPECT_EQ(Client().Get("/")->body, "first");
}

TEST_F(HttpServerTest, AnswersADroppedRequestWith500) {
  handler_.handle = [](HttpRequest, HttpResponder) {};
  StartServer();
  Result<HttpAnswer> answer = Client().Get("/");
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 500);
}

TEST_F(HttpServerTest, SurvivesHandlersAndMakersThatThrow) {
  handler_.handle = [](HttpRequest request, HttpResponder responder) {
    if (request.path == "/now") throw std::runtime_error("a bug");
    responder.RespondWith([]() -> HttpResponse { throw std::runtime_error("another"); });
  };
  StartServer();
  EXPECT_EQ(Client().Get("/now")->status, 500);
  EXPECT_EQ(Client().Get("/later")->status, 500);
}

TEST_F(HttpServerTest, AnswersGarbageWith400AndCloses) {
  StartServer();
  for (std::string_view garbage :
       {std::string_view("hello\r\n\r\n"),
        std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
        std::string_view("GET / HTTP/9.9\r\n\r\n"), std::string_view("GET /% HTTP/1.1\r\n\r\n"),
        std::string_view("GET nowhere HTTP/1.1\r\n\r\n"),
        std::string_view("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string_view(
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
        std::string_view("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string_view("POST /upload HTTP/1.1\r\nContent-Length: 2\r\n\r\nab")}) {
    handler_.policy = {.kind = HttpBodyPolicy::Kind::kMultipart};
    EXPECT_THAT(Exchange(garbage), StartsWith("HTTP/1.1 400 ")) << garbage;
  }
  ExpectAlive();
}

TEST_F(HttpServerTest, SurvivesRandomBytes) {
  options_.header_timeout_ms = 200;
  StartServer();
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = round % 3 == 0 ? "POST /upload HTTP/1.1\r\n" : "";
    for (int n = static_cast<int>(random() % 2000); n > 0; --n) {
      bytes.push_back(static_cast<char>(round % 2 == 0 ? random() : "\r\n: /01aA"[random() % 9]));
    }
    RawConnection connection(server_->port());
    connection.Send(bytes);
    connection.ShutdownSend();
    connection.ReadToEnd();
    ASSERT_FALSE(connection.timed_out());
  }
  ExpectAlive();
}

TEST_F(HttpServerTest, BoundsTheHead) {
  StartServer();
  std::string request = "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
  EXPECT_THAT(Exchange(request), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, RefusesExpectationsItCannotMeet) {
  StartServer();
  EXPECT_THAT(Exchange("POST / HTTP/1.1\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n"),
              StartsWith("HTTP/1.1 417 "));
}

TEST_F(HttpServerTest, ClosesSlowHeads) {
  options_.header_timeout_ms = 100;
  StartServer();
  RawConnection connection(server_->port());
  connection.Send("GET / HTTP/1.1\r\nHos");
  EXPECT_EQ(connection.ReadToEnd(), "");
  EXPECT_FALSE(connection.timed_out());
}

TEST_F(HttpServerTest, ClosesIdleConnections) {
  options_.idle_timeout_ms = 100;
  StartServer();
  RawConnection connection(server_->port());
  EXPECT_EQ(connection.ReadToEnd(), "");
  EXPECT_FALSE(connection.timed_out());
}

TEST_F(HttpServerTest, ClosesBodiesThatTrickle) {
  options_.body_timeout_ms = 100;
  StartServer();
  RawConnection connection(server_->port());
  connection.Send("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nabc");
  EXPECT_EQ(connection.ReadToEnd(), "");
  EXPECT_FALSE(connection.timed_out());
}

TEST_F(HttpServerTest, RefusesConnectionsAboveTheLimit) {
  options_.max_connections = 2;
  StartServer();
  std::optional<RawConnection> first(server_->port());
  RawConnection second(server_->port());
  for (RawConnection* connection : {&*first, &second}) {
    connection->Send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    connection->ReadUntil("GET /x ");
  }
  EXPECT_EQ(server_->connections(), 2);
  RawConnection third(server_->port());
  EXPECT_THAT(third.ReadToEnd(), StartsWith("HTTP/1.1 503 "));
  first.reset();
  // The server hears of the closed connection in its own time.
  bool room = false;
  for (int attempt = 0; attempt < 1000 && !room; ++attempt) {
    room = Client().Get("/")->status == 200;
  }
  EXPECT_TRUE(room);
}

TEST_F(HttpServerTest, SaysWhichAddressItCannotBind) {
  StartServer();
  HttpServer second({.port = server_->port()}, handler_);
  Status status = second.Start();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("127.0.0.1:" + std::to_string(server_->port())));
  second.Stop();
}

TEST_F(HttpServerTest, StopWaitsForAnswersOnTheirWay) {
  std::promise<HttpResponder> arrived;
  handler_.handle = [&](HttpRequest, HttpResponder responder) { arrived.set_value(responder); };
  StartServer();
  RawConnection idle(server_->port());
  RawConnection busy(server_->port());
  busy.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  HttpResponder responder = arrived.get_future().get();
  std::thread stopping([&] { server_->Stop(); });
  EXPECT_EQ(idle.ReadToEnd(), "");  // closed by the stop
  responder.Respond({.body = "done"});
  EXPECT_THAT(busy.ReadToEnd(), EndsWith("done"));
  stopping.join();
}

TEST_F(HttpServerTest, StopGivesUpOnAnswersThatNeverCome) {
  options_.stop_timeout_ms = 50;
  std::promise<HttpResponder> arrived;
  handler_.handle = [&](HttpRequest, HttpResponder responder) { arrived.set_value(responder); };
  StartServer();
  RawConnection busy(server_->port());
  busy.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  HttpResponder responder = arrived.get_future().get();
  server_->Stop();
  EXPECT_EQ(busy.ReadToEnd(), "");
  responder.Respond({.body = "nobody hears this"});
  server_.reset();
  responder = HttpResponder(responder);
}

TEST_F(HttpServerTest, ServesManyClientsAtOnce) {
  StartServer();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      HttpClient client = Client();
      for (int i = 0; i < 50; ++i) {
        std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
        auto answer = client.Post(path, "body");
        if (answer.ok() && answer->body == "POST " + path + " body") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good.load(), 400);
}

}  // namespace
}  // namespace weir
