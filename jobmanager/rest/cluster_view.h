// What the REST server can see of the cluster and ask of it: plain data, and one interface with
// asynchronous calls. The JobManager implements ClusterControl; the handlers in this folder know
// nothing else of it.
//
// Everything here is a value: a snapshot taken on the JobManager's event loop and moved out of it.
// All times are milliseconds since the Unix epoch unless a name says otherwise, -1 where there is
// none (Flink's convention). States are Flink's names in capitals, so that a state added to the
// JobManager needs no change here:
//   job   INITIALIZING CREATED RUNNING FAILING FAILED CANCELLING CANCELED FINISHED RESTARTING
//   SUSPENDED RECONCILING task  CREATED SCHEDULED DEPLOYING INITIALIZING RUNNING FINISHED CANCELING
//   CANCELED FAILED RECONCILING
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weir/status.h>

#include "jobmanager/rest/checkpoint_view.h"

namespace weir::rest {

// Counts by state; states that do not occur may be left out.
using StateCounts = std::map<std::string, int>;

struct ClusterOverview {
  int task_managers = 0;
  int slots_total = 0;
  int slots_available = 0;
  int jobs_running = 0;  // every job that has not ended, as in Flink
  int jobs_finished = 0;
  int jobs_cancelled = 0;
  int jobs_failed = 0;
};

// One line of /jobs and /jobs/overview.
struct JobSummary {
  std::string id;  // 32 hex digits
  std::string name;
  std::string state;
  std::int64_t start_time_ms = -1;
  std::int64_t end_time_ms = -1;
  std::int64_t last_modification_ms = -1;
  StateCounts tasks;
  // Why the job does not get on, in one sentence ("waits for 2 slots: 4 needed, 2 free"); empty
  // when it does.
  std::string status_details;
};

// What a subtask has counted since its attempt started. Bytes are those of records, in channels and
// connectors alike.
struct IoMetrics {
  std::uint64_t read_bytes = 0;
  std::uint64_t write_bytes = 0;
  std::uint64_t read_records = 0;
  std::uint64_t write_records = 0;
  std::int64_t accumulated_backpressured_time_ms = 0;
  std::int64_t accumulated_idle_time_ms = 0;
  std::int64_t accumulated_busy_time_ms = 0;
  bool complete = false;  // false until the subtask has reported once
};

struct SubtaskDetails {
  int index = 0;
  std::string state;
  int attempt = 0;              // 0 for the first
  std::string endpoint;         // "host:data-port" of its TaskManager; empty before it is placed
  std::string task_manager_id;  // empty before it is placed
  std::int64_t worker_pid = -1;
  std::int64_t start_time_ms = -1;
  std::int64_t end_time_ms = -1;
  std::map<std::string, std::int64_t> status_duration_ms;  // by state
  IoMetrics metrics;
  // Why it does not get on ("in one call of operator 'Parse' for 12 s"); empty when it does.
  std::string status_details;
};

struct VertexDetails {
  std::string id;  // 32 hex digits
  std::string name;
  std::string slot_sharing_group;
  int parallelism = 0;
  int max_parallelism = 0;
  std::string state;  // the vertex's own, aggregated as Flink does
  std::int64_t start_time_ms = -1;
  std::int64_t end_time_ms = -1;
  std::vector<SubtaskDetails> subtasks;  // by index; task counts and sums are made from these
  std::string status_details;            // as in JobSummary
};

// One edge of a plan, seen from the vertex it enters.
struct PlanInput {
  int number = 0;             // position among the vertex's inputs
  std::string source_id;      // the vertex it leaves
  std::string ship_strategy;  // FORWARD HASH REBALANCE RESCALE SHUFFLE BROADCAST GLOBAL CUSTOM
  std::string exchange = "pipelined_bounded";
};

struct PlanNode {
  std::string id;
  int parallelism = 0;
  std::string description;  // the chain, "Source: lines -> Map"
  std::vector<PlanInput> inputs;
};

struct JobPlan {
  std::string job_id;
  std::string name;
  std::vector<PlanNode> nodes;  // sources first
};

// One failure, the newest attempt's first in the lists that hold them.
struct ExceptionEntry {
  std::string name;        // short: a code, a signal, or the type of what was thrown
  std::string stacktrace;  // the whole message, for a person
  std::int64_t timestamp_ms = -1;
  std::string task_name;  // "Map (2/4)"; empty for failures of the job as a whole
  std::string endpoint;
  std::string task_manager_id;
  std::map<std::string, std::string> failure_labels;  // at least "domain": user, system or external
  std::vector<ExceptionEntry> concurrent;             // what failed because of it
};

struct JobExceptions {
  std::vector<ExceptionEntry> entries;  // newest first
  bool truncated = false;               // older ones were dropped
};

// The process that runs the job's split enumerators and committers.
struct CoordinatorDetails {
  std::string state;  // empty when the job has none
  std::string task_manager_id;
  std::int64_t pid = -1;
};

struct JobDetails {
  JobSummary summary;
  int max_parallelism = -1;  // -1: not set for the job as a whole
  std::int64_t now_ms = -1;
  int restarts = 0;                                // since submission
  std::map<std::string, std::int64_t> timestamps;  // when the job last entered each state
  std::vector<VertexDetails> vertices;             // in topological order
  JobPlan plan;
  CoordinatorDetails coordinator;
  // What a person should know at once: missing slots, stuck subtasks (with operator, subtask and
  // seconds), a lost coordinator. Whole sentences.
  std::vector<std::string> warnings;
};

struct AccumulatorInfo {
  std::string name;
  std::string type;
  std::string value;
};

struct TaskManagerSlot {
  std::string job_id;
  std::vector<std::string> tasks;  // "Map (2/4)"
};

struct TaskManagerDetails {
  std::string id;
  std::string host;
  int data_port = 0;
  std::int64_t pid = -1;
  std::int64_t last_heartbeat_ms = -1;
  int slots_number = 0;
  int free_slots = 0;
  double cpu_cores = 0;
  std::int64_t physical_memory_bytes = 0;
  std::int64_t free_memory_bytes = 0;
  std::int64_t process_memory_bytes =
      0;  // what the engine may use there (taskmanager.memory.process.size)
  std::vector<TaskManagerSlot> allocated_slots;
};

// One job that a plugin exports.
struct JarEntry {
  std::string name;
  std::string description;
};

// An uploaded plugin (Flink says "jar", and so do the paths).
struct JarInfo {
  std::string id;    // unique, [A-Za-z0-9._-]+, ends in "_" + name
  std::string name;  // as uploaded
  std::int64_t uploaded_ms = -1;
  std::vector<JarEntry> entries;
};

// The body of /jars/:id/run and /jars/:id/plan.
struct JarRunRequest {
  std::string jar_id;
  std::string entry_class;  // name of the job in the plugin; empty: the only one there
  std::vector<std::string> arguments;
  int parallelism = 0;                               // 0: not given
  std::string job_id;                                // empty: the JobManager makes one
  std::map<std::string, std::string> configuration;  // settings of this job, over the cluster's
  std::string savepoint_path;                        // what it starts from; empty: afresh
};

// The JobManager, as its REST server sees it.
//
// Every method may be called from any thread, returns at once and calls its callback exactly once,
// later, on the JobManager's event loop (never inside the call). A callback does little (it hands
// the value to the HTTP thread) and never blocks. A callback dropped without a call answers 500.
// When the JobManager stops, callbacks still out are called with kUnavailable or destroyed; the
// ClusterControl outlives the server that uses it.
//
// Errors: kNotFound for an id that is unknown (404), kInvalidArgument and any status of domain user
// (400), kFailedPrecondition and kAlreadyExists (409), kUnavailable and kResourceExhausted (503),
// kTimedOut (504), kUnsupported (501), everything else 500. The message is shown to the user as it
// is.
class ClusterControl : public CheckpointControl {
 public:
  virtual void GetOverview(Callback<ClusterOverview> callback) = 0;
  // All jobs that are known, running and ended, oldest first.
  virtual void ListJobs(Callback<std::vector<JobSummary>> callback) = 0;
  virtual void GetJob(const std::string& job_id, Callback<JobDetails> callback) = 0;
  virtual void GetJobExceptions(const std::string& job_id, Callback<JobExceptions> callback) = 0;
  virtual void GetJobAccumulators(const std::string& job_id,
                                  Callback<std::vector<AccumulatorInfo>> callback) = 0;
  // Ok when the job is being canceled or is canceled already; kFailedPrecondition when it ended in
  // another way.
  virtual void CancelJob(const std::string& job_id, StatusCallback callback) = 0;

  virtual void ListTaskManagers(Callback<std::vector<TaskManagerDetails>> callback) = 0;
  virtual void GetTaskManager(const std::string& id, Callback<TaskManagerDetails> callback) = 0;

  virtual void ListJars(Callback<std::vector<JarInfo>> callback) = 0;
  // Takes over `file`, a complete upload in the spool directory: moves it away or deletes it,
  // whatever the outcome. `name` is the client's file name without folders, [A-Za-z0-9._-]+.
  virtual void UploadJar(const std::string& file, const std::string& name,
                         Callback<JarInfo> callback) = 0;
  virtual void DeleteJar(const std::string& jar_id, StatusCallback callback) = 0;
  // The plan of the job without running it (Flink's /jars/:id/plan).
  virtual void DescribeJar(const JarRunRequest& request, Callback<JobPlan> callback) = 0;
  // Submits; answers with the job's id once the job is accepted (it may still wait for slots).
  virtual void RunJar(const JarRunRequest& request, Callback<std::string> callback) = 0;
};

}  // namespace weir::rest
