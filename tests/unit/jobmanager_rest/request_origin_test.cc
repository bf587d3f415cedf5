#include "jobmanager/rest/request_origin.h"

#include <string>

#include <gtest/gtest.h>

namespace weir::rest {
namespace {

bool Allowed(const std::string& method, const std::string& host, const std::string& origin,
             bool loopback = true) {
  HttpRequest request;
  request.method = method;
  if (!host.empty()) request.headers["host"] = host;
  if (!origin.empty()) request.headers["origin"] = origin;
  return CheckRequestOrigin(request, loopback).ok();
}

TEST(CheckRequestOriginTest, LetsProgramsAndTheOwnPagesThrough) {
  EXPECT_TRUE(Allowed("POST", "127.0.0.1:8081", ""));
  EXPECT_TRUE(Allowed("POST", "", ""));
  EXPECT_TRUE(Allowed("POST", "localhost:8081", "http://localhost:8081"));
  EXPECT_TRUE(Allowed("POST", "[::1]:8081", "http://[::1]:8081"));
  EXPECT_TRUE(Allowed("DELETE", "LOCALHOST", "http://localhost"));
  EXPECT_TRUE(Allowed("POST", "weir.example:8081", "https://weir.example:8081", false));
}

TEST(CheckRequestOriginTest, RefusesChangesThatForeignPagesSend) {
  for (const char* method : {"POST", "PATCH", "DELETE", "PUT"}) {
    EXPECT_FALSE(Allowed(method, "127.0.0.1:8081", "http://evil.example"));
    EXPECT_FALSE(Allowed(method, "127.0.0.1:8081", "http://127.0.0.1:9999"));
    EXPECT_FALSE(Allowed(method, "127.0.0.1:8081", "null"));
    EXPECT_FALSE(Allowed(method, "", "http://evil.example"));
    EXPECT_FALSE(Allowed(method, "weir.example", "http://evil.example", false));
  }
  EXPECT_TRUE(Allowed("GET", "127.0.0.1:8081", "http://evil.example"))
      << "the browser does not show it the answer";
}

TEST(CheckRequestOriginTest, RefusesForeignNamesOnALoopbackServer) {
  EXPECT_FALSE(Allowed("GET", "evil.example:8081", ""));
  EXPECT_FALSE(Allowed("POST", "evil.example:8081", "http://evil.example:8081"));
  EXPECT_TRUE(Allowed("GET", "evil.example:8081", "", false));
}

}  // namespace
}  // namespace weir::rest
