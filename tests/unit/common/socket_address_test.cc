#include "common/socket_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(SocketAddressTest, ReadsWhatItWrites) {
  for (const SocketAddress& address :
       {SocketAddress{"localhost", 8081}, SocketAddress{"10.0.0.1", 0}, SocketAddress{"::1", 65535},
        SocketAddress{"node-1.example.org", 6123}}) {
    const Result<SocketAddress> read = ParseSocketAddress(address.ToString());
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(*read, address);
  }
  EXPECT_EQ((SocketAddress{"::1", 80}).ToString(), "[::1]:80");
}

TEST(SocketAddressTest, RefusesEverythingElseAndSaysWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "there is no port"},          {"localhost", "there is no port"},
      {"localhost:", "the port is not"}, {":80", "there is no host"},
      {"host:65536", "the port is not"}, {"host:-1", "the port is not"},
      {"host:80x", "the port is not"},   {"::1:80", "stands in brackets"},
      {"[host]:80", "no IPv6 address"},  {"[::1:80", "stands in brackets"},
      {"ho st:80", "no host has"},       {"http://host:80", "stands in brackets"},
  };
  for (const auto& [text, reason] : cases) {
    const Result<SocketAddress> read = ParseSocketAddress(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.status().message(), testing::HasSubstr(reason)) << text;
    EXPECT_THAT(read.status().message(), testing::HasSubstr(std::string("'") + text + "'"));
  }
}

TEST(IsLoopbackHostTest, TellsThisMachineFromOthers) {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host :
       {"", "0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "128.0.0.1", "127.1"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

}  // namespace
}  // namespace weir
