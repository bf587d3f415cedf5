#include "taskmanager/network/input_table.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/logging.h"
#include "common/text.h"

namespace weir::network {
namespace {

const ComponentLogger& Log() {
  static const ComponentLogger log("network");
  return log;
}

std::string AttemptsText(std::uint32_t source, std::uint32_t target) {
  return Concat("attempt ", source, " to attempt ", target);
}

}  // namespace

void InputTable::Add(std::shared_ptr<InputChannel> channel) {
  const ChannelIdentity identity = channel->identity();
  const auto found = entries_.find(identity.channel);
  if (found == entries_.end()) {
    entries_.emplace(identity.channel, Entry{std::move(channel)});
    return;
  }
  InputChannel& old = *found->second.channel;
  const std::string texts = Concat("registered for ", AttemptsText(old.identity().source_attempt,
                                                                   old.identity().target_attempt));
  const bool newer = identity.target_attempt > old.identity().target_attempt ||
                     (identity.target_attempt == old.identity().target_attempt &&
                      identity.source_attempt > old.identity().source_attempt);
  if (!newer) {
    channel->Fail(Status(StatusCode::kAlreadyExists, Concat("the channel is ", texts)));
    return;
  }
  const std::shared_ptr<InputChannel> replaced =
      std::exchange(found->second.channel, std::move(channel));
  Detach(found->second);
  replaced->Fail(Status(StatusCode::kCanceled, "replaced by a newer attempt"));
}

void InputTable::Detach(Entry& entry) {
  credits_.Remove(entry.channel->identity().channel);
  entry.peer = nullptr;
  entry.ended = false;
}

void InputTable::OnNews(const std::shared_ptr<InputChannel>& channel) {
  const InputChannel::News news = channel->TakeNews();
  const std::uint32_t number = channel->identity().channel;
  const auto found = entries_.find(number);
  if (found == entries_.end() || found->second.channel != channel) return;  // replaced
  if (news.closed) {
    Detach(found->second);
    entries_.erase(found);
  } else {
    credits_.OnPopped(number, news.popped);
  }
}

Status InputTable::OnFrame(PeerReply& peer, const FrameHeader& header, Bytes& payload) {
  if (header.type == FrameType::kChannelOpen) return OnOpen(peer, header, payload);
  const auto found = entries_.find(header.channel);
  const bool current = found != entries_.end() && found->second.peer == &peer &&
                       found->second.channel->identity().source_attempt == header.attempt;
  if (!current) return Status();
  return Deliver(found->second, header, payload);
}

Status InputTable::Deliver(Entry& entry, const FrameHeader& header, Bytes& payload) {
  if (header.type == FrameType::kChannelClose) {
    // Without an end of input before it the task there was canceled or failed; its worker tells the
    // JobManager why, and that decides what becomes of this side.
    return Status();
  }
  if (entry.ended) {
    // A backlog is announced behind the elements of its turn, the end of input among them.
    if (header.type == FrameType::kBacklog) return Status();
    // A task that waits for its last checkpoint passes barriers on.
    if (header.type == FrameType::kBarrier) {
      WEIR_ASSIGN_OR_RETURN(const internal::ControlElement barrier,
                            DecodeControlElement(header.type, payload));
      return entry.channel->Deliver(barrier);
    }
    return Status::Corruption(Concat("a ", ToString(header.type), " frame after the end of input"));
  }
  if (header.type == FrameType::kBacklog) {
    WEIR_ASSIGN_OR_RETURN(const BacklogAnnouncement announcement,
                          DecodeBacklogAnnouncement(payload));
    credits_.OnBacklog(header.channel, announcement.backlog);
    return Status();
  }
  if (header.type == FrameType::kData) {
    WEIR_RETURN_IF_ERROR(credits_.OnBuffer(header.channel));
    const std::uint32_t popped =
        entry.channel->Deliver(Buffer{std::move(payload), (header.flags & kFlagContinues) != 0});
    if (popped > 0) credits_.OnPopped(header.channel, popped);
    return Status();
  }
  WEIR_ASSIGN_OR_RETURN(const internal::ControlElement element,
                        DecodeControlElement(header.type, payload));
  if (std::holds_alternative<internal::EndOfInput>(element)) {
    entry.ended = true;
    credits_.OnEnd(header.channel);
  }
  return entry.channel->Deliver(element);
}

Status InputTable::OnOpen(PeerReply& peer, const FrameHeader& header, const Bytes& payload) {
  WEIR_ASSIGN_OR_RETURN(const ChannelOpen open, DecodeChannelOpen(payload));
  const auto found = entries_.find(header.channel);
  if (found == entries_.end()) {
    Refuse(peer, header, open, RefusalReason::kUnknownChannel, "no such channel is registered");
    return Status();
  }
  Entry& entry = found->second;
  const ChannelIdentity& identity = entry.channel->identity();
  if (entry.channel->source_worker_id() != peer.worker_id()) {
    Refuse(peer, header, open, RefusalReason::kOtherSource,
           Concat("it is fed by worker ", entry.channel->source_worker_id()));
  } else if (identity.source_attempt != header.attempt ||
             identity.target_attempt != open.target_attempt) {
    Refuse(peer, header, open, RefusalReason::kOtherAttempt,
           Concat("it leads from ", AttemptsText(identity.source_attempt, identity.target_attempt),
                  ", not from ", AttemptsText(header.attempt, open.target_attempt)));
  } else if (entry.peer != nullptr) {
    Refuse(peer, header, open, RefusalReason::kAlreadyOpen, "it is open already");
  } else {
    entry.peer = &peer;
    // All channels of a deployment are registered before the first one is opened.
    const auto share = static_cast<std::uint32_t>(exclusive_budget_ / entries_.size());
    const std::uint32_t exclusive = std::clamp<std::uint32_t>(share, 1, most_exclusive_);
    entry.channel->SetExclusive(exclusive);
    credits_.Add(header.channel, exclusive);
  }
  return Status();
}

void InputTable::Refuse(PeerReply& peer, const FrameHeader& header, const ChannelOpen& open,
                        RefusalReason reason, const std::string& text) {
  Log().Warning("refused channel ", header.channel, " of worker ", peer.worker_id(), ": ", text);
  scratch_.clear();
  EncodeChannelRefused({reason, header.attempt, open.target_attempt, text}, scratch_);
  peer.SendAhead(FrameType::kChannelRefused, header.channel, open.target_attempt, scratch_);
}

void InputTable::OnPeerLost(const PeerReply& peer, const Status& status) {
  for (auto& [number, entry] : entries_) {
    if (entry.peer != &peer) continue;
    entry.peer = nullptr;
    credits_.Remove(number);
    if (!entry.ended) entry.channel->Fail(status);
  }
}

// Pops that nobody has reported yet keep floating buffers from channels that wait for one.
void InputTable::CollectFloating() {
  if (!credits_.short_of_floating()) return;
  const std::vector<std::uint32_t> holders(credits_.holders().begin(), credits_.holders().end());
  for (const std::uint32_t number : holders) {
    const std::uint32_t popped = entries_.at(number).channel->TakePopped();
    if (popped > 0) credits_.OnPopped(number, popped);
  }
}

void InputTable::SendGrants() {
  CollectFloating();
  while (const auto grant = credits_.NextGrant()) {
    const Entry& entry = entries_.at(grant->channel);
    const ChannelIdentity& identity = entry.channel->identity();
    scratch_.clear();
    EncodeCreditGrant({grant->credit, identity.source_attempt}, scratch_);
    entry.peer->SendAhead(FrameType::kCredit, grant->channel, identity.target_attempt, scratch_);
  }
}

}  // namespace weir::network
