// Two processes that exchange records over loopback TCP, by hand.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "benchmarks/workloads/digest.h"

namespace benchmarks {

inline constexpr std::size_t kBufferBytes = 32 * 1024;

// Ends the process with what the system says when `good` does not hold.
inline void Check(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

struct Connection {
  int connecting = -1;
  int accepted = -1;
};

inline Connection MakeConnection() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  Check(::bind(listener, generic, length) == 0 && ::listen(listener, 1) == 0, "listen");
  Check(::getsockname(listener, generic, &length) == 0, "getsockname");
  Connection connection;
  connection.connecting = ::socket(AF_INET, SOCK_STREAM, 0);
  Check(::connect(connection.connecting, generic, length) == 0, "connect");
  connection.accepted = ::accept(listener, nullptr, nullptr);
  Check(connection.accepted >= 0, "accept");
  const int on = 1;
  ::setsockopt(connection.connecting, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::close(listener);
  return connection;
}

// The half of the key space that is the process's own: the highest bit of the key's hash, as where
// Weir's key groups are divided among two subtasks.
inline std::uint64_t OwnerOf(std::int64_t key) {
  return Mix(static_cast<std::uint64_t>(key)) >> 63;
}

// Records with a length of four bytes each, sent in buffers of 32 KiB.
template <class Codec>
class RecordSender {
 public:
  explicit RecordSender(int socket) : socket_(socket), buffer_(kBufferBytes + Codec::kMostBytes) {}

  void Send(const typename Codec::Record& record) {
    char* const end = Codec::Encode(record, out_ + 4);
    const auto size = static_cast<std::uint32_t>(end - out_ - 4);
    std::memcpy(out_, &size, sizeof(size));
    out_ = end;
    if (out_ - buffer_.data() >= static_cast<std::ptrdiff_t>(kBufferBytes)) Flush();
  }
  void Flush() {
    const char* bytes = buffer_.data();
    while (bytes < out_) {
      const ssize_t sent =
          ::send(socket_, bytes, static_cast<std::size_t>(out_ - bytes), MSG_NOSIGNAL);
      Check(sent > 0, "send");
      bytes += sent;
    }
    out_ = buffer_.data();
  }
  // No more will come.
  void Finish() {
    Flush();
    ::shutdown(socket_, SHUT_WR);
  }

 private:
  const int socket_;
  std::vector<char> buffer_;
  char* out_ = buffer_.data();
};

// Hands each record that comes over the socket to `take(record)` until the sender has finished.
template <class Codec, class Take>
void ReceiveAll(int socket, Take&& take) {
  typename Codec::Record record{};
  std::vector<char> buffer(2 * kBufferBytes);
  std::size_t filled = 0;
  for (;;) {
    const ssize_t count = ::recv(socket, buffer.data() + filled, buffer.size() - filled, 0);
    Check(count >= 0, "recv");
    if (count == 0) return;
    filled += static_cast<std::size_t>(count);
    std::size_t at = 0;
    while (filled - at >= 4) {
      std::uint32_t size = 0;
      std::memcpy(&size, buffer.data() + at, sizeof(size));
      if (filled - at - 4 < size) break;
      Codec::Decode(buffer.data() + at + 4, record);
      take(record);
      at += 4 + size;
    }
    std::memmove(buffer.data(), buffer.data() + at, filled - at);
    filled -= at;
  }
}

// Runs `process(self, output, input, result)` in two processes, each connected to the other in both
// directions. Result: trivially copyable, all zero when new.
template <class Result, class Process>
std::array<Result, 2> RunTwoProcesses(Process&& process) {
  const Connection there = MakeConnection();
  const Connection back = MakeConnection();
  auto* shared = static_cast<Result*>(::mmap(nullptr, 2 * sizeof(Result), PROT_READ | PROT_WRITE,
                                             MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  Check(shared != MAP_FAILED, "mmap");
  pid_t children[2] = {};
  for (std::uint64_t self = 0; self < 2; ++self) {
    children[self] = ::fork();
    Check(children[self] >= 0, "fork");
    if (children[self] != 0) continue;
    process(self, self == 0 ? there.connecting : back.connecting,
            self == 0 ? back.accepted : there.accepted, shared[self]);
    ::_exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    Check(::waitpid(child, &status, 0) > 0 && status == 0, "a process");
  }
  return {shared[0], shared[1]};
}

}  // namespace benchmarks
