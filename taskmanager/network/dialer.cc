#include "taskmanager/network/dialer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "common/socket_address.h"
#include "common/system_error.h"
#include "common/text.h"
#include "taskmanager/network/data_socket.h"
#include "taskmanager/network/handshake_exchange.h"

namespace weir::network {

Dialer::Dialer(Reactor& reactor, PeerAddress target, Handshake handshake, const Options& options,
               Done done)
    : reactor_(reactor),
      target_(std::move(target)),
      peer_(Concat("worker ", target_.worker_id, " at ",
                   SocketAddress{target_.host, target_.data_port}.ToString())),
      handshake_(std::move(handshake)),
      options_(options),
      done_(std::move(done)),
      deadline_(reactor, [this] { OnDeadline(); }),
      pause_(reactor, [this] { Attempt(); }),
      next_pause_ms_(options.first_pause_ms) {
  deadline_.Start(options_.timeout_ms);
  Attempt();
}

Dialer::~Dialer() {
  *alive_ = false;
}

void Dialer::Attempt() {
  reactor_.Resolve(target_.host, target_.data_port,
                   [this, alive = alive_](const Result<std::vector<RawAddress>>& addresses) {
                     if (*alive) OnResolved(addresses);
                   });
}

void Dialer::OnResolved(const Result<std::vector<RawAddress>>& addresses) {
  if (!addresses.ok()) {
    TryLater(addresses.status());
    return;
  }
  addresses_ = addresses.value();
  std::reverse(addresses_.begin(), addresses_.end());  // taken from the back
  last_cause_ = Status::Unavailable("the name has no address");
  ConnectNext();
}

void Dialer::ConnectNext() {
  while (!addresses_.empty()) {
    const RawAddress address = addresses_.back();
    addresses_.pop_back();
    Result<UniqueFd> socket = NewTcpSocket(address.family());
    if (!socket.ok()) {
      last_cause_ = socket.status();
      continue;
    }
    const auto* raw = reinterpret_cast<const sockaddr*>(&address.storage);
    if (::connect(socket->get(), raw, address.size) != 0 && errno != EINPROGRESS) {
      last_cause_ = SystemError("connect", errno);
      continue;
    }
    socket_ = std::make_unique<WatchedDescriptor>(
        reactor_, *std::move(socket), [this] { OnReadable(); }, [this] { OnWritable(); });
    socket_->WaitWritable();
    return;
  }
  TryLater(last_cause_);
}

void Dialer::OnWritable() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_->get(), SOL_SOCKET, SO_ERROR, &error, &size);
  Status status = error == 0 ? TuneDataSocket(socket_->get()) : SystemError("connect", error);
  if (status.ok()) status = SendHandshake(socket_->get(), handshake_);
  if (!status.ok()) {
    last_cause_ = status;
    socket_.reset();
    ConnectNext();
    return;
  }
  answer_.emplace("the handshake", FrameType::kHandshakeAccepted, FrameType::kGoodbye);
  socket_->WaitReadable();
}

void Dialer::OnReadable() {
  const Result<bool> complete = answer_->Read(socket_->get());
  if (!complete.ok()) {
    TryLater(complete.status());
  } else if (!*complete) {
    socket_->WaitReadable();
  } else {
    OnAnswer();
  }
}

void Dialer::OnAnswer() {
  if (answer_->header().type == FrameType::kGoodbye) {
    const Result<Goodbye> goodbye = DecodeGoodbye(answer_->payload());
    if (!goodbye.ok()) {
      Finish(goodbye.status());
    } else if (goodbye->reason == GoodbyeReason::kRefused) {
      Finish(Status(StatusCode::kFailedPrecondition, Concat("refused: ", goodbye->text),
                    ErrorDomain::kSystem, RetryHint::kNoRetry));
    } else if (goodbye->reason == GoodbyeReason::kGone) {
      // Dialling again is no use; starting the job again is: it dials the worker's successor.
      Finish(Status::Unavailable(goodbye->text));
    } else {
      TryLater(Status::Unavailable(goodbye->text));
    }
    return;
  }
  const Result<HandshakeAccepted> accepted = DecodeHandshakeAccepted(answer_->payload());
  if (!accepted.ok()) {
    Finish(accepted.status());
  } else if (accepted->worker_id != target_.worker_id) {
    Finish(Status(StatusCode::kFailedPrecondition,
                  Concat("answered by worker ", accepted->worker_id)));
  } else if (accepted->version < kMinimumFrameVersion || accepted->version > kFrameVersion) {
    Finish(Status(StatusCode::kUnsupported,
                  Concat("it chose frame version ", unsigned{accepted->version})));
  } else {
    Finish(socket_->Release());
  }
}

void Dialer::TryLater(const Status& cause) {
  last_cause_ = cause;
  socket_.reset();
  answer_.reset();
  pause_.Start(next_pause_ms_);
  next_pause_ms_ = std::min(2 * next_pause_ms_, options_.largest_pause_ms);
}

void Dialer::OnDeadline() {
  std::string message = Concat("no connection within ", options_.timeout_ms, " ms");
  if (!last_cause_.ok()) message += Concat("; last: ", last_cause_.message());
  Finish(Status::Unavailable(std::move(message)));
}

void Dialer::Finish(Result<UniqueFd> result) {
  const Done done = done_;
  if (result.ok()) {
    done(std::move(result));
  } else {
    done(result.status().WithContext(peer_));
  }
}

}  // namespace weir::network
