// ClusterClient: a cluster through its REST API, as a program would use it, with the answers as
// plain structs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include <weir/status.h>

#include "common/http_client.h"

namespace weir::cluster_test {

struct SubtaskView {
  std::uint32_t index = 0;
  std::string state;
  std::uint32_t attempt = 0;
  std::string task_manager;
  pid_t worker_pid = 0;
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
};

struct VertexView {
  std::string id;
  std::string name;
  std::string state;
  std::string details;
  std::uint32_t parallelism = 0;
};

struct JobView {
  std::string id;
  std::string state;
  std::string details;
  int restarts = 0;
  std::vector<std::string> warnings;
  std::vector<VertexView> vertices;
  pid_t coordinator_pid = 0;
};

struct FailureView {
  std::string text;  // name and whole text
  std::string task;  // "sink (1/4)"; empty when no task is to blame
  std::string task_manager;
};

struct JobRequest {
  std::string plugin;  // path of the .so
  std::string entry;
  std::vector<std::string> arguments;
  int parallelism = 0;  // 0: the cluster's default
  std::map<std::string, std::string> configuration;
  std::string restored_path = {};  // the checkpoint to start from; empty: none
};

// What the statistics of checkpoints say.
struct CheckpointView {
  std::uint64_t id = 0;
  std::string path;
};
struct CheckpointCounts {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t in_progress = 0;
};
struct CheckpointEntry {
  std::uint64_t id = 0;
  std::string status;  // COMPLETED, FAILED, IN_PROGRESS
  std::string failure;
  std::int64_t trigger_time_ms = 0;             // Unix time
  std::int64_t latest_acknowledge_time_ms = 0;  // Unix time
};
// A subtask's part in a checkpoint.
struct SubtaskCheckpointView {
  std::uint32_t index = 0;
  std::string status;  // completed, finished, pending_or_failed
  std::int64_t start_delay_ms = 0;
  std::int64_t alignment_ms = 0;
  std::int64_t end_to_end_ms = 0;
};

// For one thread. An answer that is no success becomes a Status with the server's text, "HTTP 404:
// …" before it.
class ClusterClient {
 public:
  explicit ClusterClient(SocketAddress rest);

  Result<std::string> Upload(const std::string& path);  // the jar id
  // Upload and run; the job id.
  Result<std::string> Submit(const JobRequest& request);
  Status Cancel(const std::string& job);

  Result<JobView> Job(const std::string& job);
  Result<std::vector<SubtaskView>> Subtasks(const std::string& job, const std::string& vertex_id);
  // Newest first, those that came with it behind each.
  Result<std::vector<FailureView>> Failures(const std::string& job);
  // The newest completed one; without one: an empty path.
  Result<CheckpointView> LatestCheckpoint(const std::string& job);
  Result<CheckpointCounts> Checkpoints(const std::string& job);
  // Those that the JobManager remembers, in no certain order.
  Result<std::vector<CheckpointEntry>> CheckpointHistory(const std::string& job);
  Result<std::vector<SubtaskCheckpointView>> CheckpointSubtasks(const std::string& job,
                                                                std::uint64_t checkpoint_id,
                                                                const std::string& vertex_id);
  // Number of TaskManagers and of free slots.
  struct Overview {
    int task_managers = 0;
    int slots_total = 0;
    int slots_available = 0;
  };
  Result<Overview> Cluster();
  // Address of each TaskManager's data port, by id.
  Result<std::map<std::string, SocketAddress>> DataPorts();

  HttpClient& http() { return http_; }

 private:
  HttpClient http_;
};

}  // namespace weir::cluster_test
