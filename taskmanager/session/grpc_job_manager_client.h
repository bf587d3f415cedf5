// JobManagerClient over gRPC.
#pragma once

#include <memory>
#include <string>

#include "taskmanager/session/job_manager_client.h"

namespace weir::session {

// `address` is "host:port". Does not dial yet: each opened session dials, with gRPC's own back-off
// of at most a second.
std::unique_ptr<JobManagerClient> ConnectToJobManager(const std::string& address);

}  // namespace weir::session
