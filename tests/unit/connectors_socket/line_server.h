// A TCP server on a loopback port from the kernel, for one connection at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::socket {

class LineServer {
 public:
  LineServer();  // listens
  ~LineServer();
  LineServer(const LineServer&) = delete;
  LineServer& operator=(const LineServer&) = delete;

  std::uint16_t port() const { return port_; }
  // Waits for the next connection; an earlier one must have been closed.
  void Accept();
  void Send(std::string_view bytes);
  // Sends until the peer has taken none for `patience_ms`; returns how much it took.
  std::size_t SendUntilBlocked(std::string_view bytes, int patience_ms);
  void Close();
  // Breaks the connection: the peer sees a reset.
  void Reset();
  // Later connections are refused.
  void StopListening();

 private:
  int listener_ = -1;
  int connection_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace weir::socket
