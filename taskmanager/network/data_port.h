// DataPort: the one port of a TaskManager where other TaskManagers' workers connect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <weir/status.h>

#include "taskmanager/network/worker_registry.h"

namespace weir::network {

// Accepts connections, reads the handshake and nothing else, and passes the connection to the
// worker that it is for. Who asks for a worker that is not here hears so. Everything that is no
// handshake is logged with the peer's address and closed.
//
// What strangers can cost: at most `most_pending` connections that have not shaken hands (beyond
// that the oldest is closed), each with one frame's memory and `handshake_timeout_ms` of time.
class DataPort {
 public:
  struct Options {
    std::string bind_host = "127.0.0.1";  // taskmanager.bind-host
    std::uint16_t port = 0;               // taskmanager.data.port; 0: the kernel chooses
    std::string cluster_id;
    std::int64_t handshake_timeout_ms = 10'000;
    std::size_t most_pending = 256;
  };

  // Binds, and starts a thread of its own. The registry is borrowed. The error names host and port.
  static Result<std::unique_ptr<DataPort>> Open(const Options& options, WorkerRegistry& workers);
  // Closes the port and the connections that have not shaken hands; ends the thread.
  ~DataPort();
  DataPort(const DataPort&) = delete;
  DataPort& operator=(const DataPort&) = delete;

  // The one it is bound to.
  std::uint16_t port() const;

 private:
  class Listener;
  explicit DataPort(std::unique_ptr<Listener> listener);
  std::unique_ptr<Listener> listener_;
};

}  // namespace weir::network
