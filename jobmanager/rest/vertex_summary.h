// Sums over the subtasks of a vertex, as the REST API shows them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "jobmanager/rest/cluster_view.h"

namespace weir::rest {

// All states of a task, as Flink names and orders them.
std::span<const std::string_view> TaskStates();

// From start to end or, without an end, to now; -1 before the start.
std::int64_t DurationMs(std::int64_t start_ms, std::int64_t end_ms, std::int64_t now_ms);

// How many subtasks are in each state.
StateCounts CountStates(const VertexDetails& vertex);

// Sums; complete when every subtask has reported.
IoMetrics SumOfMetrics(const VertexDetails& vertex);

}  // namespace weir::rest
