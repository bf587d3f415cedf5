#include "jobmanager/rest/vertex_summary.h"

#include <algorithm>
#include <array>

namespace weir::rest {

namespace {

constexpr std::array<std::string_view, 10> kTaskStates = {
    "CREATED",   "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING",
    "CANCELING", "FINISHED",  "CANCELED",  "FAILED",       "RECONCILING"};

}  // namespace

std::span<const std::string_view> TaskStates() {
  return kTaskStates;
}

std::int64_t DurationMs(std::int64_t start_ms, std::int64_t end_ms, std::int64_t now_ms) {
  if (start_ms < 0) return -1;
  // The wall clock can be set back.
  return std::max<std::int64_t>(0, (end_ms >= 0 ? end_ms : now_ms) - start_ms);
}

StateCounts CountStates(const VertexDetails& vertex) {
  StateCounts counts;
  for (const SubtaskDetails& subtask : vertex.subtasks) ++counts[subtask.state];
  return counts;
}

IoMetrics SumOfMetrics(const VertexDetails& vertex) {
  IoMetrics sum;
  sum.complete = !vertex.subtasks.empty();
  for (const SubtaskDetails& subtask : vertex.subtasks) {
    const IoMetrics& io = subtask.metrics;
    sum.read_bytes += io.read_bytes;
    sum.write_bytes += io.write_bytes;
    sum.read_records += io.read_records;
    sum.write_records += io.write_records;
    sum.accumulated_backpressured_time_ms += io.accumulated_backpressured_time_ms;
    sum.accumulated_idle_time_ms += io.accumulated_idle_time_ms;
    sum.accumulated_busy_time_ms += io.accumulated_busy_time_ms;
    sum.complete = sum.complete && io.complete;
  }
  return sum;
}

}  // namespace weir::rest
