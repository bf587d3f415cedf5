#include "jobmanager/graph/execution_graph.h"

#include <gtest/gtest.h>

#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

TEST(ExecutionGraphTest, CountsStatesAndFindsAttempts) {
  ExecutionGraph graph(ChainGraph({2, 3}), 5);
  EXPECT_EQ(graph.subtask_count(), 5u);
  EXPECT_EQ(graph.CountOf(TaskState::kCreated), 5u);
  Execution* const execution = graph.Find(1, 2, 0);
  ASSERT_NE(execution, nullptr);
  EXPECT_EQ(graph.TaskName(1, 2), "v1 (3/3)");
  ASSERT_TRUE(graph.TransitionTask(*execution, TaskState::kScheduled, 6).ok());
  EXPECT_EQ(graph.CountOf(TaskState::kCreated), 4u);
  EXPECT_EQ(graph.CountOf(TaskState::kScheduled), 1u);
  EXPECT_EQ(graph.VertexCounts(1)[static_cast<std::size_t>(TaskState::kScheduled)], 1u);

  EXPECT_EQ(graph.Find(1, 2, 1), nullptr);
  EXPECT_EQ(graph.Find(1, 3, 0), nullptr);
  EXPECT_EQ(graph.Find(2, 0, 0), nullptr);
}

TEST(ExecutionGraphTest, ARestartMakesTheNextAttempts) {
  ExecutionGraph graph(ChainGraph({1, 1}), 5);
  ASSERT_TRUE(graph.TransitionTask(graph.At(0, 0), TaskState::kCanceled, 6).ok());
  EXPECT_FALSE(graph.AllTerminal());
  ASSERT_TRUE(graph.TransitionTask(graph.At(1, 0), TaskState::kFailed, 6).ok());
  EXPECT_TRUE(graph.AllTerminal());
  graph.ResetForRestart(7);
  EXPECT_EQ(graph.CountOf(TaskState::kCreated), 2u);
  EXPECT_EQ(graph.Find(0, 0, 0), nullptr);
  EXPECT_NE(graph.Find(0, 0, 1), nullptr);
  EXPECT_EQ(graph.At(0, 0).machine.entered_ms(TaskState::kCreated), 7);
}

TEST(ExecutionGraphTest, AVertexShowsTheWorstOfItsSubtasks) {
  const auto aggregate = [](std::initializer_list<TaskState> states) {
    ExecutionGraph::StateCounts counts{};
    for (const TaskState state : states) ++counts[static_cast<std::size_t>(state)];
    return AggregateState(counts);
  };
  using enum TaskState;
  EXPECT_EQ(aggregate({kRunning, kFailed, kCanceling}), kFailed);
  EXPECT_EQ(aggregate({kRunning, kCanceling, kCanceled}), kCanceling);
  EXPECT_EQ(aggregate({kFinished, kCanceled}), kCanceled);
  EXPECT_EQ(aggregate({kRunning, kInitializing}), kInitializing);
  EXPECT_EQ(aggregate({kRunning, kFinished, kScheduled}), kRunning);
  EXPECT_EQ(aggregate({kFinished, kScheduled}), kRunning);
  EXPECT_EQ(aggregate({kFinished, kFinished}), kFinished);
  EXPECT_EQ(aggregate({kScheduled, kDeploying}), kDeploying);
  EXPECT_EQ(aggregate({kCreated, kScheduled}), kScheduled);
  EXPECT_EQ(aggregate({kCreated}), kCreated);
}

TEST(ExecutionGraphTest, ChannelNumbersOfEdgesDoNotOverlap) {
  EXPECT_EQ(FirstChannelNumbers(ChainGraph({2, 3, 4})), (std::vector<std::uint32_t>{0, 6}));
}

}  // namespace
}  // namespace weir::jobmanager
