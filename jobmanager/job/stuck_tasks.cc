#include "jobmanager/job/stuck_tasks.h"

#include "common/text.h"
#include "jobmanager/job/job_failure.h"

namespace weir::jobmanager {

void StuckTasks::OnReport(const std::string& worker_id, const proto::RunningStep& step) {
  const std::pair key(worker_id, step.slot());
  if (step.running_ms() <= 0) {
    steps_.erase(key);
  } else {
    steps_[key] = step;
  }
}

void StuckTasks::ForgetWorker(const std::string& worker_id) {
  std::erase_if(steps_, [&](const auto& entry) { return entry.first.first == worker_id; });
}

bool StuckTasks::Concerns(const ExecutionGraph& graph, const proto::RunningStep& step) const {
  if (step.vertex() >= graph.vertex_count()) return false;
  const std::vector<Execution>& executions = graph.executions(step.vertex());
  if (step.subtask() >= executions.size()) return false;
  const Execution& execution = executions[step.subtask()];
  return execution.attempt == step.attempt() && !IsTerminal(execution.state());
}

std::vector<std::string> StuckTasks::Warnings(const ExecutionGraph& graph) const {
  std::vector<std::string> warnings;
  for (const auto& [key, step] : steps_) {
    if (!Concerns(graph, step)) continue;
    warnings.push_back(Concat(DescribeStep(graph, step), ", has been in one call for ",
                              step.running_ms() / 1000, " s"));
  }
  return warnings;
}

std::string StuckTasks::DetailsOf(const ExecutionGraph& graph, const Execution& execution) const {
  for (const auto& [key, step] : steps_) {
    if (step.vertex() != execution.vertex || step.subtask() != execution.subtask) continue;
    if (!Concerns(graph, step)) continue;
    return Concat("in one call of operator '",
                  graph.OperatorName(step.vertex(), step.operator_index()), "' for ",
                  step.running_ms() / 1000, " s");
  }
  return {};
}

}  // namespace weir::jobmanager
