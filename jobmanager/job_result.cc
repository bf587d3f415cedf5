#include "jobmanager/job_result.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/text.h"
#include "jobmanager/job_checkpoint_view.h"
#include "jobmanager/job_view.h"

namespace weir::jobmanager {
namespace {

proto::SubtaskResult ToRecord(const rest::SubtaskDetails& subtask) {
  proto::SubtaskResult record;
  record.set_state(subtask.state);
  record.set_attempt(subtask.attempt);
  record.set_endpoint(subtask.endpoint);
  record.set_task_manager_id(subtask.task_manager_id);
  record.set_worker_pid(subtask.worker_pid);
  record.set_start_time_ms(subtask.start_time_ms);
  record.set_end_time_ms(subtask.end_time_ms);
  record.mutable_status_duration_ms()->insert(subtask.status_duration_ms.begin(),
                                              subtask.status_duration_ms.end());
  const rest::IoMetrics& metrics = subtask.metrics;
  record.set_read_bytes(metrics.read_bytes);
  record.set_write_bytes(metrics.write_bytes);
  record.set_read_records(metrics.read_records);
  record.set_write_records(metrics.write_records);
  record.set_back_pressured_ms(metrics.accumulated_backpressured_time_ms);
  record.set_idle_ms(metrics.accumulated_idle_time_ms);
  record.set_busy_ms(metrics.accumulated_busy_time_ms);
  record.set_metrics_complete(metrics.complete);
  return record;
}

rest::SubtaskDetails FromRecord(const proto::SubtaskResult& record, int index) {
  rest::SubtaskDetails subtask{.index = index,
                               .state = record.state(),
                               .attempt = record.attempt(),
                               .endpoint = record.endpoint(),
                               .task_manager_id = record.task_manager_id(),
                               .worker_pid = record.worker_pid(),
                               .start_time_ms = record.start_time_ms(),
                               .end_time_ms = record.end_time_ms()};
  subtask.status_duration_ms.insert(record.status_duration_ms().begin(),
                                    record.status_duration_ms().end());
  subtask.metrics = {.read_bytes = record.read_bytes(),
                     .write_bytes = record.write_bytes(),
                     .read_records = record.read_records(),
                     .write_records = record.write_records(),
                     .accumulated_backpressured_time_ms = record.back_pressured_ms(),
                     .accumulated_idle_time_ms = record.idle_ms(),
                     .accumulated_busy_time_ms = record.busy_ms(),
                     .complete = record.metrics_complete()};
  return subtask;
}

proto::FailureRecord ToRecord(const rest::ExceptionEntry& entry) {
  proto::FailureRecord record;
  record.set_name(entry.name);
  record.set_text(entry.stacktrace);
  record.set_time_ms(entry.timestamp_ms);
  record.set_task_name(entry.task_name);
  record.set_endpoint(entry.endpoint);
  record.set_task_manager_id(entry.task_manager_id);
  record.mutable_labels()->insert(entry.failure_labels.begin(), entry.failure_labels.end());
  for (const rest::ExceptionEntry& concurrent : entry.concurrent) {
    *record.add_concurrent() = ToRecord(concurrent);
  }
  return record;
}

rest::ExceptionEntry FromRecord(const proto::FailureRecord& record) {
  rest::ExceptionEntry entry;
  entry.name = record.name();
  entry.stacktrace = record.text();
  entry.timestamp_ms = record.time_ms();
  entry.task_name = record.task_name();
  entry.endpoint = record.endpoint();
  entry.task_manager_id = record.task_manager_id();
  entry.failure_labels.insert(record.labels().begin(), record.labels().end());
  for (const proto::FailureRecord& concurrent : record.concurrent()) {
    entry.concurrent.push_back(FromRecord(concurrent));
  }
  return entry;
}

rest::VertexDetails FromRecord(const proto::VertexResult& record, const proto::JobVertex& vertex) {
  rest::VertexDetails details{.id = vertex.id(),
                              .name = vertex.name(),
                              .slot_sharing_group = vertex.slot_sharing_group(),
                              .parallelism = static_cast<int>(vertex.parallelism()),
                              .max_parallelism = static_cast<int>(vertex.max_parallelism()),
                              .state = record.state(),
                              .start_time_ms = record.start_time_ms(),
                              .end_time_ms = record.end_time_ms()};
  for (const proto::SubtaskResult& subtask : record.subtasks()) {
    details.subtasks.push_back(FromRecord(subtask, static_cast<int>(details.subtasks.size())));
  }
  return details;
}

}  // namespace

ArchivedJob ArchiveOf(const JobMaster& job, std::int64_t now_ms) {
  return {.details = DetailsOf(job, now_ms),
          .exceptions = ExceptionsOf(job),
          .accumulators = AccumulatorsOf(job),
          .checkpoints = CheckpointsOf(job)};
}

proto::JobResult ToRecord(const ArchivedJob& job, const proto::JobGraph& graph) {
  proto::JobResult record;
  const rest::JobSummary& summary = job.details.summary;
  record.set_job_id(summary.id);
  record.set_state(summary.state);
  *record.mutable_graph() = graph;
  record.set_start_time_ms(summary.start_time_ms);
  record.set_end_time_ms(summary.end_time_ms);
  record.set_restarts(job.details.restarts);
  record.mutable_timestamps()->insert(job.details.timestamps.begin(), job.details.timestamps.end());
  for (const rest::VertexDetails& vertex : job.details.vertices) {
    proto::VertexResult* const result = record.add_vertices();
    result->set_state(vertex.state);
    result->set_start_time_ms(vertex.start_time_ms);
    result->set_end_time_ms(vertex.end_time_ms);
    for (const rest::SubtaskDetails& subtask : vertex.subtasks) {
      *result->add_subtasks() = ToRecord(subtask);
    }
  }
  for (const rest::ExceptionEntry& entry : job.exceptions.entries) {
    *record.add_failures() = ToRecord(entry);
  }
  record.set_failures_truncated(job.exceptions.truncated);
  for (const rest::AccumulatorInfo& accumulator : job.accumulators) {
    proto::AccumulatorResult* const result = record.add_accumulators();
    result->set_name(accumulator.name);
    result->set_type(accumulator.type);
    result->set_value(accumulator.value);
  }
  return record;
}

ArchivedJob FromRecord(const proto::JobResult& result) {
  ArchivedJob job;
  rest::JobDetails& details = job.details;
  details.summary = {.id = result.job_id(),
                     .name = result.graph().name(),
                     .state = result.state(),
                     .start_time_ms = result.start_time_ms(),
                     .end_time_ms = result.end_time_ms(),
                     .last_modification_ms = result.end_time_ms()};
  details.restarts = result.restarts();
  details.timestamps.insert(result.timestamps().begin(), result.timestamps().end());
  const int vertices = std::min(result.vertices_size(), result.graph().vertices_size());
  for (int index = 0; index < vertices; ++index) {
    details.vertices.push_back(FromRecord(result.vertices(index), result.graph().vertices(index)));
    for (const rest::SubtaskDetails& subtask : details.vertices.back().subtasks) {
      ++details.summary.tasks[subtask.state];
    }
  }
  details.plan = PlanOf(result.graph(), result.job_id());
  for (const proto::FailureRecord& failure : result.failures()) {
    job.exceptions.entries.push_back(FromRecord(failure));
  }
  job.exceptions.truncated = result.failures_truncated();
  for (const proto::AccumulatorResult& accumulator : result.accumulators()) {
    job.accumulators.push_back(
        {.name = accumulator.name(), .type = accumulator.type(), .value = accumulator.value()});
  }
  return job;
}

ArchivedJob UnrecoverableJob(const std::string& job_id, const std::string& name,
                             const Status& reason, std::int64_t now_ms) {
  ArchivedJob job;
  const std::string text = Concat("could not be recovered: ", reason.message());
  job.details.summary = {.id = job_id,
                         .name = name,
                         .state = ToString(JobState::kSuspended),
                         .start_time_ms = now_ms,
                         .end_time_ms = now_ms,
                         .last_modification_ms = now_ms,
                         .status_details = text};
  job.details.timestamps[job.details.summary.state] = now_ms;
  job.details.plan = {.job_id = job_id, .name = name};
  job.details.warnings = {Concat("The job ", text)};
  rest::ExceptionEntry entry;
  entry.name = std::string(ToString(reason.code()));
  entry.stacktrace = Concat("job ", job_id, " ", text);
  entry.timestamp_ms = now_ms;
  entry.failure_labels["domain"] = ToLower(ToString(reason.domain()));
  job.exceptions.entries.push_back(std::move(entry));
  return job;
}

}  // namespace weir::jobmanager
