#include "taskmanager/network/descriptor_passing.h"

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/logging.h"
#include "common/system_error.h"
#include "common/text.h"

namespace weir::network {
namespace {

const ComponentLogger& Log() {
  static const ComponentLogger log("network");
  return log;
}

// Room for one descriptor, aligned as the kernel wants it.
struct AncillaryData {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

// The descriptor in a received message; invalid when there is none. MSG_CMSG_CLOEXEC was given.
UniqueFd DescriptorOf(msghdr& message) {
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  const bool has_one = header != nullptr && header->cmsg_level == SOL_SOCKET &&
                       header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int));
  if (!has_one) return UniqueFd();
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return UniqueFd(descriptor);
}

}  // namespace

Result<DescriptorPair> MakeDescriptorPair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return SystemError("socketpair", errno);
  }
  return DescriptorPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Status DescriptorSender::Send(int connection, const Handshake& handshake) const {
  Bytes payload;
  EncodeHandshake(handshake, payload);
  iovec piece{payload.data(), payload.size()};
  AncillaryData ancillary;
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.bytes.data();
  message.msg_controllen = ancillary.bytes.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof connection);
  std::memcpy(CMSG_DATA(header), &connection, sizeof connection);
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return Status();
  const bool busy = errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS;
  return Status::Unavailable(
      busy ? "the worker does not take connections"
           : SystemError("passing a connection to the worker", errno).message());
}

ConnectionTarget DescriptorSender::AsTarget(std::shared_ptr<DescriptorSender> sender) {
  return [sender = std::move(sender)](UniqueFd& socket, const Handshake& handshake) {
    WEIR_RETURN_IF_ERROR(sender->Send(socket.get(), handshake));
    socket.Reset();
    return Status();
  };
}

DescriptorReceiver::DescriptorReceiver(UniqueFd socket, OnConnection on_connection,
                                       OnClosed on_closed)
    : socket_(std::move(socket)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      on_connection_(std::move(on_connection)),
      on_closed_(std::move(on_closed)),
      thread_([this] { Run(); }) {}

DescriptorReceiver::~DescriptorReceiver() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
  assert(written == sizeof one);  // the counter of a fresh eventfd has room
  thread_.join();
}

void DescriptorReceiver::Run() {
  while (true) {
    std::array<pollfd, 2> watched{{{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) {
      on_closed_(SystemError("poll", errno));
      return;
    }
    if (watched[1].revents != 0) return;
    if (watched[0].revents != 0 && !ReceiveOne()) return;
  }
}

bool DescriptorReceiver::ReceiveOne() {
  std::vector<std::byte> payload(PayloadLimitsOf(FrameType::kHandshake).maximum);
  iovec piece{payload.data(), payload.size()};
  AncillaryData ancillary;
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.bytes.data();
  message.msg_controllen = ancillary.bytes.size();
  const ssize_t got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
  if (got <= 0) {
    const bool gone = got == 0 || errno == ECONNRESET;
    on_closed_(gone ? Status() : SystemError("receiving a connection", errno));
    return false;
  }
  UniqueFd connection = DescriptorOf(message);
  payload.resize(static_cast<std::size_t>(got));
  const Result<Handshake> handshake = DecodeHandshake(payload);
  const bool cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  if (!handshake.ok() || !connection.valid() || cut) {
    Log().Error("dropped a message from the TaskManager that is no connection");
    return true;
  }
  on_connection_(std::move(connection), *handshake);
  return true;
}

}  // namespace weir::network
