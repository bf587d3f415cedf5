#include "tests/cluster/cluster_client.h"

#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/text.h"

namespace weir::cluster_test {
namespace {

using Json = nlohmann::json;

Result<Json> Parse(const Result<HttpAnswer>& answer) {
  if (!answer.ok()) return answer.status();
  Json json = Json::parse(answer->body, nullptr, /*allow_exceptions=*/false);
  if (answer->status >= 300) {
    std::string text = answer->body;
    if (json.is_object() && json.contains("errors")) text = json["errors"].dump();
    return Status(StatusCode::kInvalidArgument, Concat("HTTP ", answer->status, ": ", text));
  }
  if (json.is_discarded()) return Status::Corruption("no JSON: " + answer->body);
  return json;
}

// Absent and null are the same to a test: the value's default.
template <class T>
T Get(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found == json.end() || found->is_null() ? T() : found->get<T>();
}

VertexView ToVertex(const Json& json) {
  return {.id = Get<std::string>(json, "id"),
          .name = Get<std::string>(json, "name"),
          .state = Get<std::string>(json, "status"),
          .details = Get<std::string>(json, "status-details"),
          .parallelism = Get<std::uint32_t>(json, "parallelism")};
}

FailureView ToFailure(const Json& json) {
  return {.text = Concat(Get<std::string>(json, "exceptionName"), ": ",
                         Get<std::string>(json, "stacktrace")),
          .task = Get<std::string>(json, "taskName"),
          .task_manager = Get<std::string>(json, "taskManagerId")};
}

}  // namespace

ClusterClient::ClusterClient(SocketAddress rest) : http_(std::move(rest)) {}

Result<std::string> ClusterClient::Upload(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename();
  WEIR_ASSIGN_OR_RETURN(const Json json,
                        Parse(http_.Upload("/v1/jars/upload", "jarfile", name, path)));
  const std::string file = Get<std::string>(json, "filename");
  return file.substr(file.rfind('/') + 1);
}

Result<std::string> ClusterClient::Submit(const JobRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const std::string jar, Upload(request.plugin));
  Json body = {{"entryClass", request.entry}, {"programArgsList", request.arguments}};
  if (request.parallelism > 0) body["parallelism"] = request.parallelism;
  if (!request.configuration.empty()) body["flinkConfiguration"] = request.configuration;
  if (!request.restored_path.empty()) body["savepointPath"] = request.restored_path;
  WEIR_ASSIGN_OR_RETURN(const Json json,
                        Parse(http_.Post(Concat("/v1/jars/", jar, "/run"), body.dump())));
  return Get<std::string>(json, "jobid");
}

Status ClusterClient::Cancel(const std::string& job) {
  return Parse(http_.Patch(Concat("/v1/jobs/", job, "?mode=cancel"))).status();
}

Result<JobView> ClusterClient::Job(const std::string& job) {
  WEIR_ASSIGN_OR_RETURN(const Json json, Parse(http_.Get("/v1/jobs/" + job)));
  JobView view{.id = job,
               .state = Get<std::string>(json, "state"),
               .details = Get<std::string>(json, "status-details"),
               .restarts = Get<int>(json, "restarts"),
               .warnings = Get<std::vector<std::string>>(json, "warnings")};
  for (const Json& vertex : json.at("vertices")) view.vertices.push_back(ToVertex(vertex));
  if (json.contains("coordinator") && json["coordinator"].is_object()) {
    view.coordinator_pid = Get<pid_t>(json["coordinator"], "pid");
  }
  return view;
}

Result<std::vector<SubtaskView>> ClusterClient::Subtasks(const std::string& job,
                                                         const std::string& vertex_id) {
  WEIR_ASSIGN_OR_RETURN(const Json json,
                        Parse(http_.Get(Concat("/v1/jobs/", job, "/vertices/", vertex_id))));
  std::vector<SubtaskView> subtasks;
  for (const Json& subtask : json.at("subtasks")) {
    subtasks.push_back({.index = Get<std::uint32_t>(subtask, "subtask"),
                        .state = Get<std::string>(subtask, "status"),
                        .attempt = Get<std::uint32_t>(subtask, "attempt"),
                        .task_manager = Get<std::string>(subtask, "taskmanager-id"),
                        .worker_pid = Get<pid_t>(subtask, "worker-pid"),
                        .records_in = Get<std::uint64_t>(subtask["metrics"], "read-records"),
                        .records_out = Get<std::uint64_t>(subtask["metrics"], "write-records")});
  }
  return subtasks;
}

