// What each new subtask, and each coordinator, restores of a checkpoint. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <weir/status.h>

#include "proto/checkpoint.pb.h"
#include "proto/job_graph.pb.h"
#include "proto/session.pb.h"

namespace weir::jobmanager {

struct StateAssignment {
  // By vertex index and subtask. A vertex none of whose operators is in the checkpoint has no
  // entries: it starts afresh.
  std::vector<std::vector<proto::TaskRestore>> tasks;
  // By vertex index and operator index.
  std::map<std::pair<std::uint32_t, std::uint32_t>, proto::CoordinatorRestore> coordinators;

  // Null: it starts afresh.
  const proto::TaskRestore* RestoreOf(std::uint32_t vertex, std::uint32_t subtask) const;
  const proto::CoordinatorRestore* CoordinatorRestoreOf(std::uint32_t vertex,
                                                        std::uint32_t operator_index) const;
};

// For every operator of the graph the old vertex that has its id. A new subtask gets the old
// subtasks of that vertex whose key groups intersect its own; all of them, in order, where they
// have operator state that has to be divided anew or given to all (RedistributeOperatorState). Old
// subtasks without handles and stores (finished ones, those without state) are left out.
//
// `metadata` has passed CheckCheckpointMetadata(), `graph` CheckJobGraph(). `directory`: the job's
// checkpoint folder that the handles are relative to; goes into the answers.
//
// FailedPrecondition, naming vertex or operator, where state would be lost or torn:
//  * an operator of the checkpoint with state that the graph does not have;
//  * state of a vertex whose max parallelism is another one now;
//  * another parallelism where subtasks with union or broadcast state had finished and others not;
//  * a coordinator's state for an operator that has no coordinator any more, or no state for the
//    coordinator of an operator whose subtasks are restored.
Result<StateAssignment> AssignState(const proto::CheckpointMetadata& metadata,
                                    const std::string& directory, const proto::JobGraph& graph);

}  // namespace weir::jobmanager
