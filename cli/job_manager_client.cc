#include "cli/job_manager_client.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "common/http_target.h"
#include "common/text.h"

namespace weir::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string Indented(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// The server's words, {"errors":["…"]}, or what else it said.
Status ErrorOf(const HttpAnswer& answer) {
  std::string message;
  Json body = Json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (body.is_object() && body.contains("errors") && body["errors"].is_array()) {
    for (const Json& error : body["errors"]) {
      if (!error.is_string()) continue;
      if (!message.empty()) message += "\n";
      message += error.get<std::string>();
    }
  }
  if (message.empty()) message = Concat("the server answered with HTTP status ", answer.status);
  switch (answer.status) {
    case 400:
    case 403:
      return Status::InvalidArgument(message);
    case 404:
      return Status::NotFound(message);
    case 409:
      return Status(StatusCode::kFailedPrecondition, message);
    case 413:
    case 503:
      return Status(StatusCode::kResourceExhausted, message);
    default:
      return Status::Internal(message);
  }
}

Result<Json> ParseAnswer(Result<HttpAnswer> answer) {
  if (!answer.ok()) return answer.status();
  if (answer->status < 200 || answer->status > 299) return ErrorOf(*answer);
  Json body = Json::parse(answer->body, nullptr, /*allow_exceptions=*/false);
  if (body.is_object()) return body;
  return Status::Corruption("the server's answer is not a JSON object; is it a Weir JobManager?");
}

// Runs `read` on the answer; a member that is missing or of another type is kCorruption.
template <class Read>
auto ReadAnswer(Result<HttpAnswer> answer, Read read) -> Result<decltype(read(Json()))> {
  WEIR_ASSIGN_OR_RETURN(Json body, ParseAnswer(std::move(answer)));
  try {
    return read(body);
  } catch (const Json::exception& exception) {
    return Status::Corruption(
        Concat("cannot read the server's answer (is it a Weir JobManager?): ", exception.what()));
  }
}

// Flink's servers do not have what Weir adds.
std::string Optional(const Json& json, const char* name) {
  auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

JobReport ReadJob(const Json& json) {
  JobReport job;
  job.id = json.at("jid").get<std::string>();
  job.name = json.at("name").get<std::string>();
  job.state = json.at("state").get<std::string>();
  job.start_time_ms = json.at("start-time").get<std::int64_t>();
  job.duration_ms = json.at("duration").get<std::int64_t>();
  job.status_details = Optional(json, "status-details");
  return job;
}

VertexReport ReadVertex(const Json& json) {
  VertexReport vertex;
  vertex.id = json.at("id").get<std::string>();
  vertex.name = json.at("name").get<std::string>();
  vertex.state = json.at("status").get<std::string>();
  vertex.parallelism = json.at("parallelism").get<int>();
  vertex.running = json.at("tasks").at("RUNNING").get<int>();
  vertex.read_records = json.at("metrics").at("read-records").get<std::int64_t>();
  vertex.write_records = json.at("metrics").at("write-records").get<std::int64_t>();
  vertex.status_details = Optional(json, "status-details");
  return vertex;
}

JobDetailsReport ReadJobDetails(const Json& json) {
  JobDetailsReport details;
  details.job = ReadJob(json);
  for (const Json& vertex : json.at("vertices")) {
    details.vertices.push_back(ReadVertex(vertex));
    details.job.tasks_running += details.vertices.back().running;
    details.job.tasks_total += details.vertices.back().parallelism;
  }
  details.restarts = json.value("restarts", 0);
  for (const Json& warning : json.value("warnings", Json::array())) {
    details.warnings.push_back(warning.get<std::string>());
  }
  return details;
}

CheckpointReport ReadCheckpoint(const Json& json) {
  CheckpointReport checkpoint;
  checkpoint.id = json.at("id").get<std::int64_t>();
  checkpoint.status = json.at("status").get<std::string>();
  checkpoint.trigger_time_ms = json.at("trigger_timestamp").get<std::int64_t>();
  checkpoint.duration_ms = json.at("end_to_end_duration").get<std::int64_t>();
  checkpoint.state_bytes = json.at("state_size").get<std::int64_t>();
  checkpoint.tasks_acknowledged = json.at("num_acknowledged_subtasks").get<std::int64_t>();
  checkpoint.tasks_total = json.at("num_subtasks").get<std::int64_t>();
  checkpoint.path = Optional(json, "external_path");
  checkpoint.failure = Optional(json, "failure_message");
  checkpoint.discarded = json.value("discarded", false);
  return checkpoint;
}

Json CheckpointJson(const CheckpointReport& checkpoint) {
  Json json = {{"id", checkpoint.id},
               {"status", checkpoint.status},
               {"trigger-time", checkpoint.trigger_time_ms},
               {"duration", checkpoint.duration_ms},
               {"state-size", checkpoint.state_bytes}};
  if (!checkpoint.path.empty()) {
    json["path"] = checkpoint.path;
    json["discarded"] = checkpoint.discarded;
  }
  if (!checkpoint.failure.empty()) json["failure"] = checkpoint.failure;
  return json;
}

std::string JobPath(const std::string& job_id, std::string_view rest = "") {
  return Concat("/v1/jobs/", PercentEncode(job_id), rest);
}

std::string PluginPath(const std::string& plugin_id, std::string_view rest = "") {
  return Concat("/v1/jars/", PercentEncode(plugin_id), rest);
}

std::string RequestText(const ProgramRequest& request) {
  Json json = Json::object();
  if (!request.entry_class.empty()) json["entryClass"] = request.entry_class;
  if (!request.arguments.empty()) json["programArgsList"] = request.arguments;
  if (request.parallelism > 0) json["parallelism"] = request.parallelism;
  if (!request.configuration.empty()) json["flinkConfiguration"] = request.configuration;
  if (!request.savepoint_path.empty()) json["savepointPath"] = request.savepoint_path;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

JobManagerClient::JobManagerClient(SocketAddress server, HttpClientOptions options)
    : http_(std::move(server), options) {}

Result<ClusterReport> JobManagerClient::GetCluster() {
  return ReadAnswer(http_.Get("/v1/overview"), [](const Json& json) {
    ClusterReport cluster;
    cluster.task_managers = json.at("taskmanagers").get<int>();
    cluster.slots_total = json.at("slots-total").get<int>();
    cluster.slots_available = json.at("slots-available").get<int>();
    cluster.jobs_running = json.at("jobs-running").get<int>();
    cluster.jobs_finished = json.at("jobs-finished").get<int>();
    cluster.jobs_canceled = json.at("jobs-cancelled").get<int>();
    cluster.jobs_failed = json.at("jobs-failed").get<int>();
    cluster.version = Optional(json, "weir-version");
    return cluster;
  });
}

Result<std::vector<JobReport>> JobManagerClient::ListJobs() {
  return ReadAnswer(http_.Get("/v1/jobs/overview"), [](const Json& json) {
    std::vector<JobReport> jobs;
    for (const Json& entry : json.at("jobs")) {
      jobs.push_back(ReadJob(entry));
      jobs.back().tasks_running = entry.at("tasks").at("running").get<int>();
      jobs.back().tasks_total = entry.at("tasks").at("total").get<int>();
    }
    return jobs;
  });
}

Result<JobDetailsReport> JobManagerClient::GetJob(const std::string& job_id) {
  return ReadAnswer(http_.Get(JobPath(job_id)), ReadJobDetails);
}

Result<std::vector<SubtaskReport>> JobManagerClient::ListSubtasks(const std::string& job_id,
                                                                  const std::string& vertex_id) {
  std::string target = JobPath(job_id, Concat("/vertices/", PercentEncode(vertex_id)));
  return ReadAnswer(http_.Get(target), [](const Json& json) {
    std::vector<SubtaskReport> subtasks;
    for (const Json& entry : json.at("subtasks")) {
      subtasks.push_back({.index = entry.at("subtask").get<int>(),
                          .state = entry.at("status").get<std::string>(),
                          .endpoint = Optional(entry, "endpoint"),
                          .status_details = Optional(entry, "status-details")});
    }
    return subtasks;
  });
}

Result<std::vector<FailureReport>> JobManagerClient::ListFailures(const std::string& job_id) {
  return ReadAnswer(http_.Get(JobPath(job_id, "/exceptions")), [](const Json& json) {
    std::vector<FailureReport> failures;
    for (const Json& entry : json.at("exceptionHistory").at("entries")) {
      failures.push_back({.name = entry.at("exceptionName").get<std::string>(),
                          .message = entry.at("stacktrace").get<std::string>(),
                          .timestamp_ms = entry.at("timestamp").get<std::int64_t>(),
                          .task_name = Optional(entry, "taskName"),
                          .endpoint = Optional(entry, "endpoint")});
    }
    return failures;
  });
}

Result<std::vector<AccumulatorReport>> JobManagerClient::ListAccumulators(
    const std::string& job_id) {
  return ReadAnswer(http_.Get(JobPath(job_id, "/accumulators")), [](const Json& json) {
    std::vector<AccumulatorReport> accumulators;
    for (const Json& entry : json.at("user-task-accumulators")) {
      accumulators.push_back({.name = entry.at("name").get<std::string>(),
                              .type = entry.at("type").get<std::string>(),
                              .value = entry.at("value").get<std::string>()});
    }
    return accumulators;
  });
}

Status JobManagerClient::CancelJob(const std::string& job_id) {
  return ParseAnswer(http_.Patch(JobPath(job_id, "?mode=cancel"))).status();
}

Result<std::vector<CheckpointReport>> JobManagerClient::ListCheckpoints(const std::string& job_id) {
  return ReadAnswer(http_.Get(JobPath(job_id, "/checkpoints")), [](const Json& json) {
    std::vector<CheckpointReport> checkpoints;
    for (const Json& entry : json.at("history")) checkpoints.push_back(ReadCheckpoint(entry));
    return checkpoints;
  });
}

Result<CheckpointReport> JobManagerClient::GetCheckpoint(const std::string& job_id,
                                                         std::int64_t checkpoint_id) {
  return ReadAnswer(http_.Get(JobPath(job_id, Concat("/checkpoints/details/", checkpoint_id))),
                    ReadCheckpoint);
}

Result<std::string> JobManagerClient::TriggerCheckpoint(const std::string& job_id) {
  return ReadAnswer(http_.Post(JobPath(job_id, "/checkpoints"), "{}"),
                    [](const Json& json) { return json.at("request-id").get<std::string>(); });
}

Result<CheckpointTriggerReport> JobManagerClient::GetCheckpointTrigger(
    const std::string& job_id, const std::string& trigger_id) {
  const std::string target = JobPath(job_id, Concat("/checkpoints/", PercentEncode(trigger_id)));
  return ReadAnswer(http_.Get(target), [](const Json& json) {
    CheckpointTriggerReport trigger;
    trigger.ended = json.at("status").at("id").get<std::string>() == "COMPLETED";
    if (!trigger.ended) return trigger;
    const Json& operation = json.at("operation");
    const auto failure = operation.find("failureCause");
    if (failure != operation.end() && !failure->is_null()) {
      trigger.failure = failure->at("stack-trace").get<std::string>();
    } else {
      trigger.checkpoint_id = operation.at("checkpointId").get<std::int64_t>();
    }
    return trigger;
  });
}

Result<std::string> JobManagerClient::Upload(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  return ReadAnswer(http_.Upload("/v1/jars/upload", "jarfile", name, path), [](const Json& json) {
    std::string file = json.at("filename").get<std::string>();
    return file.substr(file.rfind('/') + 1);
  });
}

Status JobManagerClient::DeletePlugin(const std::string& plugin_id) {
  return ParseAnswer(http_.Delete(PluginPath(plugin_id))).status();
}

Result<std::string> JobManagerClient::GetPlan(const std::string& plugin_id,
                                              const ProgramRequest& request) {
  return ReadAnswer(http_.Post(PluginPath(plugin_id, "/plan"), RequestText(request)),
                    [](const Json& json) { return Indented(json.at("plan")); });
}

Result<std::string> JobManagerClient::Run(const std::string& plugin_id,
                                          const ProgramRequest& request) {
  return ReadAnswer(http_.Post(PluginPath(plugin_id, "/run"), RequestText(request)),
                    [](const Json& json) { return json.at("jobid").get<std::string>(); });
}

Result<std::string> JobManagerClient::GetJsonText(std::string_view target) {
  return ReadAnswer(http_.Get(target), Indented);
}

std::string JobsAsJson(const std::vector<JobReport>& jobs) {
  Json list = Json::array();
  for (const JobReport& job : jobs) {
    list.push_back({{"id", job.id},
                    {"name", job.name},
                    {"state", job.state},
                    {"start-time", job.start_time_ms},
                    {"duration", job.duration_ms},
                    {"tasks-running", job.tasks_running},
                    {"tasks-total", job.tasks_total},
                    {"status-details", job.status_details}});
  }
  return Indented({{"jobs", std::move(list)}});
}

std::string CheckpointsAsJson(const std::vector<CheckpointReport>& checkpoints) {
  Json list = Json::array();
  for (const CheckpointReport& checkpoint : checkpoints) {
    list.push_back(CheckpointJson(checkpoint));
  }
  return Indented({{"checkpoints", std::move(list)}});
}

std::string CheckpointAsJson(const CheckpointReport& checkpoint) {
  return Indented(CheckpointJson(checkpoint));
}

std::string OutcomeAsJson(const std::string& job_id, const std::string& state,
                          const std::string& cause) {
  Json json = {{"jobid", job_id}, {"state", state}};
  if (!cause.empty()) json["cause"] = cause;
  return Indented(json);
}

}  // namespace weir::cli
