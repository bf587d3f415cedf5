// What a worker is made of, from its identity and its configuration (the cluster's with the job's
// own settings over it): one way for the process and for the worker within a MiniCluster.
#pragma once

#include <cstdint>

#include "common/configuration.h"
#include "taskmanager/network/frame_payload.h"
#include "taskmanager/network/network_options.h"
#include "taskmanager/task/task_resources.h"
#include "taskmanager/worker/worker_session.h"

namespace weir::worker {

task::TaskEngineOptions EngineOptionsOf(const WorkerIdentity& identity, std::uint32_t slot_count,
                                        const Configuration& configuration);
network::JobIdentity JobIdentityOf(const WorkerIdentity& identity);
network::NetworkOptions NetworkOptionsOf(const Configuration& configuration);

}  // namespace weir::worker
