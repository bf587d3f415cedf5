// From the DataStream program to a CompiledJob: chains, ids, checks.
//
// Two operators share a chain, as in Flink, when the edge between them is the only input of the
// second, is forward (or a keyBy from one subtask to one), and both have the same parallelism, slot
// sharing group, max parallelism and .Blocking(); and neither forbids it,
// nor does the setting `pipeline.operator-chaining.enabled`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <weir/internal/compiled_job.h>
#include <weir/internal/stream_graph.h>
#include <weir/status.h>

namespace weir::internal {

inline constexpr char kOperatorChainingKey[] = "pipeline.operator-chaining.enabled";
inline constexpr char kMaxParallelismKey[] = "pipeline.max-parallelism";

// What a configuration says of the max parallelism; none: nothing, or -1. What is no number is
// refused by whoever takes the job.
std::optional<std::uint32_t> MaxParallelismSetting(
    const std::map<std::string, std::string>& configuration);

// Errors are InvalidArgument of domain kUser and name the operator.
Result<std::unique_ptr<CompiledJob>> CompileStreamGraph(std::shared_ptr<const StreamGraph> graph);

// What Flink derives: the next power of two above one and a half times the parallelism, at least
// 128, at most 32768.
std::uint32_t DefaultMaxParallelism(std::uint32_t parallelism);

}  // namespace weir::internal
