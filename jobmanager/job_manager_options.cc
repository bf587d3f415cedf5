#include "jobmanager/job_manager_options.h"

#include "common/settings.h"

namespace weir::jobmanager {

JobManagerOptions JobManagerOptions::FromConfiguration(const Configuration& configuration,
                                                       const std::string& plugin_directory) {
  JobManagerOptions options;
  options.configuration = configuration;
  options.cluster_id = configuration.Get(settings::kHighAvailabilityClusterId);
  options.plugin_directory = plugin_directory;
  options.exception_history_size =
      static_cast<std::size_t>(configuration.Get(settings::kWebExceptionHistorySize));
  options.timings.slot_request_timeout_ms =
      configuration.Get(settings::kSlotRequestTimeout).count();
  options.timings.cancellation_timeout_ms =
      configuration.Get(settings::kTaskCancellationTimeout).count();
  options.timings.lease_ms = configuration.Get(settings::kJobManagerWorkerLeaseDuration).count();
  options.timings.heartbeat_interval_ms = configuration.Get(settings::kHeartbeatInterval).count();
  options.timings.heartbeat_timeout_ms = configuration.Get(settings::kHeartbeatTimeout).count();
  return options;
}

}  // namespace weir::jobmanager
