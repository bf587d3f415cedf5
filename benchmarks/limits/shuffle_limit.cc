// keyBy from two producers to two consumers in two processes, by hand: each process makes half of
// the records, keeps those whose key is its own and sends the others over loopback TCP in buffers
// of 32 KiB; a second thread takes what the other process sends.
//   --record long|bid --records N
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "benchmarks/limits/shuffle_codec.h"
#include "benchmarks/limits/stopwatch.h"

namespace benchmarks {
namespace {

constexpr std::size_t kBufferBytes = 32 * 1024;

void Check(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

struct Connection {
  int connecting = -1;
  int accepted = -1;
};

Connection MakeConnection() {
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
std::uint64_t Owner(std::int64_t key) {
  return Mix(static_cast<std::uint64_t>(key)) >> 63;
}

void SendAll(int socket, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, bytes, size, MSG_NOSIGNAL);
    Check(sent > 0, "send");
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

template <class Codec>
Digest Produce(std::uint64_t self, std::int64_t records, int socket) {
  Digest own;
  typename Codec::Record record{};
  std::vector<char> buffer(kBufferBytes + Codec::kMostBytes);
  char* out = buffer.data();
  for (std::int64_t i = static_cast<std::int64_t>(self); i < records; i += 2) {
    Codec::Fill(i, record);
    MakeComplete(record);
    if (Owner(Codec::Key(record)) == self) {
      own.Add(HashOf(record));
      continue;
    }
    char* const end = Codec::Encode(record, out + 4);
    const auto size = static_cast<std::uint32_t>(end - out - 4);
    std::memcpy(out, &size, sizeof(size));
    out = end;
    if (out - buffer.data() >= static_cast<std::ptrdiff_t>(kBufferBytes)) {
      SendAll(socket, buffer.data(), static_cast<std::size_t>(out - buffer.data()));
      out = buffer.data();
    }
  }
  SendAll(socket, buffer.data(), static_cast<std::size_t>(out - buffer.data()));
  ::shutdown(socket, SHUT_WR);
  return own;
}

template <class Codec>
void Consume(int socket, Digest& digest) {
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
      digest.Add(HashOf(record));
      at += 4 + size;
    }
    std::memmove(buffer.data(), buffer.data() + at, filled - at);
    filled -= at;
  }
}

template <class Codec>
Digest RunProcess(std::uint64_t self, std::int64_t records, int output, int input) {
  Digest received;
  std::thread consumer([&] { Consume<Codec>(input, received); });
  Digest digest = Produce<Codec>(self, records, output);
  consumer.join();
  digest.Add(received);
  return digest;
}

template <class Codec>
Digest Run(std::int64_t records) {
  const Connection there = MakeConnection();
  const Connection back = MakeConnection();
  auto* shared = static_cast<Digest*>(::mmap(nullptr, 2 * sizeof(Digest), PROT_READ | PROT_WRITE,
                                             MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  Check(shared != MAP_FAILED, "mmap");
  pid_t children[2] = {};
  for (std::uint64_t self = 0; self < 2; ++self) {
    children[self] = ::fork();
    Check(children[self] >= 0, "fork");
    if (children[self] != 0) continue;
    shared[self] = self == 0 ? RunProcess<Codec>(0, records, there.connecting, back.accepted)
                             : RunProcess<Codec>(1, records, back.connecting, there.accepted);
    ::_exit(0);
  }
  Digest digest;
  for (int self = 0; self < 2; ++self) {
    int status = 0;
    Check(::waitpid(children[self], &status, 0) > 0 && status == 0, "a process");
    digest.Add(shared[self]);
  }
  return digest;
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  const bool bids = std::strcmp(Argument(argc, argv, "--record"), "bid") == 0;
  const Stopwatch stopwatch;
  stopwatch.Print(bids ? Run<BidCodec>(records) : Run<LongCodec>(records), records);
  return 0;
}
