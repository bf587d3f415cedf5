// Jobs and TaskManagers as the REST server shows them: plain values made from the live objects, on
// the event loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobmanager/job/job_master.h"
#include "jobmanager/rest/cluster_view.h"

namespace weir::jobmanager {

rest::JobSummary SummaryOf(const JobMaster& job);
rest::JobDetails DetailsOf(const JobMaster& job, std::int64_t now_ms);
rest::JobExceptions ExceptionsOf(const JobMaster& job);
// The users' accumulators, merged over the subtasks.
std::vector<rest::AccumulatorInfo> AccumulatorsOf(const JobMaster& job);
rest::JobPlan PlanOf(const proto::JobGraph& graph, const std::string& job_id);

// `jobs`: all that may have slots there.
rest::TaskManagerDetails TaskManagerDetailsOf(const RegisteredTaskManager& registered,
                                              const SlotManager& slots,
                                              const std::vector<const JobMaster*>& jobs);

}  // namespace weir::jobmanager
