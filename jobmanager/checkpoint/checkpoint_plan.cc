#include "jobmanager/checkpoint/checkpoint_plan.h"

#include <weir/internal/channel_layout.h>

#include "common/text.h"

namespace weir::jobmanager {
namespace {

bool HasFinished(const ExecutionGraph& graph, std::uint32_t vertex, std::uint32_t subtask) {
  return graph.executions(vertex)[subtask].state() == TaskState::kFinished;
}

// Whether every task that has a channel to this one has finished; true without any.
bool PredecessorsFinished(const ExecutionGraph& graph, std::uint32_t vertex,
                          std::uint32_t subtask) {
  for (const proto::JobEdge& edge : graph.job_graph().edges()) {
    if (edge.target_vertex() != vertex) continue;
    const internal::SubtaskRange sources = internal::SourcesOf(
        static_cast<internal::Partitioning>(edge.partitioning()), subtask,
        graph.vertex(edge.source_vertex()).parallelism(), graph.vertex(vertex).parallelism());
    for (std::uint32_t source = sources.first; source < sources.end; ++source) {
      if (!HasFinished(graph, edge.source_vertex(), source)) return false;
    }
  }
  return true;
}

}  // namespace

Result<CheckpointPlan> PlanCheckpoint(const ExecutionGraph& graph) {
  const auto refuse = [](std::string message) {
    return Status(StatusCode::kFailedPrecondition, std::move(message), ErrorDomain::kUser);
  };
  if (graph.AllFinished()) return refuse("all tasks of the job have finished");
  CheckpointPlan plan;
  plan.reserve(graph.subtask_count());
  for (std::uint32_t vertex = 0; vertex < graph.vertex_count(); ++vertex) {
    for (const Execution& execution : graph.executions(vertex)) {
      const TaskState state = execution.state();
      if (state != TaskState::kRunning && state != TaskState::kFinished) {
        return refuse(Concat("'", graph.TaskName(vertex, execution.subtask), "' is ",
                             ToString(state), ", and a checkpoint needs all tasks to run"));
      }
      CheckpointTask task{.index = {vertex, execution.subtask}, .attempt = execution.attempt};
      task.finished = state == TaskState::kFinished;
      task.starts_barrier =
          !task.finished && PredecessorsFinished(graph, vertex, execution.subtask);
      plan.push_back(task);
    }
  }
  return plan;
}

}  // namespace weir::jobmanager
