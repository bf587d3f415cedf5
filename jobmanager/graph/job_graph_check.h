// What must hold of a JobGraph before anything is started for it. The graph comes from a child
// process that ran user code: every number in it is checked.
#pragma once

#include <cstdint>

#include <weir/status.h>

#include "proto/job_graph.pb.h"

namespace weir::jobmanager {

inline constexpr std::uint32_t kJobGraphFormatVersion = 1;
inline constexpr std::uint32_t kHighestMaxParallelism = 32768;
// A bound on what one job may ask of the JobManager's memory: subtasks, and channels between them
// (channel numbers are 32 bits on the wire).
inline constexpr std::uint64_t kMostSubtasks = 262144;
inline constexpr std::uint64_t kMostChannels = UINT64_C(1) << 31;

// Ok, or INVALID_ARGUMENT that names the vertex: no vertices, no source, ids that are empty or
// given twice, parallelism 0 or above max parallelism, max parallelism no power of two or above
// 32768, an edge with a vertex that is not there, into a source, against the topological order (so
// there are no cycles) or with forward partitioning between different parallelisms, a vertex that
// is no source and has no input.
Status CheckJobGraph(const proto::JobGraph& graph);

}  // namespace weir::jobmanager
