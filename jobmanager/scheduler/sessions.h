// The JobManager's end of the sessions of proto/session.proto, without what carries them: gRPC
// streams in the server, plain objects in tests and in the simulation.
#pragma once

#include <weir/status.h>

#include "proto/session.pb.h"

namespace weir::jobmanager {

// All methods are called on the JobManager's event loop and return at once. What is sent arrives in
// order or the session ends: whoever carries it then tells the SessionFrontend once
// (OnTaskManagerClosed, OnWorkerClosed), also after Close.
class TaskManagerSession {
 public:
  virtual ~TaskManagerSession() = default;
  // Dropped when the session has ended.
  virtual void Send(proto::TaskManagerCommand command) = 0;
  // Ends the session after what was sent before; `reason` is for the log.
  virtual void Close(const Status& reason) = 0;
};

class WorkerSession {
 public:
  virtual ~WorkerSession() = default;
  virtual void Send(proto::WorkerCommand command) = 0;
  virtual void Close(const Status& reason) = 0;
};

}  // namespace weir::jobmanager
