// The RPC service of proto/session.proto: carries messages between gRPC's threads and the event
// loop, and blobs from the disk. No logic beyond that.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <weir/status.h>

#include "common/event_loop.h"
#include "jobmanager/session_frontend.h"

namespace grpc {
class Service;
}

namespace weir::jobmanager {

struct JobManagerServiceOptions {
  // A peer with more commands than this waiting for it does not read: it is disconnected. Leases
  // and heartbeats that wait are replaced by newer ones.
  std::size_t most_queued_commands = 1024;
  // How long a session that was closed may take to write what was sent before.
  std::int64_t close_timeout_ms = 2'000;
};

// Where the bytes of a content hash lie, or NOT_FOUND. Any thread.
using BlobFinder = std::function<Result<std::string>(const std::string& content_hash)>;

// `loop` and `sessions` outlive the service and the server it is registered with. A session's next
// event is read when the loop has handled the one before: a peer that floods waits.
std::shared_ptr<grpc::Service> MakeJobManagerService(EventLoop& loop, SessionFrontend& sessions,
                                                     BlobFinder find_blob,
                                                     JobManagerServiceOptions options = {});

}  // namespace weir::jobmanager
