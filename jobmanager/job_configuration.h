// The settings of one job: the cluster's, over them the request's, over those the program's own.
#pragma once

#include <map>
#include <string>

#include <weir/status.h>

#include "common/configuration.h"
#include "jobmanager/job/job_submission.h"

namespace weir::jobmanager {

// Whether a setting may differ between jobs: parallelism, pipeline, execution, state, restart
// strategy, tasks, network buffers, slot.request.timeout.
bool IsJobSetting(std::string_view key);

// Adds `settings` to `configuration`. INVALID_ARGUMENT, starting with `origin`, for unknown keys,
// wrong values and settings that concern the cluster.
Status AddJobSettings(const std::map<std::string, std::string>& settings, std::string_view origin,
                      Configuration& configuration);

// The given values that workers and tasks read.
std::map<std::string, std::string> JobSettingsOf(const Configuration& configuration);

// The cluster's time-outs with the job's own.
JobTimings TimingsOf(JobTimings cluster, const Configuration& configuration);

}  // namespace weir::jobmanager
