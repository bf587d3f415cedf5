#include "tests/unit/connectors_socket/line_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::socket {

LineServer::LineServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener_, generic, length), 0);
  EXPECT_EQ(::listen(listener_, 1), 0);
  EXPECT_EQ(::getsockname(listener_, generic, &length), 0);
  port_ = ::ntohs(address.sin_port);
}

LineServer::~LineServer() {
  Close();
  StopListening();
}

void LineServer::Accept() {
  pollfd wait{listener_, POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 30'000), 1) << "nobody connected";
  connection_ = ::accept(listener_, nullptr, nullptr);
  ASSERT_GE(connection_, 0);
}

void LineServer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ASSERT_GT(sent, 0);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t LineServer::SendUntilBlocked(std::string_view bytes, int patience_ms) {
  std::size_t total = 0;
  while (total < bytes.size()) {
    pollfd wait{connection_, POLLOUT, 0};
    if (::poll(&wait, 1, patience_ms) != 1) break;
    const ssize_t sent = ::send(connection_, bytes.data() + total, bytes.size() - total,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) break;
    total += static_cast<std::size_t>(sent);
  }
  return total;
}

void LineServer::Close() {
  if (connection_ >= 0) ::close(connection_);
  connection_ = -1;
}

void LineServer::Reset() {
  const linger now{1, 0};
  ::setsockopt(connection_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Close();
}

void LineServer::StopListening() {
  if (listener_ >= 0) ::close(listener_);
  listener_ = -1;
}

}  // namespace weir::socket
