#include "tests/kafka/port_reservation.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::test {

Result<PortReservation> PortReservation::Make() {
  PortReservation reservation;
  reservation.socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (reservation.socket_ < 0 ||
      setsockopt(reservation.socket_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
      bind(reservation.socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(reservation.socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return Status::IoError(std::string("cannot reserve a port: ") + std::strerror(errno));
  }
  reservation.port_ = ntohs(address.sin_port);
  return reservation;
}

PortReservation::~PortReservation() {
  if (socket_ >= 0) close(socket_);
}

PortReservation::PortReservation(PortReservation&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), port_(std::exchange(other.port_, 0)) {}

PortReservation& PortReservation::operator=(PortReservation&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(port_, other.port_);
  return *this;
}

}  // namespace weir::test
