#include "jobmanager/job/job_failure.h"

#include <utility>

#include "common/exit_status.h"
#include "common/text.h"
#include "proto/conversion/status_conversion.h"

namespace weir::jobmanager {
namespace {

// A crash can be seen in many slots at once; a person needs the first few.
constexpr int kMostSteps = 4;

std::string NameOf(const Status& status) {
  if (status.domain() == ErrorDomain::kUser && status.code() == StatusCode::kInternal) {
    return "USER_ERROR";
  }
  return std::string(ToString(status.code()));
}

// A task that lost a peer, or did not find it, says no more than that.
bool MayBeAPeers(const JobFailure& failure) {
  return !failure.process_ended && failure.status.code() == StatusCode::kUnavailable;
}

}  // namespace

std::string DescribeStep(const ExecutionGraph& graph, const proto::RunningStep& step) {
  if (step.vertex() >= graph.vertex_count()) return "a task that is not in the JobGraph";
  const proto::JobVertex& vertex = graph.vertex(step.vertex());
  const std::string name = graph.OperatorName(step.vertex(), step.operator_index());
  return Concat(name.empty() ? std::string() : Concat("operator '", name, "' of "), "'",
                vertex.name(), "' (", step.subtask() + 1, "/", vertex.parallelism(), "), attempt ",
                step.attempt());
}

JobFailure FailureOfTask(const ExecutionGraph& graph, const Execution& execution,
                         const proto::TaskFailure& reported, std::int64_t now_ms) {
  Status status = proto::StatusFromError(reported.error());
  if (status.ok()) status = Status::Internal("failed without saying why");
  JobFailure failure{.name = NameOf(status), .time_ms = now_ms};
  failure.task_name = graph.TaskName(execution.vertex, execution.subtask);
  failure.operator_name = reported.operator_name();
  if (execution.place) {
    failure.task_manager_id = execution.place->task_manager_id;
    failure.endpoint = execution.place->endpoint;
  }
  const proto::JobVertex& vertex = graph.vertex(execution.vertex);
  failure.status = status.WithContext(
      Concat(failure.operator_name.empty() ? std::string()
                                           : Concat("operator '", failure.operator_name, "' of "),
             "'", vertex.name(), "' (", execution.subtask + 1, "/", vertex.parallelism(),
             "), attempt ", execution.attempt, ", on TaskManager ", failure.task_manager_id));
  return failure;
}

JobFailure FailureOfWorkerExit(const ExecutionGraph& graph, proto::WorkerRole role,
                               const std::string& task_manager_id,
                               const proto::WorkerExited& exited, std::int64_t now_ms) {
  JobFailure failure{.time_ms = now_ms, .task_manager_id = task_manager_id};
  failure.process_ended = true;
  failure.name = exited.signal() != 0 ? SignalName(exited.signal()) : "WORKER_EXITED";
  failure.last_output = exited.last_output();
  std::string text = Concat(DescribeWorker(role, task_manager_id), " ",
                            exited.signal() != 0 ? "was " : "", exited.reason());
  for (int index = 0; index < exited.running_size() && index < kMostSteps; ++index) {
    text += index == 0 ? " while running " : "; ";
    text += DescribeStep(graph, exited.running(index));
  }
  if (exited.running_size() > kMostSteps) {
    text += Concat("; and ", exited.running_size() - kMostSteps, " more");
  }
  if (exited.running_size() == 1 && exited.running(0).vertex() < graph.vertex_count()) {
    const proto::RunningStep& step = exited.running(0);
    failure.task_name = graph.TaskName(step.vertex(), step.subtask());
    failure.operator_name = graph.OperatorName(step.vertex(), step.operator_index());
  }
  // Nearly always the plugin's doing when user code was running; a kill from outside leaves no
  // trace that tells it apart, so the domain stays with what is certain.
  const bool crashed_in_user_code = exited.running_size() > 0 && exited.signal() != 9 /* SIGKILL */;
  failure.status =
      Status(StatusCode::kUnavailable, std::move(text),
             crashed_in_user_code ? ErrorDomain::kUser : ErrorDomain::kExternal, RetryHint::kRetry);
  return failure;
}

JobFailure FailureOfJob(Status status, std::int64_t now_ms) {
  JobFailure failure{.name = NameOf(status), .time_ms = now_ms};
  failure.status = std::move(status);
  return failure;
}

std::string DescribeWorker(proto::WorkerRole role, const std::string& task_manager_id) {
  return Concat(role == proto::COORDINATOR ? "coordinator process" : "worker", " on TaskManager ",
                task_manager_id);
}

void ExceptionHistory::AddRoot(JobFailure failure) {
  entries_.push_front(std::move(failure));
  if (entries_.size() <= size_) return;
  entries_.pop_back();
  truncated_ = true;
}

void ExceptionHistory::AddConcurrent(JobFailure failure) {
  if (entries_.empty()) return;
  JobFailure& root = entries_.front();
  if (MayBeAPeers(root) && !MayBeAPeers(failure)) {
    failure.concurrent = std::exchange(root.concurrent, {});
    std::swap(root, failure);
  }
  if (root.concurrent.size() < kMostConcurrent) root.concurrent.push_back(std::move(failure));
}

}  // namespace weir::jobmanager
