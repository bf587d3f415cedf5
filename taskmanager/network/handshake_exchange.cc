#include "taskmanager/network/handshake_exchange.h"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "common/system_error.h"

namespace weir::network {
namespace {

Status SendFirstFrame(int socket, FrameType type, Bytes payload) {
  const FrameHeader header{.type = type, .length = static_cast<std::uint32_t>(payload.size())};
  const FrameHeaderBytes header_bytes = EncodeFrameHeader(header, payload);
  payload.insert(payload.begin(), header_bytes.begin(), header_bytes.end());
  const ssize_t sent = ::send(socket, payload.data(), payload.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(payload.size())) return Status();
  if (sent < 0) return SystemError("sending a handshake frame", errno);
  return Status::IoError("a handshake frame did not fit the socket's buffer");
}

}  // namespace

Status SendHandshake(int socket, const Handshake& handshake) {
  Bytes payload;
  EncodeHandshake(handshake, payload);
  return SendFirstFrame(socket, FrameType::kHandshake, std::move(payload));
}

Status AnswerHandshake(int socket, const HandshakeAccepted& accepted) {
  Bytes payload;
  EncodeHandshakeAccepted(accepted, payload);
  return SendFirstFrame(socket, FrameType::kHandshakeAccepted, std::move(payload));
}

Status AnswerHandshake(int socket, const Goodbye& refusal) {
  Bytes payload;
  EncodeGoodbye(refusal, payload);
  return SendFirstFrame(socket, FrameType::kGoodbye, std::move(payload));
}

}  // namespace weir::network
