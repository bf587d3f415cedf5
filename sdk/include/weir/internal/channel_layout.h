// Which subtasks an edge connects. Plugin and engine compute it alike from the parallelisms.
#pragma once

#include <cstdint>
#include <vector>

#include <weir/internal/job_graph.h>

namespace weir::internal {

// Half-open range of subtask indexes.
struct SubtaskRange {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  std::uint32_t size() const { return end - first; }
  bool operator==(const SubtaskRange&) const = default;
};

// The target subtasks that source subtask `source` has channels to. All of them, but:
//  * kForward: the one with the same index;
//  * kRescale: as Flink's POINTWISE distribution: with fewer targets than sources several sources
//  share one target,
//    else each source has a contiguous range of targets; every target has at least one source.
SubtaskRange TargetsOf(Partitioning partitioning, std::uint32_t source,
                       std::uint32_t source_parallelism, std::uint32_t target_parallelism);

// The source subtasks that target subtask `target` has channels from: the inverse of TargetsOf.
SubtaskRange SourcesOf(Partitioning partitioning, std::uint32_t target,
                       std::uint32_t source_parallelism, std::uint32_t target_parallelism);

// The number of the channel on the wire: the edge's first number, assigned by the JobManager, plus
// this. Pointwise edges leave numbers unused.
constexpr std::uint32_t ChannelOffset(std::uint32_t source, std::uint32_t target,
                                      std::uint32_t target_parallelism) {
  return source * target_parallelism + target;
}

}  // namespace weir::internal
