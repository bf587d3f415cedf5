// The cluster's figures in the text format that Prometheus reads
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobmanager/rest/cluster_view.h"

namespace weir::rest {

struct JobFigures {
  JobDetails job;
  std::optional<JobCheckpointsInfo> checkpoints;  // of a job that takes some
};

struct ClusterFigures {
  ClusterOverview overview;
  std::vector<JobFigures> jobs;
};

inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

// Counters begin again when a subtask's next attempt starts, as Prometheus expects of restarts.
std::string MetricsText(const ClusterFigures& figures);

}  // namespace weir::rest
