#include "taskmanager/worker/worker_settings.h"

#include <string_view>

#include "common/settings.h"

namespace weir::worker {
namespace {

// The job's folder in it; empty where there is none. The JobManager has checked that it is an
// absolute path or "file:///…" before it started the job.
std::string CheckpointDirectoryOf(const std::string& job_id, const Configuration& configuration) {
  constexpr std::string_view kFileScheme = "file://";
  if (!configuration.IsSet(settings::kCheckpointingDirectory)) return "";
  const std::string setting = configuration.Get(settings::kCheckpointingDirectory);
  std::string_view path = setting;
  if (path.starts_with(kFileScheme)) path.remove_prefix(kFileScheme.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path) + "/" + job_id;
}

}  // namespace

task::TaskEngineOptions EngineOptionsOf(const WorkerIdentity& identity, std::uint32_t slot_count,
                                        const Configuration& configuration) {
  return {.worker_id = identity.worker_id,
          .job_id = identity.job_id,
          .slot_count = slot_count,
          .credits_per_channel =
              static_cast<std::uint32_t>(configuration.Get(settings::kCreditsPerChannel)),
          .overdraft_batches =
              static_cast<std::uint32_t>(configuration.Get(settings::kOverdraftBuffers)),
          .buffer_timeout_ms = configuration.Get(settings::kBufferTimeout).count(),
          .auto_watermark_interval_ms = configuration.Get(settings::kAutoWatermarkInterval).count(),
          .maximum_batch_records =
              static_cast<std::uint32_t>(configuration.Get(settings::kMaximumBatchRecords)),
          .checkpoints_enabled = configuration.IsSet(settings::kCheckpointingInterval),
          .exactly_once =
              configuration.Get(settings::kCheckpointingMode) == CheckpointingMode::kExactlyOnce,
          .checkpoint_directory = CheckpointDirectoryOf(identity.job_id, configuration),
          .inline_state_bytes = static_cast<std::size_t>(
              configuration.Get(settings::kCheckpointingInlineThreshold).bytes)};
}

network::JobIdentity JobIdentityOf(const WorkerIdentity& identity) {
  return {.cluster_id = identity.cluster_id,
          .job_id = identity.job_id,
          .job_epoch = identity.job_epoch,
          .leader_epoch = identity.leader_epoch,
          .leader_session_id = identity.leader_id,
          .credential = ""};
}

network::NetworkOptions NetworkOptionsOf(const Configuration& configuration) {
  const auto credits = static_cast<std::uint32_t>(configuration.Get(settings::kCreditsPerChannel));
  return {.credits = {.exclusive = credits, .maximum_floating = credits}};
}

}  // namespace weir::worker
