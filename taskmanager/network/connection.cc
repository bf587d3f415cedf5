#include "taskmanager/network/connection.h"

#include <array>
#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

#include "common/system_error.h"
#include "common/text.h"

namespace weir::network {
namespace {

// Behind the rest of a data payload, which is read in place, a read takes this much more: headers,
// small frames, and the beginning of the next payload (which is then copied).
constexpr std::size_t kStagingSize = 16 * 1024;
// Reads before other sockets get their turn.
constexpr int kReadsPerTurn = 16;
constexpr int kWritesPerTurn = 16;

}  // namespace

Connection::Connection(Reactor& reactor, UniqueFd socket, Options options, ConnectionEvents& events,
                       BufferPool& for_reading, BufferPool& emptied)
    : options_(std::move(options)),
      events_(events),
      for_reading_(for_reading),
      decoder_(options_.peer, options_.first_read_sequence, *this),
      writer_(options_.first_write_sequence, emptied),
      socket_(
          reactor, std::move(socket), [this] { OnReadable(); }, [this] { Pump(); }),
      stall_timer_(
          reactor,
          [this] {
            Fail(Status(StatusCode::kTimedOut,
                        Concat(options_.peer, ": the rest of frame ", decoder_.next_sequence(),
                               " did not come within ", options_.stall_timeout_ms, " ms"),
                        ErrorDomain::kExternal));
          }),
      staging_(kStagingSize) {}

Bytes Connection::TakePayloadMemory(std::size_t length) {
  Bytes bytes = for_reading_.Take();
  bytes.resize(length);
  return bytes;
}

Status Connection::OnFrame(const FrameHeader& header, Bytes& payload) {
  WEIR_RETURN_IF_ERROR(events_.OnFrame(header, payload));
  if (header.type == FrameType::kData && payload.capacity() > 0) {
    for_reading_.Return(std::move(payload));
  }
  return Status();
}

void Connection::OnReadable() {
  ReadResult result = ReadResult::kMore;
  Status error;
  const std::uint64_t frame_before = decoder_.next_sequence();
  for (int i = 0; i < kReadsPerTurn && result == ReadResult::kMore; ++i) result = ReadOnce(error);
  if (result == ReadResult::kFailed) {
    Fail(error);
    return;
  }
  if (!decoder_.mid_frame()) {
    stall_timer_.Cancel();
  } else if (!stall_timer_.running() || decoder_.next_sequence() != frame_before) {
    stall_timer_.Start(options_.stall_timeout_ms);
  }
  socket_.WaitReadable();
  events_.AfterRead();
}

Connection::ReadResult Connection::ReadOnce(Status& error) {
  const std::span<std::byte> in_place = decoder_.PayloadSpace();
  std::array<iovec, 2> pieces{
      {{in_place.data(), in_place.size()}, {staging_.data(), staging_.size()}}};
  const std::size_t skip = in_place.empty() ? 1 : 0;
  const ssize_t got = ::readv(socket_.get(), pieces.data() + skip, static_cast<int>(2 - skip));
  if (got < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return ReadResult::kBlocked;
    if (errno == EINTR) return ReadResult::kMore;
    error = SystemError(options_.peer, errno);
    return ReadResult::kFailed;
  }
  if (got == 0) {
    error = decoder_.AtEnd();
    if (error.ok()) error = Status::Unavailable(Concat(options_.peer, ": closed the connection"));
    return ReadResult::kFailed;
  }
  const auto size = static_cast<std::size_t>(got);
  const std::size_t filled = std::min(size, in_place.size());
  error = decoder_.PayloadFilled(filled);
  if (error.ok()) error = decoder_.Feed(std::span(staging_).first(size - filled));
  return error.ok() ? ReadResult::kMore : ReadResult::kFailed;
}

void Connection::Pump() {
  // Refill() can lead back here.
  if (writing_ == Writing::kEnded || std::exchange(pumping_, true)) return;
  bool blocked = false;
  Status status;
  for (int turn = 0; status.ok() && !blocked; ++turn) {
    if (writer_.empty() && writing_ == Writing::kOpen) events_.Refill(writer_);
    if (writer_.empty()) break;
    if (turn == kWritesPerTurn) {
      blocked = true;
      break;
    }
    status = WriteOnce(blocked);
  }
  pumping_ = false;
  if (!status.ok()) {
    Fail(status);
  } else if (blocked) {
    socket_.WaitWritable();
  } else if (writing_ == Writing::kGoodbyeQueued) {
    EndWriting();
  }
}

Status Connection::WriteOnce(bool& blocked) {
  const std::span<iovec> pieces = writer_.Pending();
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  const ssize_t written = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (written >= 0) {
    writer_.Written(static_cast<std::size_t>(written));
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    blocked = true;
  } else if (errno != EINTR) {
    return SystemError(options_.peer, errno);
  }
  return Status();
}

void Connection::SayGoodbye(const Goodbye& goodbye) {
  if (writing_ != Writing::kOpen) return;
  writing_ = Writing::kGoodbyeQueued;
  goodbye_ = goodbye;
  Pump();
}

void Connection::EndWriting() {
  if (goodbye_.has_value()) {
    Bytes payload;
    EncodeGoodbye(*std::exchange(goodbye_, std::nullopt), payload);
    writer_.Append(FrameType::kGoodbye, 0, 0, payload);
    Pump();
    return;
  }
  writing_ = Writing::kEnded;
  ::shutdown(socket_.get(), SHUT_WR);
}

// Tells a peer that broke the protocol why, if the socket takes it at once.
void Connection::TryGoodbye(const Status& cause) {
  if (writing_ != Writing::kOpen || !writer_.empty()) return;
  Bytes payload;
  EncodeGoodbye({GoodbyeReason::kProtocolError, cause.message()}, payload);
  writer_.Append(FrameType::kGoodbye, 0, 0, payload);
  bool blocked = false;
  // The connection ends either way; that this could not be said is no further news.
  (void)WriteOnce(blocked);
}

void Connection::Fail(const Status& status) {
  if (status.code() == StatusCode::kCorruption) TryGoodbye(status);
  events_.OnClosed(status);
}

}  // namespace weir::network
