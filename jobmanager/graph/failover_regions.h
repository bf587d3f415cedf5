// Failover regions: the parts of a job that can fail and start again without the rest. Two subtasks
// are in one region when a chain of channels joins them, whichever way the records go: all our
// edges are pipelined (Flink's PipelinedRegionComputeUtil over pipelined edges only). A job with a
// keyBy is one region; one that only maps has a region per subtask.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/job_graph.pb.h"

namespace weir::jobmanager {

// Numbered from 0 in the order of the first subtask of each, vertex by vertex. A value.
class FailoverRegions {
 public:
  // `graph` has passed CheckJobGraph.
  explicit FailoverRegions(const proto::JobGraph& graph);

  std::uint32_t count() const { return count_; }
  // The subtask exists.
  std::uint32_t RegionOf(std::uint32_t vertex, std::uint32_t subtask) const {
    return region_of_[vertex][subtask];
  }
  std::uint32_t SubtasksOf(std::uint32_t vertex) const {
    return static_cast<std::uint32_t>(region_of_[vertex].size());
  }

 private:
  std::vector<std::vector<std::uint32_t>> region_of_;  // by vertex, subtask
  std::uint32_t count_ = 0;
};

}  // namespace weir::jobmanager
