// ExecutionGraph: a running JobGraph: the job's state, and of every subtask the present attempt.
//
// Owned by the job's JobMaster and touched on the JobManager's event loop only. It keeps the books;
// what to do about a change is the JobMaster's business. Vertices and edges keep the indexes of the
// JobGraph.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weir/status.h>

#include "jobmanager/graph/job_state_machine.h"
#include "jobmanager/graph/task_state_machine.h"
#include "proto/session.pb.h"

namespace weir::jobmanager {

// Where an attempt runs.
struct ExecutionPlace {
  std::string task_manager_id;
  std::string endpoint;   // "host:data-port" of the TaskManager
  std::string worker_id;  // empty until a worker is chosen
  std::int32_t process_id = -1;
  std::uint32_t slot = 0;  // of the worker, from 0
};

// One attempt of one subtask.
struct Execution {
  std::uint32_t vertex = 0;
  std::uint32_t subtask = 0;
  std::uint32_t attempt = 0;
  TaskStateMachine machine;
  std::optional<ExecutionPlace> place;
  std::optional<proto::TaskStatistics> statistics;  // none until the worker reported

  TaskState state() const { return machine.state(); }
};

// Attempts go on growing from one JobMaster of a job to the next, which counts from its own epoch
// (at least 1): sinks tell by the number what a later attempt may remove of an earlier one's. An
// epoch has room for a million attempts.
constexpr std::uint32_t FirstAttemptOf(std::uint64_t job_epoch) {
  return static_cast<std::uint32_t>((job_epoch - 1) << 20);
}

class ExecutionGraph {
 public:
  using StateCounts = std::array<std::uint32_t, kTaskStateCount>;

  // `graph` has passed CheckJobGraph.
  ExecutionGraph(proto::JobGraph graph, std::int64_t now_ms, std::uint32_t first_attempt = 0);

  const proto::JobGraph& job_graph() const { return graph_; }
  std::uint32_t vertex_count() const { return static_cast<std::uint32_t>(executions_.size()); }
  const proto::JobVertex& vertex(std::uint32_t index) const {
    return graph_.vertices(static_cast<int>(index));
  }
  // By subtask.
  const std::vector<Execution>& executions(std::uint32_t vertex) const {
    return executions_[vertex];
  }
  // Null when there is no such subtask, or another attempt is the present one: a late message.
  Execution* Find(std::uint32_t vertex, std::uint32_t subtask, std::uint32_t attempt);
  Execution& At(std::uint32_t vertex, std::uint32_t subtask) {
    return executions_[vertex][subtask];
  }

  JobState job_state() const { return job_.state(); }
  const JobStateMachine& job() const { return job_; }
  Status TransitionJob(JobState to, std::int64_t now_ms) { return job_.Transition(to, now_ms); }

  Status TransitionTask(Execution& execution, TaskState to, std::int64_t now_ms);
  // The subtask's next attempt takes the execution's place: in state CREATED, nowhere yet.
  void ResetForRestart(Execution& execution, std::int64_t now_ms);
  // Of every subtask.
  void ResetForRestart(std::int64_t now_ms);

  const StateCounts& counts() const { return counts_; }
  std::uint32_t subtask_count() const { return subtask_count_; }
  bool AllTerminal() const;
  bool AllFinished() const { return CountOf(TaskState::kFinished) == subtask_count_; }
  std::uint32_t CountOf(TaskState state) const { return counts_[static_cast<std::size_t>(state)]; }
  StateCounts VertexCounts(std::uint32_t vertex) const;

  // "Map (2/4)".
  std::string TaskName(std::uint32_t vertex, std::uint32_t subtask) const;
  // The name of a chained operator; empty when there is no such operator.
  std::string OperatorName(std::uint32_t vertex, std::uint32_t operator_index) const;

 private:
  proto::JobGraph graph_;
  JobStateMachine job_;
  std::vector<std::vector<Execution>> executions_;
  StateCounts counts_{};
  std::uint32_t subtask_count_ = 0;
};

// The state of a vertex made from those of its subtasks, as Flink shows it: the worst news first.
TaskState AggregateState(const ExecutionGraph::StateCounts& counts);

// The first channel number of every edge: each edge has source parallelism x target parallelism
// numbers (internal/channel_layout.h), one after the other.
std::vector<std::uint32_t> FirstChannelNumbers(const proto::JobGraph& graph);

}  // namespace weir::jobmanager