Result<std::vector<FailureView>> ClusterClient::Failures(const std::string& job) {
  WEIR_ASSIGN_OR_RETURN(const Json json, Parse(http_.Get(Concat("/v1/jobs/", job, "/exceptions"))));
  std::vector<FailureView> failures;
  for (const Json& entry : json.at("exceptionHistory").at("entries")) {
    failures.push_back(ToFailure(entry));
    for (const Json& concurrent : entry.at("concurrentExceptions"))
      failures.push_back(ToFailure(concurrent));
  }
  return failures;
}

Result<CheckpointView> ClusterClient::LatestCheckpoint(const std::string& job) {
  WEIR_ASSIGN_OR_RETURN(const Json json,
                        Parse(http_.Get(Concat("/v1/jobs/", job, "/checkpoints"))));
  const Json& latest = json.at("latest").at("completed");
  if (latest.is_null()) return CheckpointView();
  return CheckpointView{.id = Get<std::uint64_t>(latest, "id"),
                        .path = Get<std::string>(latest, "external_path")};
}

Result<CheckpointCounts> ClusterClient::Checkpoints(const std::string& job) {
  WEIR_ASSIGN_OR_RETURN(const Json json,
                        Parse(http_.Get(Concat("/v1/jobs/", job, "/checkpoints"))));
  const Json& counts = json.at("counts");
  return CheckpointCounts{.completed = Get<std::uint64_t>(counts, "completed"),
                          .failed = Get<std::uint64_t>(counts, "failed"),
                          .in_progress = Get<std::uint64_t>(counts, "in_progress")};
}

Result<std::vector<CheckpointEntry>> ClusterClient::CheckpointHistory(const std::string& job) {
  WEIR_ASSIGN_OR_RETURN(const Json json,
                        Parse(http_.Get(Concat("/v1/jobs/", job, "/checkpoints"))));
  std::vector<CheckpointEntry> entries;
  for (const Json& entry : json.at("history")) {
    entries.push_back(
        {.id = Get<std::uint64_t>(entry, "id"),
         .status = Get<std::string>(entry, "status"),
         .failure = Get<std::string>(entry, "failure_message"),
         .trigger_time_ms = Get<std::int64_t>(entry, "trigger_timestamp"),
         .latest_acknowledge_time_ms = Get<std::int64_t>(entry, "latest_ack_timestamp")});
  }
  return entries;
}

Result<std::vector<SubtaskCheckpointView>> ClusterClient::CheckpointSubtasks(
    const std::string& job, std::uint64_t checkpoint_id, const std::string& vertex_id) {
  WEIR_ASSIGN_OR_RETURN(const Json json,
                        Parse(http_.Get(Concat("/v1/jobs/", job, "/checkpoints/details/",
                                               checkpoint_id, "/subtasks/", vertex_id))));
  std::vector<SubtaskCheckpointView> subtasks;
  for (const Json& subtask : json.at("subtasks")) {
    SubtaskCheckpointView view = {
        .index = Get<std::uint32_t>(subtask, "index"),
        .status = Get<std::string>(subtask, "status"),
        .start_delay_ms = Get<std::int64_t>(subtask, "start_delay"),
        .end_to_end_ms = Get<std::int64_t>(subtask, "end_to_end_duration")};
    if (subtask.contains("alignment")) {
      view.alignment_ms = Get<std::int64_t>(subtask["alignment"], "duration");
    }
    subtasks.push_back(std::move(view));
  }
  return subtasks;
}

Result<ClusterClient::Overview> ClusterClient::Cluster() {
  WEIR_ASSIGN_OR_RETURN(const Json json, Parse(http_.Get("/v1/overview")));
  return Overview{.task_managers = Get<int>(json, "taskmanagers"),
                  .slots_total = Get<int>(json, "slots-total"),
                  .slots_available = Get<int>(json, "slots-available")};
}

Result<std::map<std::string, SocketAddress>> ClusterClient::DataPorts() {
  WEIR_ASSIGN_OR_RETURN(const Json json, Parse(http_.Get("/v1/taskmanagers")));
  std::map<std::string, SocketAddress> ports;
  for (const Json& task_manager : json.at("taskmanagers")) {
    ports[Get<std::string>(task_manager, "id")] = {
        .host = Get<std::string>(task_manager, "host"),
        .port = Get<std::uint16_t>(task_manager, "dataPort")};
  }
  return ports;
}

}  // namespace weir::cluster_test
