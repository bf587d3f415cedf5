// The sessions of proto/session.proto without a network: the TaskManagers' and workers'
// JobManagerClient connected to the JobManager's SessionFrontend in the same process.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/event_loop.h"
#include "jobmanager/session_frontend.h"
#include "taskmanager/session/job_manager_client.h"

namespace weir::minicluster {

// Thread-safe. The JobManager's loop outlives everything that was opened; the frontend lives on it.
class InProcessSessions final : public session::JobManagerClient {
 public:
  InProcessSessions(EventLoop& job_manager_loop, jobmanager::SessionFrontend& frontend)
      : job_manager_loop_(job_manager_loop), frontend_(frontend) {}

  std::unique_ptr<session::TaskManagerStream> OpenTaskManagerSession(
      EventLoop& loop, session::TaskManagerCallbacks callbacks) override;
  std::unique_ptr<session::WorkerStream> OpenWorkerSession(
      EventLoop& loop, session::WorkerCallbacks callbacks) override;
  // Nothing is fetched inside one process: always NotFound.
  Status FetchBlob(const std::string& content_hash,
                   const std::function<Status(std::string_view)>& sink) override;
  const std::string& address() const override { return address_; }

 private:
  EventLoop& job_manager_loop_;
  jobmanager::SessionFrontend& frontend_;
  const std::string address_ = "this process";
};

}  // namespace weir::minicluster
