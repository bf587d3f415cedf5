// RpcServer: the JobManager's port for TaskManagers and workers.
#pragma once

#include <memory>
#include <string>

#include <weir/status.h>

#include "jobmanager/job_manager_service.h"

namespace weir::jobmanager {

// Start and Stop are for one thread.
class RpcServer {
 public:
  explicit RpcServer(std::shared_ptr<grpc::Service> service);
  ~RpcServer();

  // Port 0: chosen by the kernel. UNAVAILABLE, naming host and port, when it cannot be bound.
  Status Start(const std::string& host, int port);
  int port() const { return port_; }
  // Cancels what is under way and waits until every session has ended. The event loop may still
  // run.
  void Stop();

 private:
  struct Implementation;
  const std::unique_ptr<Implementation> implementation_;
  int port_ = 0;
};

}  // namespace weir::jobmanager
