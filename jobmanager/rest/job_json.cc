#include "jobmanager/rest/job_json.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include <nlohmann/json.hpp>

#include "common/text.h"
#include "jobmanager/rest/json_text.h"
#include "jobmanager/rest/vertex_summary.h"

namespace weir::rest {

namespace {

constexpr std::array<std::string_view, 11> kJobStates = {
    "INITIALIZING", "CREATED",  "RUNNING",    "FAILING",   "FAILED",     "CANCELLING",
    "CANCELED",     "FINISHED", "RESTARTING", "SUSPENDED", "RECONCILING"};

Json Timestamps(const std::map<std::string, std::int64_t>& given) {
  Json timestamps = Json::object();
  for (std::string_view state : kJobStates) timestamps[std::string(state)] = 0;
  for (const auto& [state, time_ms] : given) timestamps[state] = time_ms;
  return timestamps;
}

// In /jobs/overview Flink writes the states in small letters.
Json OverviewTasks(const StateCounts& counts) {
  Json tasks = Json::object();
  int total = 0;
  for (const auto& [state, count] : counts) total += count;
  tasks["total"] = total;
  for (std::string_view state : TaskStates()) tasks[ToLower(state)] = 0;
  for (const auto& [state, count] : counts) tasks[ToLower(state)] = count;
  return tasks;
}

Json Plan(const JobPlan& plan) {
  Json nodes = Json::array();
  for (const PlanNode& node : plan.nodes) {
    Json json = {{"id", node.id},
                 {"parallelism", node.parallelism},
                 {"operator", ""},
                 {"operator_strategy", ""},
                 {"description", node.description}};
    for (const PlanInput& input : node.inputs) {
      json["inputs"].push_back({{"num", input.number},
                                {"id", input.source_id},
                                {"ship_strategy", input.ship_strategy},
                                {"exchange", input.exchange}});
    }
    json["optimizer_properties"] = Json::object();
    nodes.push_back(std::move(json));
  }
  return {{"jid", plan.job_id},
          {"name", plan.name},
          {"type", "STREAMING"},
          {"nodes", std::move(nodes)}};
}

Json CountsJson(const StateCounts& counts) {
  Json json = Json::object();
  for (std::string_view state : TaskStates()) json[std::string(state)] = 0;
  for (const auto& [state, count] : counts) json[state] = count;
  return json;
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

Json VertexSummary(const VertexDetails& vertex, std::int64_t now_ms) {
  return {{"id", vertex.id},
          {"slotSharingGroupId", vertex.slot_sharing_group},
          {"name", vertex.name},
          {"maxParallelism", vertex.max_parallelism},
          {"parallelism", vertex.parallelism},
          {"status", vertex.state},
          {"status-details", vertex.status_details},
          {"start-time", vertex.start_time_ms},
          {"end-time", vertex.end_time_ms},
          {"duration", DurationMs(vertex.start_time_ms, vertex.end_time_ms, now_ms)},
          {"tasks", CountsJson(CountStates(vertex))},
          {"metrics", MetricsJson(SumOfMetrics(vertex))}};
}

Json Entry(const ExceptionEntry& entry) {
  Json json = {{"exceptionName", entry.name},
               {"stacktrace", entry.stacktrace},
               {"timestamp", entry.timestamp_ms},
               {"failureLabels", entry.failure_labels},
               {"taskName", entry.task_name},
               {"endpoint", entry.endpoint},
               {"taskManagerId", entry.task_manager_id},
               {"concurrentExceptions", Json::array()}};
  // One level: what failed because of this failure has no such list of its own.
  for (const ExceptionEntry& concurrent : entry.concurrent) {
    json["concurrentExceptions"].push_back({{"exceptionName", concurrent.name},
                                            {"stacktrace", concurrent.stacktrace},
                                            {"timestamp", concurrent.timestamp_ms},
                                            {"failureLabels", concurrent.failure_labels},
                                            {"taskName", concurrent.task_name},
                                            {"endpoint", concurrent.endpoint},
                                            {"taskManagerId", concurrent.task_manager_id}});
  }
  return json;
}

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

std::string JobsJson(const std::vector<JobSummary>& jobs) {
  Json list = Json::array();
  for (const JobSummary& job : jobs) list.push_back({{"id", job.id}, {"status", job.state}});
  return JsonText({{"jobs", std::move(list)}});
}

std::string JobsOverviewJson(const std::vector<JobSummary>& jobs, std::int64_t now_ms) {
  Json list = Json::array();
  for (const JobSummary& job : jobs) {
    list.push_back({{"jid", job.id},
                    {"name", job.name},
                    {"start-time", job.start_time_ms},
                    {"end-time", job.end_time_ms},
                    {"duration", DurationMs(job.start_time_ms, job.end_time_ms, now_ms)},
                    {"state", job.state},
                    {"last-modification", job.last_modification_ms},
                    {"tasks", OverviewTasks(job.tasks)},
                    {"status-details", job.status_details}});
  }
  return JsonText({{"jobs", std::move(list)}});
}

std::string JobJson(const JobDetails& job) {
  const JobSummary& summary = job.summary;
  Json json = {{"jid", summary.id},
               {"name", summary.name},
               {"isStoppable", false},
               {"state", summary.state},
               {"job-type", "STREAMING"},
               {"start-time", summary.start_time_ms},
               {"end-time", summary.end_time_ms},
               {"duration", DurationMs(summary.start_time_ms, summary.end_time_ms, job.now_ms)},
               {"maxParallelism", job.max_parallelism},
               {"now", job.now_ms},
               {"timestamps", Timestamps(job.timestamps)},
               {"vertices", Json::array()}};
  StateCounts vertex_states;
  for (const VertexDetails& vertex : job.vertices) {
    json["vertices"].push_back(VertexSummary(vertex, job.now_ms));
    ++vertex_states[vertex.state];
  }
  json["status-counts"] = CountsJson(vertex_states);
  json["plan"] = Plan(job.plan);
  json["restarts"] = job.restarts;
  json["status-details"] = summary.status_details;
  json["warnings"] = job.warnings;
  json["coordinator"] = nullptr;
  if (!job.coordinator.state.empty()) {
    json["coordinator"] = {{"status", job.coordinator.state},
                           {"taskmanager-id", job.coordinator.task_manager_id},
                           {"pid", job.coordinator.pid}};
  }
  return JsonText(json);
}

std::string JobStatusJson(const JobDetails& job) {
  return JsonText({{"status", job.summary.state}});
}

std::string JobPlanJson(const JobPlan& plan) {
  return JsonText({{"plan", Plan(plan)}});
}

std::string JobExceptionsJson(const JobExceptions& exceptions) {
  Json entries = Json::array();
  for (const ExceptionEntry& entry : exceptions.entries) entries.push_back(Entry(entry));
  // The root exception beside the history is what Flink 1 answers; its tools still read it.
  Json root = nullptr;
  Json timestamp = nullptr;
  if (!exceptions.entries.empty()) {
    root = exceptions.entries.front().stacktrace;
    timestamp = exceptions.entries.front().timestamp_ms;
  }
  return JsonText({{"root-exception", std::move(root)},
                   {"timestamp", std::move(timestamp)},
                   {"all-exceptions", Json::array()},
                   {"truncated", exceptions.truncated},
                   {"exceptionHistory",
                    {{"entries", std::move(entries)}, {"truncated", exceptions.truncated}}}});
}

std::string JobAccumulatorsJson(const std::vector<AccumulatorInfo>& accumulators) {
  Json list = Json::array();
  for (const AccumulatorInfo& accumulator : accumulators) {
    list.push_back(
        {{"name", accumulator.name}, {"type", accumulator.type}, {"value", accumulator.value}});
  }
  return JsonText({{"job-accumulators", Json::array()},
                   {"user-task-accumulators", std::move(list)},
                   {"serialized-user-task-accumulators", Json::object()}});
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
