// Dialer: gets a connection to a peer worker through the data port of its TaskManager: looks the
// host up, connects, shakes hands; tries again until a deadline where that can help. Reactor's
// thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/unique_fd.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/frame_payload.h"
#include "taskmanager/network/reactor.h"
#include "taskmanager/network/single_frame_reader.h"

namespace weir::network {

class Dialer {
 public:
  struct Options {
    std::int64_t timeout_ms = 30'000;  // for everything
    std::int64_t first_pause_ms = 20;  // between attempts; doubles up to the largest
    std::int64_t largest_pause_ms = 500;
  };
  // Called once, as the dialer's last act: may destroy it. The socket's handshakes are done: both
  // directions go on with frame 1. The error names worker, address and the last cause.
  using Done = std::function<void(Result<UniqueFd>)>;

  // Begins at once. Destroying it gives the attempt up without a call-back.
  Dialer(Reactor& reactor, PeerAddress target, Handshake handshake, const Options& options,
         Done done);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

 private:
  void Attempt();
  void OnResolved(const Result<std::vector<RawAddress>>& addresses);
  void ConnectNext();
  void OnWritable();
  void OnReadable();
  void OnAnswer();
  // This attempt failed in a way that another may not.
  void TryLater(const Status& cause);
  void Finish(Result<UniqueFd> result);
  void OnDeadline();

  Reactor& reactor_;
  const PeerAddress target_;
  const std::string peer_;  // for errors
  const Handshake handshake_;
  const Options options_;
  const Done done_;
  Timer deadline_;
  Timer pause_;
  std::int64_t next_pause_ms_;
  Status last_cause_;
  std::vector<RawAddress> addresses_;  // not tried yet in this attempt
  std::unique_ptr<WatchedDescriptor> socket_;
  std::optional<SingleFrameReader> answer_;
  // A look-up cannot be called off: its answer finds out here that nobody waits.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::network
