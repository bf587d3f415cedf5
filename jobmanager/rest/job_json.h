// JSON of jobs, in Flink's shapes; docs/rest-api.yaml describes each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobmanager/rest/cluster_view.h"

namespace weir::rest {

std::string JobsJson(const std::vector<JobSummary>& jobs);
std::string JobsOverviewJson(const std::vector<JobSummary>& jobs, std::int64_t now_ms);
std::string JobJson(const JobDetails& job);
std::string JobStatusJson(const JobDetails& job);
std::string JobPlanJson(const JobPlan& plan);
std::string JobExceptionsJson(const JobExceptions& exceptions);
std::string JobAccumulatorsJson(const std::vector<AccumulatorInfo>& accumulators);
// One vertex with its subtasks, at the job's time.
std::string VertexJson(const VertexDetails& vertex, std::int64_t now_ms);

}  // namespace weir::rest
