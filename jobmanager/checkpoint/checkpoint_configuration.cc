#include "jobmanager/checkpoint/checkpoint_configuration.h"

#include "common/configuration.h"
#include "common/state_backend_settings.h"
#include "common/text.h"
#include "jobmanager/checkpoint/checkpoint_folder.h"

namespace weir::jobmanager {
namespace {

// As in Flink.
Status CheckUnaligned(const CheckpointConfiguration& checkpoints) {
  if (!checkpoints.policy.unaligned) return Status();
  if (checkpoints.mode == CheckpointingMode::kAtLeastOnce) {
    return Status::InvalidArgument(Concat("'", settings::kCheckpointingUnaligned.key,
                                          "' goes with '", settings::kCheckpointingMode.key,
                                          "' EXACTLY_ONCE, not AT_LEAST_ONCE"));
  }
  if (checkpoints.policy.max_concurrent > 1) {
    return Status::InvalidArgument(Concat(
        "'", settings::kCheckpointingUnaligned.key, "' goes with '",
        settings::kCheckpointingMaxConcurrent.key, "' 1, not ", checkpoints.policy.max_concurrent));
  }
  return Status();
}

}  // namespace

Result<std::optional<CheckpointConfiguration>> CheckpointConfigurationOf(
    const Configuration& configuration) {
  using namespace settings;  // NOLINT: every line below reads one
  WEIR_RETURN_IF_ERROR(CheckStateBackendSettings(configuration));
  const auto interval = configuration.Find(kCheckpointingInterval);
  if (!interval) return std::optional<CheckpointConfiguration>();
  const std::optional<std::string> directory = configuration.Find(kCheckpointingDirectory);
  if (!directory || directory->empty()) {
    return Status::InvalidArgument(Concat("'", kCheckpointingInterval.key, "' is set, but '",
                                          kCheckpointingDirectory.key,
                                          "', the folder for checkpoints, is not"));
  }
  CheckpointConfiguration result;
  WEIR_ASSIGN_OR_RETURN(result.directory, CheckpointDirectoryOf(*directory));
  result.policy.interval_ms = interval->count();
  result.policy.min_pause_ms = configuration.Get(kCheckpointingMinPause).count();
  result.policy.timeout_ms = configuration.Get(kCheckpointingTimeout).count();
  result.policy.max_concurrent = configuration.Get(kCheckpointingMaxConcurrent);
  result.policy.tolerable_failures = configuration.Get(kCheckpointingTolerableFailures);
  result.policy.unaligned = configuration.Get(kCheckpointingUnaligned);
  result.policy.aligned_timeout_ms = configuration.Get(kCheckpointingAlignedTimeout).count();
  result.mode = configuration.Get(kCheckpointingMode);
  WEIR_RETURN_IF_ERROR(CheckUnaligned(result));
  result.retained = static_cast<std::size_t>(configuration.Get(kCheckpointingNumberRetained));
  result.retention = configuration.Get(kCheckpointingRetention);
  return std::optional<CheckpointConfiguration>(std::move(result));
}

}  // namespace weir::jobmanager
