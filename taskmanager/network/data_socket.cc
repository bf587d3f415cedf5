#include "taskmanager/network/data_socket.h"

#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/socket_address.h"
#include "common/system_error.h"

namespace weir::network {
namespace {

constexpr int kKeepAliveIdleSeconds = 20;
constexpr int kKeepAliveIntervalSeconds = 10;
constexpr int kKeepAliveProbes = 4;
// Also bounds how long written bytes may stay unacknowledged (RFC 5482).
constexpr int kUserTimeoutMillis = 60'000;

Status SetOption(int socket, int level, int option, int value, const char* name) {
  if (::setsockopt(socket, level, option, &value, sizeof value) == 0) return Status();
  return SystemError(name, errno);
}

}  // namespace

Result<UniqueFd> NewTcpSocket(int family) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!socket.valid()) return SystemError("socket", errno);
  return socket;
}

Status TuneDataSocket(int socket) {
  WEIR_RETURN_IF_ERROR(SetOption(socket, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"));
  WEIR_RETURN_IF_ERROR(SetOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE"));
  WEIR_RETURN_IF_ERROR(
      SetOption(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds, "TCP_KEEPIDLE"));
  WEIR_RETURN_IF_ERROR(
      SetOption(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds, "TCP_KEEPINTVL"));
  WEIR_RETURN_IF_ERROR(
      SetOption(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes, "TCP_KEEPCNT"));
  return SetOption(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMillis, "TCP_USER_TIMEOUT");
}

std::string AddressText(const RawAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  SocketAddress readable;
  if (address.family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
    readable = {::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text), ntohs(v4.sin_port)};
  } else if (address.family() == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    readable = {::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text), ntohs(v6.sin6_port)};
  } else {
    return "(unknown address)";
  }
  return readable.ToString();
}

std::string PeerAddressText(int socket) {
  RawAddress address;
  address.size = sizeof address.storage;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) {
    return "(unknown address)";
  }
  return AddressText(address);
}

}  // namespace weir::network
