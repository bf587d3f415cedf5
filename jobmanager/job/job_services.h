// What a JobMaster gets from the JobManager around it. All of it outlives the JobMaster and is used
// on the event loop.
#pragma once

#include <functional>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/random.h"
#include "jobmanager/job/job_checkpoint_store.h"
#include "jobmanager/scheduler/resource_manager.h"

namespace weir::jobmanager {

struct JobServices {
  EventLoop& loop;
  Clock& clock;
  Random& random;
  ResourceManager& resources;
  proto::LeaderSession leader;
  // Never null for a job whose submission has a checkpoint_start.
  const CheckpointServices* checkpoints = nullptr;
  // The job has just become FINISHED, CANCELED or FAILED; its processes still end. Called inside
  // the JobMaster: it may be looked at, not called. Empty: nobody needs to know.
  std::function<void()> on_terminal = {};
};

}  // namespace weir::jobmanager
