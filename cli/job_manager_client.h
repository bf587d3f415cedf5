// JobManagerClient: what the CLI asks of a JobManager over its REST API (docs/rest-api.yaml), as
// plain data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

#include "common/http_client.h"

namespace weir::cli {

struct ClusterReport {
  int task_managers = 0;
  int slots_total = 0;
  int slots_available = 0;
  int jobs_running = 0;
  int jobs_finished = 0;
  int jobs_canceled = 0;
  int jobs_failed = 0;
  std::string version;
};

struct JobReport {
  std::string id;
  std::string name;
  std::string state;
  std::int64_t start_time_ms = -1;
  std::int64_t duration_ms = -1;
  int tasks_running = 0;
  int tasks_total = 0;
  std::string status_details;

  // FINISHED, FAILED or CANCELED: nothing will change any more.
  bool ended() const { return state == "FINISHED" || state == "FAILED" || state == "CANCELED"; }
};

struct VertexReport {
  std::string id;
  std::string name;
  std::string state;
  int parallelism = 0;
  int running = 0;
  std::int64_t read_records = 0;
  std::int64_t write_records = 0;
  std::string status_details;
};

struct JobDetailsReport {
  JobReport job;
  int restarts = 0;
  std::vector<VertexReport> vertices;
  std::vector<std::string> warnings;
};

struct SubtaskReport {
  int index = 0;
  std::string state;
  std::string endpoint;
  std::string status_details;
};

struct FailureReport {
  std::string name;
  std::string message;
  std::int64_t timestamp_ms = -1;
  std::string task_name;
  std::string endpoint;
};

struct AccumulatorReport {
  std::string name;
  std::string type;
  std::string value;
};

// What decides a job's graph.
struct ProgramRequest {
  std::string entry_class;
  std::vector<std::string> arguments;
  int parallelism = 0;
  std::map<std::string, std::string> configuration;
  std::string savepoint_path{};
};

struct CheckpointReport {
  std::int64_t id = 0;
  std::string status;  // IN_PROGRESS COMPLETED FAILED
  std::int64_t trigger_time_ms = -1;
  std::int64_t duration_ms = 0;
  std::int64_t state_bytes = 0;
  std::int64_t tasks_acknowledged = 0;
  std::int64_t tasks_total = 0;
  std::string path;     // of a completed one
  std::string failure;  // of a failed one
  bool discarded = false;
};

struct CheckpointTriggerReport {
  bool ended = false;
  std::int64_t checkpoint_id = 0;  // of one that completed
  std::string failure;             // of one that did not
};

// For one thread. Errors: kUnavailable and kTimedOut come from the connection; an error that the
// server answered has another code and the server's own words; an answer that cannot be read is
// kCorruption.
class JobManagerClient {
 public:
  explicit JobManagerClient(SocketAddress server, HttpClientOptions options = {});

  const SocketAddress& server() const { return http_.server(); }

  Result<ClusterReport> GetCluster();
  Result<std::vector<JobReport>> ListJobs();
  Result<JobDetailsReport> GetJob(const std::string& job_id);
  Result<std::vector<SubtaskReport>> ListSubtasks(const std::string& job_id,
                                                  const std::string& vertex_id);
  // Newest first.
  Result<std::vector<FailureReport>> ListFailures(const std::string& job_id);
  Result<std::vector<AccumulatorReport>> ListAccumulators(const std::string& job_id);
  Status CancelJob(const std::string& job_id);

  // Newest first.
  Result<std::vector<CheckpointReport>> ListCheckpoints(const std::string& job_id);
  Result<CheckpointReport> GetCheckpoint(const std::string& job_id, std::int64_t checkpoint_id);
  // Returns an id to ask for the outcome with.
  Result<std::string> TriggerCheckpoint(const std::string& job_id);
  Result<CheckpointTriggerReport> GetCheckpointTrigger(const std::string& job_id,
                                                       const std::string& trigger_id);

  // Uploads the file; returns the plugin's id.
  Result<std::string> Upload(const std::string& path);
  Status DeletePlugin(const std::string& plugin_id);
  // The plan as indented JSON.
  Result<std::string> GetPlan(const std::string& plugin_id, const ProgramRequest& request);
  // Returns the job's id.
  Result<std::string> Run(const std::string& plugin_id, const ProgramRequest& request);

  // The server's own JSON, indented.
  Result<std::string> GetJsonText(std::string_view target);

 private:
  HttpClient http_;
};

// JSON for scripts, indented, a line end behind it.
std::string JobsAsJson(const std::vector<JobReport>& jobs);
std::string CheckpointsAsJson(const std::vector<CheckpointReport>& checkpoints);
std::string CheckpointAsJson(const CheckpointReport& checkpoint);
std::string OutcomeAsJson(const std::string& job_id, const std::string& state,
                          const std::string& cause);

}  // namespace weir::cli
