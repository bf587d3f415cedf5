// What differs between the two kinds of session, for transports that bring messages to a
// SessionFrontend without a network.
#pragma once

#include <memory>
#include <utility>

#include <weir/status.h>

#include "jobmanager/session_frontend.h"
#include "proto/session.pb.h"

namespace weir::minicluster {

struct TaskManagerKind {
  using Event = proto::TaskManagerEvent;
  using Command = proto::TaskManagerCommand;
  using Session = jobmanager::TaskManagerSession;
  static void Deliver(jobmanager::SessionFrontend& frontend,
                      const std::shared_ptr<Session>& session, Event event) {
    frontend.OnTaskManagerEvent(session, std::move(event));
  }
  static void Closed(jobmanager::SessionFrontend& frontend, const Session* session,
                     const Status& reason) {
    frontend.OnTaskManagerClosed(session, reason);
  }
};

struct WorkerKind {
  using Event = proto::WorkerEvent;
  using Command = proto::WorkerCommand;
  using Session = jobmanager::WorkerSession;
  static void Deliver(jobmanager::SessionFrontend& frontend,
                      const std::shared_ptr<Session>& session, Event event) {
    frontend.OnWorkerEvent(session, std::move(event));
  }
  static void Closed(jobmanager::SessionFrontend& frontend, const Session* session,
                     const Status& reason) {
    frontend.OnWorkerClosed(session, reason);
  }
};

}  // namespace weir::minicluster
