// WorkerRegistry: where the data port finds the worker that a connection is for.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include <weir/status.h>

#include "common/mutex.h"
#include "common/unique_fd.h"
#include "taskmanager/network/frame_payload.h"

namespace weir::network {

// Takes a connection over: its handshake was read, nothing else. An error says why it cannot; then
// the socket is as it was and the data port answers. Called from the data port's thread, must not
// block.
using ConnectionTarget = std::function<Status(UniqueFd& socket, const Handshake& handshake)>;

// Any thread.
class WorkerRegistry {
 public:
  // Replaces a target of the same id. For a worker process: DescriptorSender::AsTarget(); in one
  // process: a function that calls TcpDataPlane::AcceptConnection.
  void Register(const std::string& worker_id, ConnectionTarget target);
  // May return while a call of the target is still running.
  void Unregister(const std::string& worker_id);

  // The target, or null.
  ConnectionTarget Find(const std::string& worker_id) const;

 private:
  mutable Mutex mutex_;
  std::unordered_map<std::string, ConnectionTarget> targets_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::network
