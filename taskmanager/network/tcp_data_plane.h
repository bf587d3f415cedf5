// TcpDataPlane: the DataPlane over TCP.
#pragma once

#include <memory>
#include <string>

#include <weir/status.h>

#include "common/unique_fd.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/frame_payload.h"
#include "taskmanager/network/network_options.h"

namespace weir::network {

// One per worker. Owns one network thread, which does all reading, writing, check sums and credits;
// task threads only put buffers into queues and take them out (a short lock each).
//
// Failures reach the channels' on_failure once, from the network thread: peer not reachable within
// the time-out, refused (other job, epoch, attempt, unknown channel), connection lost, corrupt
// frame. The status names channel, peer worker, its address and the cause. A failed sender takes
// buffers and drops them; a failed receiver still hands out what had arrived.
//
// Registering a channel number again replaces the channel of an older attempt, whose on_failure
// hears kCanceled; registering the same or an older attempt fails the new one with kAlreadyExists.
//
// Handles (ByteSender, ByteReceiver) may outlive the data plane; they do nothing then. Destroying a
// handle waits for a call-back of its channel that is running, so never destroy one from within a
// call-back. A destroyed sender's queue still goes out.
class TcpDataPlane final : public DataPlane {
 public:
  TcpDataPlane(std::string worker_id, JobIdentity job, const NetworkOptions& options = {});
  // Lets what is queued reach the peers (at most drain_timeout_ms), says goodbye to them and ends
  // the thread. Channels that are open still may hear kCanceled; no call-back runs after it
  // returns.
  ~TcpDataPlane() override;

  Result<std::unique_ptr<ByteReceiver>> RegisterInput(const ChannelIdentity& channel,
                                                      const std::string& source_worker_id,
                                                      ReceiverEvents events) override;
  Result<std::unique_ptr<ByteSender>> OpenOutput(const ChannelIdentity& channel,
                                                 const PeerAddress& target,
                                                 SenderEvents events) override;
  // The caller has checked the handshake (CheckHandshake).
  void AddConnection(int socket, const std::string& peer_worker_id) override;
  // As AddConnection, but checks `handshake` first: a peer of another cluster, job, job epoch or
  // version, or that wants another worker, hears why and is closed. Any thread.
  void AcceptConnection(UniqueFd socket, const Handshake& handshake);

 private:
  class Network;
  std::unique_ptr<Network> network_;
};

}  // namespace weir::network
