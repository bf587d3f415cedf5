#include "jobmanager/graph/execution_graph.h"

#include <numeric>
#include <utility>

#include "common/text.h"

namespace weir::jobmanager {

ExecutionGraph::ExecutionGraph(proto::JobGraph graph, std::int64_t now_ms,
                               std::uint32_t first_attempt)
    : graph_(std::move(graph)), job_(now_ms) {
  executions_.resize(static_cast<std::size_t>(graph_.vertices_size()));
  for (std::uint32_t vertex = 0; vertex < vertex_count(); ++vertex) {
    const std::uint32_t parallelism = this->vertex(vertex).parallelism();
    executions_[vertex].reserve(parallelism);
    for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
      executions_[vertex].push_back(Execution{.vertex = vertex,
                                              .subtask = subtask,
                                              .attempt = first_attempt,
                                              .machine = TaskStateMachine(now_ms)});
    }
    subtask_count_ += parallelism;
  }
  counts_[static_cast<std::size_t>(TaskState::kCreated)] = subtask_count_;
}

Execution* ExecutionGraph::Find(std::uint32_t vertex, std::uint32_t subtask,
                                std::uint32_t attempt) {
  if (vertex >= executions_.size() || subtask >= executions_[vertex].size()) return nullptr;
  Execution& execution = executions_[vertex][subtask];
  return execution.attempt == attempt ? &execution : nullptr;
}

Status ExecutionGraph::TransitionTask(Execution& execution, TaskState to, std::int64_t now_ms) {
  const TaskState from = execution.state();
  WEIR_RETURN_IF_ERROR(execution.machine.Transition(to, now_ms)
                           .WithContext(TaskName(execution.vertex, execution.subtask)));
  --counts_[static_cast<std::size_t>(from)];
  ++counts_[static_cast<std::size_t>(to)];
  return Status::Ok();
}

void ExecutionGraph::ResetForRestart(Execution& execution, std::int64_t now_ms) {
  --counts_[static_cast<std::size_t>(execution.state())];
  execution = Execution{.vertex = execution.vertex,
                        .subtask = execution.subtask,
                        .attempt = execution.attempt + 1,
                        .machine = TaskStateMachine(now_ms)};
  ++counts_[static_cast<std::size_t>(TaskState::kCreated)];
}

void ExecutionGraph::ResetForRestart(std::int64_t now_ms) {
  for (std::vector<Execution>& subtasks : executions_) {
    for (Execution& execution : subtasks) ResetForRestart(execution, now_ms);
  }
}

bool ExecutionGraph::AllTerminal() const {
  return CountOf(TaskState::kFinished) + CountOf(TaskState::kCanceled) +
             CountOf(TaskState::kFailed) ==
         subtask_count_;
}

ExecutionGraph::StateCounts ExecutionGraph::VertexCounts(std::uint32_t vertex) const {
  StateCounts counts{};
  for (const Execution& execution : executions_[vertex]) {
    ++counts[static_cast<std::size_t>(execution.state())];
  }
  return counts;
}

std::string ExecutionGraph::TaskName(std::uint32_t vertex, std::uint32_t subtask) const {
  const proto::JobVertex& described = this->vertex(vertex);
  return Concat(described.name(), " (", subtask + 1, "/", described.parallelism(), ")");
}

std::string ExecutionGraph::OperatorName(std::uint32_t vertex, std::uint32_t operator_index) const {
  if (vertex >= vertex_count()) return {};
  const proto::JobVertex& described = this->vertex(vertex);
  if (operator_index >= static_cast<std::uint32_t>(described.operators_size())) return {};
  return described.operators(static_cast<int>(operator_index)).name();
}

TaskState AggregateState(const ExecutionGraph::StateCounts& counts) {
  const auto count = [&counts](TaskState state) { return counts[static_cast<std::size_t>(state)]; };
  for (const TaskState state : {TaskState::kFailed, TaskState::kCanceling, TaskState::kCanceled,
                                TaskState::kInitializing, TaskState::kRunning}) {
    if (count(state) > 0) return state;
  }
  if (count(TaskState::kFinished) > 0) {
    const std::uint32_t all = std::accumulate(counts.begin(), counts.end(), 0u);
    return count(TaskState::kFinished) == all ? TaskState::kFinished : TaskState::kRunning;
  }
  if (count(TaskState::kDeploying) > 0) return TaskState::kDeploying;
  if (count(TaskState::kScheduled) > 0) return TaskState::kScheduled;
  return TaskState::kCreated;
}

std::vector<std::uint32_t> FirstChannelNumbers(const proto::JobGraph& graph) {
  std::vector<std::uint32_t> first;
  first.reserve(static_cast<std::size_t>(graph.edges_size()));
  std::uint32_t next = 0;
  for (const proto::JobEdge& edge : graph.edges()) {
    first.push_back(next);
    next += graph.vertices(static_cast<int>(edge.source_vertex())).parallelism() *
            graph.vertices(static_cast<int>(edge.target_vertex())).parallelism();
  }
  return first;
}

}  // namespace weir::jobmanager
