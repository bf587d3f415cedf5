// What the settings execution.checkpointing.* and state.* say about the checkpoints of one job.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <weir/status.h>

#include "common/checkpoint_settings.h"
#include "jobmanager/checkpoint/checkpoint_coordinator.h"

namespace weir {
class Configuration;
}

namespace weir::jobmanager {

struct CheckpointConfiguration {
  CheckpointPolicy policy;
  CheckpointingMode mode = CheckpointingMode::kExactlyOnce;
  std::string directory;  // what CheckpointDirectoryOf() made of execution.checkpointing.dir
  std::size_t retained = 1;
  CheckpointRetention retention = CheckpointRetention::kNone;
};

// None: the job takes no checkpoints (no interval is set). INVALID_ARGUMENT where settings do not
// fit together, UNSUPPORTED for what this version does not do; both name the settings.
Result<std::optional<CheckpointConfiguration>> CheckpointConfigurationOf(
    const Configuration& configuration);

}  // namespace weir::jobmanager
