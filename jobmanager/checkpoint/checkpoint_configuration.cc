#include "jobmanager/checkpoint/checkpoint_configuration.h"

#include "common/configuration.h"
#include "common/state_backend_settings.h"
#include "common/text.h"
#include "jobmanager/checkpoint/checkpoint_folder.h"

namespace weir::jobmanager {
namespace {

Status NotSupportedYet(const SettingDescription& setting, std::string_view value) {
  return Status(StatusCode::kUnsupported,
                Concat("'", setting.key, "' is '", value, "', which is not supported yet"),
                ErrorDomain::kUser, RetryHint::kNoRetry);
}

Status CheckSupported(const Configuration& configuration) {
  if (configuration.Get(settings::kCheckpointingUnaligned)) {
    return NotSupportedYet(settings::kCheckpointingUnaligned, "true");
  }
  return CheckStateBackendSettings(configuration);
}

}  // namespace

Result<std::optional<CheckpointConfiguration>> CheckpointConfigurationOf(
    const Configuration& configuration) {
  using namespace settings;  // NOLINT: every line below reads one
  WEIR_RETURN_IF_ERROR(CheckSupported(configuration));
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
  result.mode = configuration.Get(kCheckpointingMode);
  result.retained = static_cast<std::size_t>(configuration.Get(kCheckpointingNumberRetained));
  result.retention = configuration.Get(kCheckpointingRetention);
  return std::optional<CheckpointConfiguration>(std::move(result));
}

}  // namespace weir::jobmanager
