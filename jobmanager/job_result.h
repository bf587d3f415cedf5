// What can be seen of a job after its end, as values and as the metadata store keeps it.
#pragma once

#include <optional>
#include <vector>

#include "jobmanager/rest/cluster_view.h"
#include "proto/metadata.pb.h"

namespace weir::jobmanager {

class JobMaster;

struct ArchivedJob {
  rest::JobDetails details;
  rest::JobExceptions exceptions;
  std::vector<rest::AccumulatorInfo> accumulators;
  // Of a job that ended under this JobManager and had to do with checkpoints.
  std::optional<rest::JobCheckpointsInfo> checkpoints{};
};

ArchivedJob ArchiveOf(const JobMaster& job, std::int64_t now_ms);

// The graph is not part of an archived job: its plan is made from it.
proto::JobResult ToRecord(const ArchivedJob& job, const proto::JobGraph& graph);
// What a later version stored beside is not shown.
ArchivedJob FromRecord(const proto::JobResult& result);

// A job of the metadata store that could not be recovered: SUSPENDED, with the reason.
ArchivedJob UnrecoverableJob(const std::string& job_id, const std::string& name,
                             const Status& reason, std::int64_t now_ms);

}  // namespace weir::jobmanager
