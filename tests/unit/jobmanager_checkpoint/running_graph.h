// An ExecutionGraph whose tasks are moved by hand.
#pragma once

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "jobmanager/graph/execution_graph.h"

namespace weir::jobmanager {

// Vertices "v0", "v1", … joined one after the other by edges of this kind; v0 is the source.
inline proto::JobGraph LineGraph(const std::vector<std::uint32_t>& parallelisms,
                                 proto::Partitioning partitioning = proto::REBALANCE) {
  proto::JobGraph graph;
  graph.set_format_version(1);
  graph.set_name("line");
  for (std::uint32_t index = 0; index < parallelisms.size(); ++index) {
    proto::JobVertex* const vertex = graph.add_vertices();
    vertex->set_id(std::string(31, 'a') + std::to_string(index));
    vertex->set_name("v" + std::to_string(index));
    vertex->set_parallelism(parallelisms[index]);
    vertex->set_max_parallelism(128);
    vertex->set_is_source(index == 0);
    proto::OperatorDescription* const described = vertex->add_operators();
    described->set_id(vertex->id());
    described->set_uid("uid-" + std::to_string(index));
    if (index == 0) continue;
    proto::JobEdge* const edge = graph.add_edges();
    edge->set_source_vertex(index - 1);
    edge->set_target_vertex(index);
    edge->set_partitioning(partitioning);
  }
  return graph;
}

inline void MoveTask(ExecutionGraph& graph, std::uint32_t vertex, std::uint32_t subtask,
                     const std::vector<TaskState>& states) {
  for (const TaskState state : states) {
    const Status status = graph.TransitionTask(graph.At(vertex, subtask), state, 0);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
}

inline void RunTask(ExecutionGraph& graph, std::uint32_t vertex, std::uint32_t subtask) {
  MoveTask(graph, vertex, subtask,
           {TaskState::kScheduled, TaskState::kDeploying, TaskState::kInitializing,
            TaskState::kRunning});
}

inline void RunAllTasks(ExecutionGraph& graph) {
  for (std::uint32_t vertex = 0; vertex < graph.vertex_count(); ++vertex) {
    for (std::uint32_t subtask = 0; subtask < graph.vertex(vertex).parallelism(); ++subtask) {
      RunTask(graph, vertex, subtask);
    }
  }
}

inline void FinishTask(ExecutionGraph& graph, std::uint32_t vertex, std::uint32_t subtask) {
  MoveTask(graph, vertex, subtask, {TaskState::kFinished});
}

}  // namespace weir::jobmanager
