// Descriptor passing: how the data port of a TaskManager gives an accepted connection to a worker
// process: over a unix socket pair, one message per connection, which holds the bytes of the
// handshake and, as ancillary data (SCM_RIGHTS, unix(7)), the connected socket.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include <weir/status.h>

#include "common/unique_fd.h"
#include "taskmanager/network/frame_payload.h"
#include "taskmanager/network/worker_registry.h"

namespace weir::network {

// The two ends: the TaskManager's and the worker's (to be inherited). Messages keep their limits
// (SOCK_SEQPACKET). Both are close-on-exec; the spawner clears that for the worker's.
struct DescriptorPair {
  UniqueFd task_manager_end;
  UniqueFd worker_end;
};
Result<DescriptorPair> MakeDescriptorPair();

// The TaskManager's end. Any thread.
class DescriptorSender {
 public:
  explicit DescriptorSender(UniqueFd socket) : socket_(std::move(socket)) {}

  // Passes `connection`; the caller keeps its own descriptor of it (and closes it). Never blocks:
  // Unavailable when the worker is gone or does not take connections fast enough.
  Status Send(int connection, const Handshake& handshake) const;

  // For WorkerRegistry. Shares the sender.
  static ConnectionTarget AsTarget(std::shared_ptr<DescriptorSender> sender);

 private:
  const UniqueFd socket_;
};

// The worker's end: a thread that waits for connections.
class DescriptorReceiver {
 public:
  using OnConnection = std::function<void(UniqueFd connection, const Handshake& handshake)>;
  // The other end is closed (the TaskManager is gone: ok) or broken. Nothing comes after it.
  using OnClosed = std::function<void(const Status& status)>;

  // Both are called from the thread. A message that is not a handshake with one descriptor is
  // logged and dropped.
  DescriptorReceiver(UniqueFd socket, OnConnection on_connection, OnClosed on_closed);
  // Ends the thread; no call-back runs after it returns.
  ~DescriptorReceiver();
  DescriptorReceiver(const DescriptorReceiver&) = delete;
  DescriptorReceiver& operator=(const DescriptorReceiver&) = delete;

 private:
  void Run();
  // False: the end.
  bool ReceiveOne();

  const UniqueFd socket_;
  const UniqueFd stop_;  // eventfd
  const OnConnection on_connection_;
  const OnClosed on_closed_;
  std::thread thread_;
};

}  // namespace weir::network
