// A TCP connection to read from, and the signal that ends every wait on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <weir/status.h>

namespace weir::socket {

// Owns a descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// Once raised it stays so. Raise() from any thread.
class StopSignal {
 public:
  static Result<StopSignal> Create();
  void Raise();
  // Until it is raised: true, or the time has passed: false.
  bool WaitFor(std::int64_t timeout_ms) const;
  int descriptor() const { return event_.number(); }

 private:
  explicit StopSignal(Descriptor event) : event_(std::move(event)) {}
  Descriptor event_;
};

class TcpConnection {
 public:
  // Resolves the name (which may take as long as the system's resolver does) and tries its
  // addresses in turn. Unavailable, with host, port and the system's reason; Canceled after `stop`.
  static Result<TcpConnection> Connect(const std::string& host, std::uint16_t port,
                                       const StopSignal& stop);

  // Waits for bytes. 0: the peer has closed the connection in order. Unavailable when it broke,
  // Canceled after `stop`.
  Result<std::size_t> Read(std::span<char> bytes, const StopSignal& stop);

 private:
  explicit TcpConnection(Descriptor socket) : socket_(std::move(socket)) {}
  Descriptor socket_;
};

}  // namespace weir::socket
