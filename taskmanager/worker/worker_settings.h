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

struct WorkerSlots {
  std::uint32_t count = 1;   // of the TaskManager: the numbers that slots of tasks can have
  std::uint32_t of_job = 1;  // those the job has: the worker's share of the TaskManager's memory
};

task::TaskEngineOptions EngineOptionsOf(const WorkerIdentity& identity, const WorkerSlots& slots,
                                        const Configuration& configuration);
// Whether a task that is lost may come back: the job takes checkpoints or has a restart strategy.
bool SubtasksRestart(const Configuration& configuration);
network::JobIdentity JobIdentityOf(const WorkerIdentity& identity);
network::NetworkOptions NetworkOptionsOf(const Configuration& configuration);

}  // namespace weir::worker
