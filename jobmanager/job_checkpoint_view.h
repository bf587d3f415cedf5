// A job's checkpoints as the REST server shows them: plain values made on the event loop.
#pragma once

#include <optional>

#include "jobmanager/job/job_master.h"
#include "jobmanager/rest/checkpoint_view.h"

namespace weir::jobmanager {

// None: the job takes no checkpoints and started from none.
std::optional<rest::JobCheckpointsInfo> CheckpointsOf(const JobMaster& job);

}  // namespace weir::jobmanager
