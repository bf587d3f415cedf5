#include "jobmanager/rest/vertex_json.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "jobmanager/rest/job_json.h"

namespace weir::rest {

namespace {

constexpr std::array<std::string_view, 10> kTaskStates = {
    "CREATED",   "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING",
    "CANCELING", "FINISHED",  "CANCELED",  "FAILED",       "RECONCILING"};

// What Flink shows of a number over all subtasks.
Json Aggregate(std::vector<std::int64_t> values) {
  if (values.empty()) return nullptr;
  std::sort(values.begin(), values.end());
  std::int64_t sum = std::accumulate(values.begin(), values.end(), std::int64_t{0});
  auto percentile = [&](std::size_t percent) {
    return values[std::min(values.size() - 1, values.size() * percent / 100)];
  };
  return {{"min", values.front()},
          {"max", values.back()},
          {"avg", sum / static_cast<std::int64_t>(values.size())},
          {"sum", sum},
          {"median", percentile(50)},
          {"p25", percentile(25)},
          {"p75", percentile(75)},
          {"p95", percentile(95)}};
}

Json Aggregated(const VertexDetails& vertex) {
  Json metrics = Json::object();
  auto add = [&](const char* name, auto value_of) {
    std::vector<std::int64_t> values;
    for (const SubtaskDetails& subtask : vertex.subtasks) {
      values.push_back(static_cast<std::int64_t>(value_of(subtask.metrics)));
    }
    metrics[name] = Aggregate(std::move(values));
  };
  add("read-bytes", [](const IoMetrics& io) { return io.read_bytes; });
  add("write-bytes", [](const IoMetrics& io) { return io.write_bytes; });
  add("read-records", [](const IoMetrics& io) { return io.read_records; });
  add("write-records", [](const IoMetrics& io) { return io.write_records; });
  Json durations = Json::object();
  std::set<std::string> states;
  for (const SubtaskDetails& subtask : vertex.subtasks) {
    for (const auto& [state, duration_ms] : subtask.status_duration_ms) states.insert(state);
  }
  for (const std::string& state : states) {
    std::vector<std::int64_t> values;
    for (const SubtaskDetails& subtask : vertex.subtasks) {
      auto found = subtask.status_duration_ms.find(state);
      if (found != subtask.status_duration_ms.end()) values.push_back(found->second);
    }
    durations[state] = Aggregate(std::move(values));
  }
  return {{"metrics", std::move(metrics)}, {"status-duration", std::move(durations)}};
}

Json Subtask(const SubtaskDetails& subtask, std::int64_t now_ms) {
  return {{"subtask", subtask.index},
          {"status", subtask.state},
          {"status-details", subtask.status_details},
          {"attempt", subtask.attempt},
          {"endpoint", subtask.endpoint},
          {"taskmanager-id", subtask.task_manager_id},
          {"worker-pid", subtask.worker_pid},
          {"start-time", subtask.start_time_ms},
          {"end-time", subtask.end_time_ms},
          {"duration", DurationMs(subtask.start_time_ms, subtask.end_time_ms, now_ms)},
          {"metrics", MetricsJson(subtask.metrics)},
          {"status-duration", subtask.status_duration_ms},
          {"other-concurrent-attempts", nullptr}};
}

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

Json CountsJson(const StateCounts& counts) {
  Json json = Json::object();
  for (std::string_view state : kTaskStates) json[std::string(state)] = 0;
  for (const auto& [state, count] : counts) json[state] = count;
  return json;
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

Json MetricsJson(const IoMetrics& metrics) {
  return {{"read-bytes", metrics.read_bytes},
          {"read-bytes-complete", metrics.complete},
          {"write-bytes", metrics.write_bytes},
          {"write-bytes-complete", metrics.complete},
          {"read-records", metrics.read_records},
          {"read-records-complete", metrics.complete},
          {"write-records", metrics.write_records},
          {"write-records-complete", metrics.complete},
          {"accumulated-backpressured-time", metrics.accumulated_backpressured_time_ms},
          {"accumulated-idle-time", metrics.accumulated_idle_time_ms},
          {"accumulated-busy-time", metrics.accumulated_busy_time_ms}};
}

std::string VertexJson(const VertexDetails& vertex, std::int64_t now_ms) {
  Json subtasks = Json::array();
  for (const SubtaskDetails& subtask : vertex.subtasks) {
    subtasks.push_back(Subtask(subtask, now_ms));
  }
  return JsonText({{"id", vertex.id},
                   {"name", vertex.name},
                   {"parallelism", vertex.parallelism},
                   {"maxParallelism", vertex.max_parallelism},
                   {"status", vertex.state},
                   {"status-details", vertex.status_details},
                   {"now", now_ms},
                   {"aggregated", Aggregated(vertex)},
                   {"subtasks", std::move(subtasks)}});
}

}  // namespace weir::rest
