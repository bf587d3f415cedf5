#include "taskmanager/network/peer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "common/logging.h"
#include "common/text.h"
#include "taskmanager/network/data_socket.h"
#include "taskmanager/network/handshake_exchange.h"

namespace weir::network {
namespace {

// Items that a channel may write before the next one in line.
constexpr std::size_t kItemsPerTurn = 4;
// An item, a backlog and a close: what a turn needs at least.
constexpr std::size_t kFewestFrames = 3;

const ComponentLogger& Log() {
  static const ComponentLogger log("network");
  return log;
}

}  // namespace

void Peer::AddOutput(std::shared_ptr<OutputChannel> channel, const PeerAddress& address) {
  if (stopping_) {
    channel->Fail(Status(StatusCode::kCanceled, "the data plane is stopping"));
    return;
  }
  const std::uint32_t number = channel->identity().channel;
  std::shared_ptr<OutputChannel>& place = outputs_[number];
  if (place != nullptr) place->Fail(Status(StatusCode::kCanceled, "replaced by a newer attempt"));
  place = std::move(channel);
  if (connection_ != nullptr) {
    Open(place);
  } else if (state_ == PeerState::kNone) {
    Dial(address);
  }
}

void Peer::Dial(const PeerAddress& address) {
  state_ = PeerState::kDialling;
  Handshake handshake;
  handshake.job = environment_.job;
  handshake.source_worker_id = environment_.local_worker_id;
  handshake.target_worker_id = worker_id_;
  dialer_ = std::make_unique<Dialer>(
      environment_.reactor, address, std::move(handshake), environment_.options.dialling,
      [this](Result<UniqueFd> result) { OnDialled(std::move(result)); });
}

void Peer::OnDialled(Result<UniqueFd> result) {
  dialer_.reset();
  state_ = PeerState::kNone;
  if (result.ok()) {
    Connect(*std::move(result), PeerState::kConnectedByUs);
  } else {
    Log().Warning(result.status().message());
    FailOutputs(result.status());
  }
  environment_.after_event();
}

void Peer::OnIncoming(UniqueFd socket) {
  if (stopping_) {
    Refuse(std::move(socket), GoodbyeReason::kGone, "the worker is stopping");
    return;
  }
  switch (ChooseIncoming(state_, environment_.local_worker_id, worker_id_)) {
    case IncomingChoice::kRefuseDuplicate:
      Refuse(std::move(socket), GoodbyeReason::kDuplicate,
             Concat("worker ", environment_.local_worker_id, " keeps its own connection"));
      return;
    case IncomingChoice::kReplace:
      OnClosed(Status::Unavailable(
          Concat(connection_->peer(), ": connected anew, so it lost the old connection")));
      break;
    case IncomingChoice::kAcceptAndAbandonDial:
      dialer_.reset();
      state_ = PeerState::kNone;
      break;
    case IncomingChoice::kAccept:
      break;
  }
  Status status = TuneDataSocket(socket.get());
  if (status.ok()) {
    status = AnswerHandshake(socket.get(),
                             HandshakeAccepted{kFrameVersion, environment_.local_worker_id});
  }
  if (!status.ok()) {
    status =
        status.WithContext(Concat("worker ", worker_id_, " at ", PeerAddressText(socket.get())));
    Log().Warning(status.message());
    FailOutputs(status);
    return;
  }
  Connect(std::move(socket), PeerState::kConnectedByPeer);
}

void Peer::Refuse(UniqueFd socket, GoodbyeReason reason, const std::string& text) const {
  const Status told = AnswerHandshake(socket.get(), Goodbye{reason, text});
  Log().Debug("refused worker ", worker_id_, ": ", text,
              told.ok() ? "" : " (it could not be told)");
}

void Peer::Connect(UniqueFd socket, PeerState state) {
  state_ = state;
  Connection::Options options;
  options.peer = Concat("worker ", worker_id_, " at ", PeerAddressText(socket.get()));
  options.stall_timeout_ms = environment_.options.stall_timeout_ms;
  ConnectionEvents& events = *this;
  connection_ =
      std::make_unique<Connection>(environment_.reactor, std::move(socket), std::move(options),
                                   events, environment_.for_reading, environment_.emptied);
  for (const auto& [number, channel] : outputs_) Open(channel);
  connection_->Start();
}

// The open frame goes ahead of everything the channel sends. What the task gave so far (control
// elements need no credit) follows when the channel's turn comes.
void Peer::Open(const std::shared_ptr<OutputChannel>& channel) {
  scratch_.clear();
  EncodeChannelOpen({channel->identity().target_attempt}, scratch_);
  SendAhead(FrameType::kChannelOpen, channel->identity().channel,
            channel->identity().source_attempt, scratch_);
  in_line_.PushBack(channel);
}

void Peer::SendAhead(FrameType type, std::uint32_t channel, std::uint32_t attempt,
                     Payload payload) {
  AheadFrame frame{.type = type, .channel = channel, .attempt = attempt};
  if (payload.size() <= frame.brief.size()) {
    std::copy(payload.begin(), payload.end(), frame.brief.begin());
    frame.brief_size = payload.size();
  } else {
    frame.lengthy.assign(payload.begin(), payload.end());
  }
  ahead_.PushBack(std::move(frame));
}

void Peer::OnNews(std::shared_ptr<OutputChannel> channel) {
  const auto found = outputs_.find(channel->identity().channel);
  const bool current = found != outputs_.end() && found->second == channel;
  // One that waits for a connection comes into line when it is opened.
  if (current && connection_ != nullptr) in_line_.PushBack(std::move(channel));
}

void Peer::Pump() {
  if (connection_ == nullptr) return;
  if (stopping_) MaybeSayGoodbye();
  if (connection_ != nullptr) connection_->Pump();
}

void Peer::Refill(FrameWriter& writer) {
  while (!writer.full() && !ahead_.empty()) {
    const AheadFrame frame = ahead_.PopFront();
    const Payload payload = frame.lengthy.empty() ? Payload(frame.brief).first(frame.brief_size)
                                                  : Payload(frame.lengthy);
    writer.Append(frame.type, frame.channel, frame.attempt, payload);
  }
  while (!writer.full() && writer.room() >= kFewestFrames && !in_line_.empty()) {
    std::shared_ptr<OutputChannel> channel = in_line_.PopFront();
    if (WriteTurn(*channel, writer)) in_line_.PushBack(std::move(channel));
  }
}

bool Peer::WriteTurn(OutputChannel& channel, FrameWriter& writer) {
  const ChannelIdentity& identity = channel.identity();
  const auto found = outputs_.find(identity.channel);
  if (found == outputs_.end() || found->second.get() != &channel) return false;  // over
  channel.Take(std::min(kItemsPerTurn, writer.room() - kFewestFrames + 1), turn_);
  for (OutputChannel::Item& item : turn_.items) {
    if (auto* buffer = std::get_if<Buffer>(&item)) {
      channel.CountSent(buffer->bytes.size());
      writer.AppendData(identity.channel, identity.source_attempt, std::move(*buffer));
    } else {
      const auto& element = std::get<internal::ControlElement>(item);
      scratch_.clear();
      EncodeControlElement(element, scratch_);
      writer.Append(FrameTypeOf(element), identity.channel, identity.source_attempt, scratch_);
    }
  }
  turn_.items.clear();
  if (turn_.backlog.has_value()) {
    scratch_.clear();
    EncodeBacklogAnnouncement({*turn_.backlog}, scratch_);
    writer.Append(FrameType::kBacklog, identity.channel, identity.source_attempt, scratch_);
  }
  if (turn_.closed) {
    writer.Append(FrameType::kChannelClose, identity.channel, identity.source_attempt, {});
    outputs_.erase(identity.channel);
  }
  return turn_.more;
}

Status Peer::OnFrame(const FrameHeader& header, Bytes& payload) {
  switch (header.type) {
    case FrameType::kCredit:
      return OnCredit(header, payload);
    case FrameType::kChannelRefused:
      return OnRefused(header, payload);
    case FrameType::kGoodbye:
      return OnGoodbye(payload);
    case FrameType::kHandshake:
    case FrameType::kHandshakeAccepted:
      return Status::Corruption(Concat("a second ", ToString(header.type)));
    default:
      return environment_.inputs.OnFrame(*this, header, payload);
  }
}

Status Peer::OnCredit(const FrameHeader& header, const Bytes& payload) {
  WEIR_ASSIGN_OR_RETURN(const CreditGrant grant, DecodeCreditGrant(payload));
  const auto found = outputs_.find(header.channel);
  const ChannelIdentity offered{header.channel, grant.source_attempt, header.attempt};
  // A grant for an attempt that is over is a left-over.
  if (found == outputs_.end() || found->second->identity() != offered) return Status();
  return found->second->OnGrant(grant.credit);
}

Status Peer::OnRefused(const FrameHeader& header, const Bytes& payload) {
  WEIR_ASSIGN_OR_RETURN(const ChannelRefused refused, DecodeChannelRefused(payload));
  const auto found = outputs_.find(header.channel);
  const ChannelIdentity offered{header.channel, refused.source_attempt, refused.target_attempt};
  if (found == outputs_.end() || found->second->identity() != offered) return Status();
  const std::shared_ptr<OutputChannel> channel = found->second;
  outputs_.erase(found);
  // A worker that goes on over a restart may not have let go of the attempt before yet, or not have
  // heard of this one: the job that is started again finds it ready. Or its task has failed.
  const bool passes = refused.reason == RefusalReason::kUnknownChannel ||
                      refused.reason == RefusalReason::kOtherAttempt;
  channel->Fail(Status(passes ? StatusCode::kUnavailable : StatusCode::kFailedPrecondition,
                       Concat(connection_->peer(), ": refused: ", refused.text),
                       ErrorDomain::kSystem, passes ? RetryHint::kRetry : RetryHint::kNoRetry));
  return Status();
}

Status Peer::OnGoodbye(const Bytes& payload) const {
  WEIR_ASSIGN_OR_RETURN(const Goodbye goodbye, DecodeGoodbye(payload));
  return Status::Unavailable(Concat("it closed the connection: ", goodbye.text));
}

void Peer::OnClosed(Status status) {
  // Destroyed at the end: the connection is the caller.
  const std::unique_ptr<Connection> connection = std::move(connection_);
  state_ = PeerState::kNone;
  if (stopping_) {
    status = Status(StatusCode::kCanceled, "the data plane is stopping");
  } else {
    Log().Info(status.message());
  }
  while (!ahead_.empty()) ahead_.PopFront();
  while (!in_line_.empty()) in_line_.PopFront();
  environment_.inputs.OnPeerLost(*this, status);
  FailOutputs(status);
  environment_.after_event();
}

void Peer::FailOutputs(const Status& status) {
  const auto outputs = std::exchange(outputs_, {});
  for (const auto& [number, channel] : outputs) channel->Fail(status);
}

void Peer::Stop() {
  stopping_ = true;
  if (dialer_ != nullptr) {
    dialer_.reset();
    state_ = PeerState::kNone;
    FailOutputs(Status(StatusCode::kCanceled, "the data plane is stopping"));
  }
  Pump();
}

void Peer::MaybeSayGoodbye() {
  if (!ahead_.empty() || !in_line_.empty()) return;
  connection_->SayGoodbye({GoodbyeReason::kStopping, "the worker is stopping"});
}

}  // namespace weir::network
