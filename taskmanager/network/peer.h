// Peer: everything this worker has with one other worker: the connection or the attempt to get one,
// the outgoing channels, and whose turn it is to write. Only within a turn (network_turn.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <weir/status.h>

#include "common/unique_fd.h"
#include "taskmanager/network/buffer_pool.h"
#include "taskmanager/network/connection.h"
#include "taskmanager/network/connection_choice.h"
#include "taskmanager/network/dialer.h"
#include "taskmanager/network/frame_payload.h"
#include "taskmanager/network/input_table.h"
#include "taskmanager/network/network_options.h"
#include "taskmanager/network/output_channel.h"
#include "taskmanager/network/reactor.h"
#include "taskmanager/network/ring_queue.h"

namespace weir::network {

// What all peers of a worker share. Borrowed.
struct PeerEnvironment {
  Reactor& reactor;
  const NetworkOptions& options;
  const JobIdentity& job;
  const std::string& local_worker_id;
  InputTable& inputs;
  BufferPool& for_reading;
  BufferPool& emptied;
  // Sends grants and pumps connections; runs after every event that came from a socket.
  const std::function<void()>& after_event;
};

class Peer final : private ConnectionEvents, private PeerReply {
 public:
  Peer(const PeerEnvironment& environment, std::string worker_id)
      : environment_(environment), worker_id_(std::move(worker_id)) {}

  // Opens the channel; dials first where there is no connection.
  void AddOutput(std::shared_ptr<OutputChannel> channel, const PeerAddress& address);
  // The channel has something to send, or was closed.
  void OnNews(std::shared_ptr<OutputChannel> channel);
  // The peer dialled; its handshake was read and is good. Answers it.
  void OnIncoming(UniqueFd socket);
  // Writes what there is.
  void Pump();

  // No new attempts; what is queued goes out, then goodbye. stopped() once the peer has closed.
  void Stop();
  bool stopped() const { return stopping_ && state_ == PeerState::kNone; }
  // Nothing would be lost with this object.
  bool unused() const { return state_ == PeerState::kNone && outputs_.empty(); }
  PeerState state() const { return state_; }

 private:
  // A frame that goes before data. Long payloads are rare (refusals), short ones need no memory.
  struct AheadFrame {
    FrameType type = FrameType::kCredit;
    std::uint32_t channel = 0;
    std::uint32_t attempt = 0;
    std::array<std::byte, 16> brief{};
    std::size_t brief_size = 0;
    Bytes lengthy;
  };

  const std::string& worker_id() const override { return worker_id_; }
  void SendAhead(FrameType type, std::uint32_t channel, std::uint32_t attempt,
                 Payload payload) override;
  Status OnFrame(const FrameHeader& header, Bytes& payload) override;
  void AfterRead() override { environment_.after_event(); }
  void Refill(FrameWriter& writer) override;
  void OnClosed(Status status) override;

  void Dial(const PeerAddress& address);
  void OnDialled(Result<UniqueFd> result);
  void Connect(UniqueFd socket, PeerState state);
  void Open(const std::shared_ptr<OutputChannel>& channel);
  void Refuse(UniqueFd socket, GoodbyeReason reason, const std::string& text) const;
  Status OnCredit(const FrameHeader& header, const Bytes& payload);
  Status OnRefused(const FrameHeader& header, const Bytes& payload);
  Status OnGoodbye(const Bytes& payload) const;
  // True: the channel has more and wants another turn.
  bool WriteTurn(OutputChannel& channel, FrameWriter& writer);
  void FailOutputs(const Status& status);
  void MaybeSayGoodbye();

  const PeerEnvironment environment_;
  const std::string worker_id_;
  PeerState state_ = PeerState::kNone;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<Connection> connection_;
  std::unordered_map<std::uint32_t, std::shared_ptr<OutputChannel>> outputs_;  // by number
  RingQueue<AheadFrame> ahead_;
  RingQueue<std::shared_ptr<OutputChannel>> in_line_;
  OutputChannel::Outgoing turn_;  // its memory is kept
  Bytes scratch_;
  bool stopping_ = false;
};

}  // namespace weir::network
