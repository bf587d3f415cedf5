// What a JobMaster gets from the JobManager around it. All of it outlives the JobMaster and is used
// on the event loop.
#pragma once

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/random.h"
#include "jobmanager/scheduler/resource_manager.h"

namespace weir::jobmanager {

struct JobServices {
  EventLoop& loop;
  Clock& clock;
  Random& random;
  ResourceManager& resources;
  proto::LeaderSession leader;
};

}  // namespace weir::jobmanager
