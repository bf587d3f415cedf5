#include "tests/cluster/raw_connection.h"

#include <cerrno>
#include <cstring>
#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/system_error.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace weir::cluster_test {

Result<std::string> SendRaw(const SocketAddress& address, std::string_view bytes,
                            std::chrono::milliseconds timeout) {
  const UniqueFd connection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(address.port);
  if (::inet_pton(AF_INET, address.host.c_str(), &name.sin_addr) != 1) {
    return Status::InvalidArgument(address.host + " is no IPv4 address");
  }
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return SystemError("connect to " + address.ToString(), errno);
  }
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string answer;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waiting{connection.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0)
      return answer;
    char buffer[4096];
    const ssize_t received = ::recv(connection.get(), buffer, sizeof buffer, 0);
    if (received <= 0) return answer;
    answer.append(buffer, static_cast<std::size_t>(received));
  }
}

Status CheckPortIsFree(const SocketAddress& address) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(address.port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
      ::listen(listener.get(), 1) == 0) {
    return Status::Ok();
  }
  return Status::Internal(Concat("port ", address.port, " stays taken: ", std::strerror(errno)));
}

std::string RandomBytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace weir::cluster_test
