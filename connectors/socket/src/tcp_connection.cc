#include "connectors/socket/src/tcp_connection.h"

#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::socket {
namespace {

constexpr std::int64_t kConnectTimeoutMs = 10'000;
constexpr std::int64_t kForever = -1;

enum class Waited { kReady, kStopped, kTimedOut };

std::string Reason(int error) {
  return std::generic_category().message(error);
}

// For `events` on the socket (a descriptor below 0: for nothing but the signal).
Waited WaitFor(int descriptor, short events, int stop, std::int64_t timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    int left_ms = -1;
    if (timeout_ms != kForever) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      left_ms = left.count() > 0 ? static_cast<int>(left.count()) : 0;
    }
    pollfd waits[2] = {{stop, POLLIN, 0}, {descriptor, events, 0}};
    const int count = ::poll(waits, 2, left_ms);
    if (count < 0 && errno == EINTR) continue;
    if (waits[0].revents != 0) return Waited::kStopped;
    if (waits[1].revents != 0 || count < 0) return Waited::kReady;  // the call that follows says
    if (left_ms == 0) return Waited::kTimedOut;
  }
}

Status Stopped() {
  return Status(StatusCode::kCanceled, "the reader was closed");
}

struct AddressListDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

Result<AddressList> Resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) {
    return Status::Unavailable(error == EAI_SYSTEM ? Reason(errno) : ::gai_strerror(error));
  }
  return AddressList(list);
}

Result<Descriptor> ConnectTo(const addrinfo& address, const StopSignal& stop) {
  Descriptor socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                             address.ai_protocol));
  if (!socket.valid()) return Status::Unavailable(Reason(errno));
  // A peer that vanished without a word is noticed in the end.
  const int on = 1;
  ::setsockopt(socket.number(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  if (::connect(socket.number(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return Status::Unavailable(Reason(errno));
    switch (WaitFor(socket.number(), POLLOUT, stop.descriptor(), kConnectTimeoutMs)) {
      case Waited::kStopped:
        return Stopped();
      case Waited::kTimedOut:
        return Status::Unavailable(Reason(ETIMEDOUT));
      case Waited::kReady:
        break;
    }
    int error = 0;
    socklen_t length = sizeof(error);
    if (::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error != 0) return Status::Unavailable(Reason(error));
  }
  return socket;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (valid()) ::close(number_);
}

Result<StopSignal> StopSignal::Create() {
  Descriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return Status::IoError("eventfd: " + Reason(errno));
  return StopSignal(std::move(event));
}

void StopSignal::Raise() {
  ::eventfd_write(event_.number(), 1);
}

bool StopSignal::WaitFor(std::int64_t timeout_ms) const {
  return socket::WaitFor(-1, 0, event_.number(), timeout_ms) == Waited::kStopped;
}

Result<TcpConnection> TcpConnection::Connect(const std::string& host, std::uint16_t port,
                                             const StopSignal& stop) {
  const std::string context = "cannot connect to " + host + ":" + std::to_string(port);
  Result<AddressList> addresses = Resolve(host, port);
  if (!addresses.ok()) return addresses.status().WithContext(context);
  Status failure = Status::Unavailable("the name has no address");
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    Result<Descriptor> socket = ConnectTo(*address, stop);
    if (socket.ok()) return TcpConnection(*std::move(socket));
    failure = socket.status();
    if (failure.code() == StatusCode::kCanceled) break;
  }
  return failure.WithContext(context);
}

Result<std::size_t> TcpConnection::Read(std::span<char> bytes, const StopSignal& stop) {
  for (;;) {
    if (WaitFor(socket_.number(), POLLIN, stop.descriptor(), kForever) == Waited::kStopped) {
      return Stopped();
    }
    const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EAGAIN && errno != EINTR) return Status::Unavailable(Reason(errno));
  }
}

}  // namespace weir::socket
