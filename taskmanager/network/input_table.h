// InputTable: the incoming channels of a worker: which are expected, which are open, their credits.
// Only within a turn (network_turn.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include <weir/status.h>

#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/frame_payload.h"
#include "taskmanager/network/input_channel.h"
#include "taskmanager/network/receive_credits.h"

namespace weir::network {

// How the table answers a peer. Implemented by Peer.
class PeerReply {
 public:
  virtual ~PeerReply() = default;
  virtual const std::string& worker_id() const = 0;
  // Sends a frame ahead of data. `payload` is copied.
  virtual void SendAhead(FrameType type, std::uint32_t channel, std::uint32_t attempt,
                         Payload payload) = 0;
};

class InputTable {
 public:
  // The exclusive buffers of a channel: `credits.exclusive`, or fewer (at least 1) where all
  // channels together would have more than `exclusive_budget`.
  InputTable(const CreditReceiver::Options& credits, std::uint32_t floating_buffers,
             std::uint32_t exclusive_budget)
      : most_exclusive_(credits.exclusive),
        exclusive_budget_(exclusive_budget),
        credits_(credits, floating_buffers) {}

  // Expects the channel from now on. A channel with the same number from an older attempt is
  // replaced (and told); this one fails if the number is taken by the same or a newer attempt.
  void Add(std::shared_ptr<InputChannel> channel);
  // The task popped buffers or closed the channel.
  void OnNews(const std::shared_ptr<InputChannel>& channel);
  // A frame for an incoming channel (open, close, data, control element, backlog). Frames of
  // channels that are closed or of other attempts are left-overs and dropped. An error means that
  // the peer broke the protocol.
  Status OnFrame(PeerReply& peer, const FrameHeader& header, Bytes& payload);
  // The connection is over: its open channels that did not end fail.
  void OnPeerLost(const PeerReply& peer, const Status& status);
  // Sends what is to be granted now.
  void SendGrants();

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::shared_ptr<InputChannel> channel;
    PeerReply* peer = nullptr;  // of the connection it is open on
    bool ended = false;         // end of input came
  };

  Status OnOpen(PeerReply& peer, const FrameHeader& header, const Bytes& payload);
  Status Deliver(Entry& entry, const FrameHeader& header, Bytes& payload);
  void Refuse(PeerReply& peer, const FrameHeader& header, const ChannelOpen& open,
              RefusalReason reason, const std::string& text);
  void Detach(Entry& entry);
  void CollectFloating();

  const std::uint32_t most_exclusive_;
  const std::uint32_t exclusive_budget_;
  ReceiveCredits credits_;
  std::unordered_map<std::uint32_t, Entry> entries_;
  Bytes scratch_;
};

}  // namespace weir::network
