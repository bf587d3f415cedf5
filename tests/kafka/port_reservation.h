// A loopback port that the kernel chose and gives to nobody else, for a server that cannot bind
// port 0.
#pragma once

#include <cstdint>

#include <weir/status.h>

namespace weir::test {

// Holds a socket that is bound, with SO_REUSEADDR, but never listens. While it exists the kernel
// hands its port to no other socket that asks for any port (inet_csk_find_open_port and
// __inet_hash_connect pass over it), yet a server that binds it by number with SO_REUSEADDR, as
// Java's server sockets do, succeeds: Linux sees a conflict only with a socket that listens. So a
// killed server gets its port back.
class PortReservation {
 public:
  static Result<PortReservation> Make();
  PortReservation() = default;
  ~PortReservation();
  PortReservation(PortReservation&& other) noexcept;
  PortReservation& operator=(PortReservation&& other) noexcept;

  std::uint16_t port() const { return port_; }

 private:
  int socket_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace weir::test
