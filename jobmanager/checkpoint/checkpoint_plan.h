// What a checkpoint of a job consists of at one moment: which tasks must acknowledge it, where the
// barrier starts. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include <weir/status.h>

#include "jobmanager/graph/execution_graph.h"

namespace weir::jobmanager {

// One subtask of a job. Orders by vertex, then subtask.
struct SubtaskIndex {
  std::uint32_t vertex = 0;
  std::uint32_t subtask = 0;
  auto operator<=>(const SubtaskIndex&) const = default;
};

struct CheckpointTask {
  SubtaskIndex index;
  std::uint32_t attempt = 0;
  bool finished = false;  // it has ended and has no state any more
  // The barrier starts here: a source, or a task that gets none because everything before it has
  // finished (Flink, FLIP-147).
  bool starts_barrier = false;
};

// Every subtask of the job, vertex after vertex.
using CheckpointPlan = std::vector<CheckpointTask>;

// FAILED_PRECONDITION, with the reason, while some task neither runs nor has finished, or when all
// have finished.
Result<CheckpointPlan> PlanCheckpoint(const ExecutionGraph& graph);

}  // namespace weir::jobmanager
