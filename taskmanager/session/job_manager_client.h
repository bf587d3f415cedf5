// How TaskManagers and workers reach the JobManager.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <weir/status.h>

#include "common/event_loop.h"
#include "taskmanager/session/session_stream.h"

namespace weir::proto {
class TaskManagerCommand;
class TaskManagerEvent;
class WorkerCommand;
class WorkerEvent;
}  // namespace weir::proto

namespace weir::session {

using TaskManagerStream = SessionStream<proto::TaskManagerEvent>;
using TaskManagerCallbacks = StreamCallbacks<proto::TaskManagerCommand>;
using WorkerStream = SessionStream<proto::WorkerEvent>;
using WorkerCallbacks = StreamCallbacks<proto::WorkerCommand>;

// Protocol versions of proto/session.proto that this build speaks.
inline constexpr std::uint32_t kMinimumProtocolVersion = 1;
inline constexpr std::uint32_t kMaximumProtocolVersion = 1;

// Thread-safe. Outlives the streams it opened.
class JobManagerClient {
 public:
  virtual ~JobManagerClient() = default;

  // Dials; failure to reach the JobManager comes as on_closed. The caller sends its hello at once.
  virtual std::unique_ptr<TaskManagerStream> OpenTaskManagerSession(
      EventLoop& loop, TaskManagerCallbacks callbacks) = 0;
  virtual std::unique_ptr<WorkerStream> OpenWorkerSession(EventLoop& loop,
                                                          WorkerCallbacks callbacks) = 0;

  // Streams a blob into `sink`, chunk by chunk. Blocks: not on an event loop. Ends with the sink's
  // first error.
  virtual Status FetchBlob(const std::string& content_hash,
                           const std::function<Status(std::string_view chunk)>& sink) = 0;

  // "host:port", for messages.
  virtual const std::string& address() const = 0;
};

}  // namespace weir::session
