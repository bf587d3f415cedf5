#include "tests/unit/jobmanager_rest/fake_cluster_control.h"

#include <utility>

#include "common/file_system.h"
#include "common/text.h"

namespace weir::rest {

namespace {

SubtaskDetails Subtask(int index, std::uint64_t records) {
  SubtaskDetails subtask;
  subtask.index = index;
  subtask.state = index == 0 ? "RUNNING" : "DEPLOYING";
  subtask.attempt = 1;
  subtask.endpoint = "127.0.0.1:4000";
  subtask.task_manager_id = "tm-1";
  subtask.worker_pid = 4711;
  subtask.start_time_ms = 2000;
  subtask.status_duration_ms = {{"CREATED", 5}, {"RUNNING", 100 + index}};
  subtask.metrics = {.read_bytes = 10 * records,
                     .write_bytes = 20 * records,
                     .read_records = records,
                     .write_records = 2 * records,
                     .accumulated_backpressured_time_ms = 1,
                     .accumulated_idle_time_ms = 2,
                     .accumulated_busy_time_ms = 3,
                     .complete = true};
  subtask.status_details = index == 0 ? "in one call of operator 'Map' for 12 s" : "";
  return subtask;
}

VertexDetails Vertex(const std::string& id, const std::string& name) {
  VertexDetails vertex;
  vertex.id = id;
  vertex.name = name;
  vertex.slot_sharing_group = "default";
  vertex.parallelism = 2;
  vertex.max_parallelism = 128;
  vertex.state = "RUNNING";
  vertex.start_time_ms = 2000;
  vertex.subtasks = {Subtask(0, 100), Subtask(1, 300)};
  vertex.status_details = "subtask 0 is stuck";
  return vertex;
}

JobCheckpointsInfo Checkpoints(const std::string& vertex_id) {
  CheckpointDetails completed{.id = 7, .status = "COMPLETED", .trigger_time_ms = 5000};
  completed.latest_acknowledge_time_ms = 5030;
  completed.end_time_ms = 5040;
  completed.duration_ms = 40;
  completed.state_bytes = 3000;
  completed.written_bytes = 300;
  completed.path = "/checkpoints/a1/chk-7";
  CheckpointSubtask first{.index = 0, .acknowledged = true};
  first.acknowledge_time_ms = 5020;
  first.end_to_end_ms = 20;
  first.start_delay_ms = 1;
  first.alignment_ms = 2;
  first.sync_ms = 3;
  first.async_ms = 4;
  first.state_bytes = 1000;
  first.written_bytes = 100;
  CheckpointSubtask second = first;
  second.index = 1;
  second.acknowledge_time_ms = 5030;
  second.end_to_end_ms = 30;
  second.state_bytes = 2000;
  second.written_bytes = 200;
  completed.vertices = {
      {.id = vertex_id, .subtasks = {first, second, {.index = 2, .finished = true}, {.index = 3}}}};
  CheckpointDetails failed{.id = 8, .status = "FAILED", .trigger_time_ms = 6000};
  failed.end_time_ms = 6500;
  failed.failure = "'Map (1/2)' declined";
  failed.vertices = {{.id = vertex_id, .subtasks = {{.index = 0}}}};
  JobCheckpointsInfo info;
  info.settings = {.mode = "exactly_once",
                   .interval_ms = 1000,
                   .timeout_ms = 600'000,
                   .min_pause_ms = 10,
                   .max_concurrent = 1,
                   .tolerable_failures = 2,
                   .retained = true,
                   .deleted_on_cancellation = false};
  info.restored = 1;
  info.completed = 1;
  info.failed = 1;
  info.duration_ms = {.minimum = 40, .maximum = 40, .average = 40, .p50 = 40};
  info.latest_completed = completed;
  info.latest_failed = failed;
  info.latest_restored = {.id = 3, .restore_time_ms = 900, .path = "/checkpoints/b/chk-3"};
  info.history = {failed, completed};
  return info;
}

}  // namespace

FakeClusterControl::FakeClusterControl() : loop_("fake") {
  loop_.Start();
  overview = {.task_managers = 2,
              .slots_total = 4,
              .slots_available = 1,
              .jobs_running = 1,
              .jobs_finished = 2,
              .jobs_cancelled = 3,
              .jobs_failed = 5};
  const std::string source(31, '0'), map = source;
  job.summary = {.id = "000000000000000000000000000000a1",
                 .name = "lines \xff",  // not UTF-8
                 .state = "RUNNING",
                 .start_time_ms = 1000,
                 .last_modification_ms = 2500,
                 .tasks = {{"RUNNING", 2}, {"DEPLOYING", 2}},
                 .status_details = "waits for 2 slots: 4 needed, 2 free"};
  job.now_ms = 11'000;
  job.restarts = 3;
  job.timestamps = {{"CREATED", 1000}, {"RUNNING", 2000}};
  job.vertices = {Vertex(source + "1", "Source: lines"), Vertex(map + "2", "Map")};
  job.plan = {
      .job_id = job.summary.id,
      .name = "lines",
      .nodes = {{.id = source + "1", .parallelism = 2, .description = "Source: lines"},
                {.id = map + "2",
                 .parallelism = 2,
                 .description = "Map",
                 .inputs = {{.number = 0, .source_id = source + "1", .ship_strategy = "HASH"}}}}};
  job.coordinator = {.state = "RUNNING", .task_manager_id = "tm-1", .pid = 4712};
  job.warnings = {"waits for 2 slots: 4 needed, 2 free"};
  ExceptionEntry failure{.name = "SIGSEGV",
                         .stacktrace = "killed by signal 11 (SIGSEGV) in 'Map'",
                         .timestamp_ms = 3000,
                         .task_name = "Map (1/2)",
                         .endpoint = "127.0.0.1:4000",
                         .task_manager_id = "tm-1",
                         .failure_labels = {{"domain", "user"}}};
  failure.concurrent.push_back(failure);
  exceptions = {.entries = {failure}, .truncated = true};
  accumulators = {{.name = "lines", .type = "LongCounter", .value = "12"}};
  task_manager = {.id = "tm-1",
                  .host = "127.0.0.1",
                  .data_port = 4000,
                  .pid = 4710,
                  .last_heartbeat_ms = 10'500,
                  .slots_number = 2,
                  .free_slots = 1,
                  .cpu_cores = 4,
                  .physical_memory_bytes = std::int64_t{16} << 30,
                  .free_memory_bytes = std::int64_t{8} << 30,
                  .process_memory_bytes = std::int64_t{1} << 30,
                  .allocated_slots = {{.job_id = job.summary.id, .tasks = {"Map (1/2)"}}}};
  checkpoints = Checkpoints(map + "2");
  trigger = {.ended = true, .checkpoint_id = 7, .failure = Status::Ok()};
  jar = {.id = "0a1b_job.so",
         .name = "job.so",
         .uploaded_ms = 500,
         .entries = {{.name = "lines", .description = "counts"}, {.name = "other"}}};
}

std::vector<std::string> FakeClusterControl::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

JarRunRequest FakeClusterControl::last_run() const {
  MutexLock lock(mutex_);
  return last_run_;
}

template <class T>
void FakeClusterControl::Answer(Callback<T> callback, Status status, T value) {
  if (drop_callbacks) return;
  if (!error.ok()) status = error;
  Result<T> result = status.ok() ? Result<T>(std::move(value)) : Result<T>(status);
  loop_.Post([callback = std::move(callback), result] { callback(result); });
}

void FakeClusterControl::AnswerStatus(StatusCallback callback, Status status) {
  if (drop_callbacks) return;
  if (!error.ok()) status = error;
  loop_.Post([callback = std::move(callback), status] { callback(status); });
}

void FakeClusterControl::Record(std::string call) {
  MutexLock lock(mutex_);
  calls_.push_back(std::move(call));
}

Status FakeClusterControl::CheckJob(const std::string& job_id) const {
  return job_id == job.summary.id ? Status::Ok() : Status::NotFound(Concat("no job ", job_id));
}

Status FakeClusterControl::CheckJar(const std::string& jar_id) const {
  return jar_id == jar.id ? Status::Ok() : Status::NotFound(Concat("no plugin ", jar_id));
}

void FakeClusterControl::GetOverview(Callback<ClusterOverview> callback) {
  Answer(std::move(callback), Status::Ok(), overview);
}
void FakeClusterControl::ListJobs(Callback<std::vector<JobSummary>> callback) {
  Answer(std::move(callback), Status::Ok(), std::vector<JobSummary>{job.summary});
}
void FakeClusterControl::GetJob(const std::string& job_id, Callback<JobDetails> callback) {
  Answer(std::move(callback), CheckJob(job_id), job);
}
void FakeClusterControl::GetJobExceptions(const std::string& job_id,
                                          Callback<JobExceptions> callback) {
  Answer(std::move(callback), CheckJob(job_id), exceptions);
}
void FakeClusterControl::GetJobAccumulators(const std::string& job_id,
                                            Callback<std::vector<AccumulatorInfo>> callback) {
  Answer(std::move(callback), CheckJob(job_id), accumulators);
}
void FakeClusterControl::CancelJob(const std::string& job_id, StatusCallback callback) {
  Record("cancel " + job_id);
  AnswerStatus(std::move(callback), CheckJob(job_id));
}
void FakeClusterControl::GetJobCheckpoints(const std::string& job_id,
                                           Callback<JobCheckpointsInfo> callback) {
  Answer(std::move(callback), CheckJob(job_id), checkpoints);
}
void FakeClusterControl::TriggerCheckpoint(const std::string& job_id,
                                           Callback<std::string> callback) {
  Record("checkpoint " + job_id);
  Answer(std::move(callback), CheckJob(job_id), std::string(32, 'e'));
}
void FakeClusterControl::GetCheckpointTrigger(const std::string& job_id, const std::string&,
                                              Callback<CheckpointTriggerInfo> callback) {
  Answer(std::move(callback), CheckJob(job_id), trigger);
}
void FakeClusterControl::ListTaskManagers(Callback<std::vector<TaskManagerDetails>> callback) {
  Answer(std::move(callback), Status::Ok(), std::vector<TaskManagerDetails>{task_manager});
}
void FakeClusterControl::GetTaskManager(const std::string& id,
                                        Callback<TaskManagerDetails> callback) {
  Status status = id == task_manager.id ? Status::Ok() : Status::NotFound("no TaskManager " + id);
  Answer(std::move(callback), status, task_manager);
}
void FakeClusterControl::ListJars(Callback<std::vector<JarInfo>> callback) {
  Answer(std::move(callback), Status::Ok(), std::vector<JarInfo>{jar});
}
void FakeClusterControl::UploadJar(const std::string& file, const std::string& name,
                                   Callback<JarInfo> callback) {
  Result<std::string> content = LocalFileSystem().ReadFile(file);
  Record(Concat("upload ", name, " ", content.ok() ? *content : content.status().ToString()));
  Status removed = LocalFileSystem().RemoveRecursively(file);
  Answer(std::move(callback), removed, jar);
}
void FakeClusterControl::DeleteJar(const std::string& jar_id, StatusCallback callback) {
  Record("delete " + jar_id);
  AnswerStatus(std::move(callback), CheckJar(jar_id));
}
void FakeClusterControl::DescribeJar(const JarRunRequest& request, Callback<JobPlan> callback) {
  {
    MutexLock lock(mutex_);
    last_run_ = request;
  }
  Answer(std::move(callback), CheckJar(request.jar_id), job.plan);
}
void FakeClusterControl::RunJar(const JarRunRequest& request, Callback<std::string> callback) {
  {
    MutexLock lock(mutex_);
    last_run_ = request;
  }
  Answer(std::move(callback), CheckJar(request.jar_id), job.summary.id);
}

}  // namespace weir::rest
