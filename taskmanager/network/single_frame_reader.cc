#include "taskmanager/network/single_frame_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/socket.h>

#include "common/system_error.h"
#include "common/text.h"

namespace weir::network {

SingleFrameReader::SingleFrameReader(std::string peer, FrameType expected, FrameType other)
    : peer_(std::move(peer)), expected_(expected), other_(other), decoder_(peer_, 0, *this) {}

Result<bool> SingleFrameReader::Read(int socket) {
  std::array<std::byte, 1024> chunk;
  while (!complete_) {
    const std::size_t most = std::min(chunk.size(), decoder_.missing());
    const ssize_t got = ::recv(socket, chunk.data(), most, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      if (errno == EINTR) continue;
      return SystemError(peer_, errno);
    }
    if (got == 0) {
      return Status::Unavailable(
          Concat(peer_, ": closed the connection before the ", ToString(expected_)));
    }
    WEIR_RETURN_IF_ERROR(decoder_.Feed(std::span(chunk).first(static_cast<std::size_t>(got))));
  }
  return true;
}

Bytes SingleFrameReader::TakePayloadMemory(std::size_t length) {
  return Bytes(length);
}

Status SingleFrameReader::OnFrame(const FrameHeader& header, Bytes& payload) {
  if (header.type != expected_ && header.type != other_) {
    return Status::Corruption(
        Concat("a ", ToString(header.type), " frame in place of the ", ToString(expected_)));
  }
  header_ = header;
  payload_ = std::move(payload);
  complete_ = true;
  return Status();
}

}  // namespace weir::network
