#include "taskmanager/worker/worker_settings.h"

#include "common/settings.h"

namespace weir::worker {

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
              static_cast<std::uint32_t>(configuration.Get(settings::kMaximumBatchRecords))};
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
