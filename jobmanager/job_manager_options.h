// What the JobManager is told at its start, read once from the configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/configuration.h"
#include "jobmanager/job/job_submission.h"

namespace weir::jobmanager {

// Protocol versions of proto/session.proto that this JobManager speaks.
inline constexpr std::uint32_t kMinimumProtocolVersion = 1;
inline constexpr std::uint32_t kMaximumProtocolVersion = 1;

struct JobManagerOptions {
  Configuration configuration;  // the cluster's; a job's own goes over it
  std::string cluster_id = "default";
  std::string credential;  // what every hello must carry; empty: none is asked for
  JobTimings timings;
  std::size_t exception_history_size = 16;
  std::size_t job_history_size = 100;  // ended jobs that are remembered
  // Plugins and blobs; on one file system with the REST server's spool directory.
  std::string plugin_directory;

  static JobManagerOptions FromConfiguration(const Configuration& configuration,
                                             const std::string& plugin_directory);
};

}  // namespace weir::jobmanager
