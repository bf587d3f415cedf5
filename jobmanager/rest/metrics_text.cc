#include "jobmanager/rest/metrics_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/text.h"
#include "jobmanager/rest/json_text.h"
#include "jobmanager/rest/vertex_summary.h"

namespace weir::rest {

namespace {

// Shortest text that reads back as the same number.
std::string NumberText(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

template <class Number>
std::string NumberText(Number value) {
  return Concat(value);
}

double Seconds(std::int64_t milliseconds) {
  return static_cast<double>(milliseconds) / 1000;
}

// A label's value is quoted as JSON is; bytes that are not UTF-8 are replaced.
std::string Label(std::string_view name, const std::string& value) {
  return Concat(name, "=", JsonText(Json(value)));
}

std::string JobLabels(const JobFigures& figures) {
  const JobSummary& job = figures.job.summary;
  return Concat(Label("job_id", job.id), ",", Label("job_name", job.name));
}

// All samples of a metric stand together, behind the lines that say what it is.
class Writer {
 public:
  void Begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_ += Concat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
  }
  template <class Number>
  void Sample(std::string_view labels, Number value) {
    out_ += name_;
    if (!labels.empty()) out_ += Concat("{", labels, "}");
    out_ += Concat(" ", NumberText(value), "\n");
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string name_;
  std::string out_;
};

void WriteCluster(const ClusterOverview& overview, Writer& writer) {
  writer.Begin("weir_taskmanagers", "gauge", "TaskManagers that are registered.");
  writer.Sample("", overview.task_managers);
  writer.Begin("weir_slots", "gauge", "Slots of all TaskManagers.");
  writer.Sample("", overview.slots_total);
  writer.Begin("weir_slots_available", "gauge", "Slots that no job has.");
  writer.Sample("", overview.slots_available);
  writer.Begin("weir_jobs", "gauge", "Jobs that are known; running are all that have not ended.");
  writer.Sample(R"(state="running")", overview.jobs_running);
  writer.Sample(R"(state="finished")", overview.jobs_finished);
  writer.Sample(R"(state="canceled")", overview.jobs_cancelled);
  writer.Sample(R"(state="failed")", overview.jobs_failed);
}

void WriteJobs(const std::vector<JobFigures>& jobs, Writer& writer) {
  writer.Begin("weir_job_state", "gauge", "1 for the state of a job that has not ended.");
  for (const JobFigures& job : jobs) {
    writer.Sample(Concat(JobLabels(job), ",", Label("state", job.job.summary.state)), 1);
  }
  writer.Begin("weir_job_restarts_total", "counter", "Restarts under this JobManager.");
  for (const JobFigures& job : jobs) writer.Sample(JobLabels(job), job.job.restarts);
  writer.Begin("weir_job_tasks", "gauge", "Subtasks of a job by state.");
  for (const JobFigures& job : jobs) {
    for (const auto& [state, count] : job.job.summary.tasks) {
      writer.Sample(Concat(JobLabels(job), ",", Label("state", state)), count);
    }
  }
}

template <class Figure>
void WriteVertexCounter(const std::vector<JobFigures>& jobs, std::string_view name,
                        std::string_view help, Figure figure, Writer& writer) {
  writer.Begin(name, "counter", help);
  for (const JobFigures& job : jobs) {
    for (const VertexDetails& vertex : job.job.vertices) {
      writer.Sample(Concat(JobLabels(job), ",", Label("vertex_id", vertex.id), ",",
                           Label("vertex_name", vertex.name)),
                    figure(SumOfMetrics(vertex)));
    }
  }
}

void WriteVertices(const std::vector<JobFigures>& jobs, Writer& writer) {
  const auto counter = [&](std::string_view name, std::string_view help, auto figure) {
    WriteVertexCounter(jobs, name, help, figure, writer);
  };
  counter("weir_vertex_read_records_total", "Records read by the subtasks of a vertex.",
          [](const IoMetrics& sum) { return sum.read_records; });
  counter("weir_vertex_written_records_total", "Records written by the subtasks of a vertex.",
          [](const IoMetrics& sum) { return sum.write_records; });
  counter("weir_vertex_read_bytes_total", "Bytes of the records that were read.",
          [](const IoMetrics& sum) { return sum.read_bytes; });
  counter("weir_vertex_written_bytes_total", "Bytes of the records that were written.",
          [](const IoMetrics& sum) { return sum.write_bytes; });
  counter("weir_vertex_busy_seconds_total", "Time in which subtasks worked.",
          [](const IoMetrics& sum) { return Seconds(sum.accumulated_busy_time_ms); });
  counter("weir_vertex_idle_seconds_total", "Time in which subtasks waited for input.",
          [](const IoMetrics& sum) { return Seconds(sum.accumulated_idle_time_ms); });
  counter("weir_vertex_backpressured_seconds_total", "Time in which subtasks waited for room.",
          [](const IoMetrics& sum) { return Seconds(sum.accumulated_backpressured_time_ms); });
}

template <class Figure>
void WriteOfCheckpoints(const std::vector<JobFigures>& jobs, Figure figure, Writer& writer) {
  for (const JobFigures& job : jobs) {
    if (job.checkpoints) figure(JobLabels(job), *job.checkpoints, writer);
  }
}

void WriteCheckpoints(const std::vector<JobFigures>& jobs, Writer& writer) {
  writer.Begin("weir_job_checkpoints_total", "counter", "Checkpoints that ended, by outcome.");
  const auto count = [](const std::string& labels, const JobCheckpointsInfo& info, Writer& out) {
    out.Sample(Concat(labels, R"(,outcome="completed")"), info.completed);
    out.Sample(Concat(labels, R"(,outcome="failed")"), info.failed);
  };
  WriteOfCheckpoints(jobs, count, writer);
  writer.Begin("weir_job_last_checkpoint_duration_seconds", "gauge",
               "How long the last completed checkpoint took.");
  const auto duration = [](const std::string& labels, const JobCheckpointsInfo& info, Writer& out) {
    if (info.latest_completed) out.Sample(labels, Seconds(info.latest_completed->duration_ms));
  };
  WriteOfCheckpoints(jobs, duration, writer);
  writer.Begin("weir_job_last_checkpoint_bytes", "gauge",
               "State that the last completed checkpoint holds.");
  const auto size = [](const std::string& labels, const JobCheckpointsInfo& info, Writer& out) {
    if (info.latest_completed) out.Sample(labels, info.latest_completed->state_bytes);
  };
  WriteOfCheckpoints(jobs, size, writer);
}

}  // namespace

std::string MetricsText(const ClusterFigures& figures) {
  Writer writer;
  WriteCluster(figures.overview, writer);
  WriteJobs(figures.jobs, writer);
  WriteVertices(figures.jobs, writer);
  WriteCheckpoints(figures.jobs, writer);
  return writer.Take();
}

}  // namespace weir::rest
