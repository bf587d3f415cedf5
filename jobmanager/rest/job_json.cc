#include "jobmanager/rest/job_json.h"

#include <array>

#include "jobmanager/rest/json_text.h"
#include "jobmanager/rest/vertex_json.h"

namespace weir::rest {

namespace {

constexpr std::array<std::string_view, 11> kJobStates = {
    "INITIALIZING", "CREATED",  "RUNNING",    "FAILING",   "FAILED",     "CANCELLING",
    "CANCELED",     "FINISHED", "RESTARTING", "SUSPENDED", "RECONCILING"};

std::string InSmallLetters(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

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
  for (std::string_view state : TaskStates()) tasks[InSmallLetters(state)] = 0;
  for (const auto& [state, count] : counts) tasks[InSmallLetters(state)] = count;
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

}  // namespace weir::rest
