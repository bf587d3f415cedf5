// One checkpoint as a state machine, and what it consists of.
#include "jobmanager/checkpoint/pending_checkpoint.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/jobmanager_checkpoint/running_graph.h"

namespace weir::jobmanager {
namespace {

using enum PendingCheckpointState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Index = std::pair<std::uint32_t, std::uint32_t>;

std::vector<Index> StartingTasks(const ExecutionGraph& graph) {
  std::vector<Index> starting;
  const CheckpointPlan plan = *PlanCheckpoint(graph);
  for (const CheckpointTask& task : plan) {
    if (task.starts_barrier) starting.emplace_back(task.index.vertex, task.index.subtask);
  }
  return starting;
}

TEST(CheckpointPlanTest, StartsAtTheSourcesWhileTheyRun) {
  ExecutionGraph graph(LineGraph({2, 3}), 0);
  RunAllTasks(graph);
  EXPECT_THAT(StartingTasks(graph), ElementsAre(Index{0, 0}, Index{0, 1}));
  EXPECT_EQ(PlanCheckpoint(graph)->size(), 5u);
}

TEST(CheckpointPlanTest, StartsBehindWhatHasFinished) {
  ExecutionGraph graph(LineGraph({2, 2, 1}), 0);
  RunAllTasks(graph);
  FinishTask(graph, 0, 0);
  EXPECT_THAT(StartingTasks(graph), ElementsAre(Index{0, 1}));
  FinishTask(graph, 0, 1);
  EXPECT_THAT(StartingTasks(graph), ElementsAre(Index{1, 0}, Index{1, 1}));
  FinishTask(graph, 1, 0);
  EXPECT_THAT(StartingTasks(graph), ElementsAre(Index{1, 1}));
  FinishTask(graph, 1, 1);
  EXPECT_THAT(StartingTasks(graph), ElementsAre(Index{2, 0}));
}

// A forward edge joins subtask i to subtask i alone.
TEST(CheckpointPlanTest, LooksAtTheChannelsOfEachSubtask) {
  ExecutionGraph graph(LineGraph({2, 2}, proto::FORWARD), 0);
  RunAllTasks(graph);
  FinishTask(graph, 0, 0);
  EXPECT_THAT(StartingTasks(graph), ElementsAre(Index{0, 1}, Index{1, 0}));
}

TEST(CheckpointPlanTest, NeedsAllTasksToRunOrToHaveFinished) {
  ExecutionGraph graph(LineGraph({1, 2}), 0);
  RunTask(graph, 0, 0);
  RunTask(graph, 1, 0);
  EXPECT_THAT(PlanCheckpoint(graph).status().message(),
              HasSubstr("'v1 (2/2)' is CREATED, and a checkpoint needs all tasks to run"));
  RunTask(graph, 1, 1);
  EXPECT_TRUE(PlanCheckpoint(graph).ok());
  for (const Index& index : {Index{0, 0}, Index{1, 0}, Index{1, 1}}) {
    FinishTask(graph, index.first, index.second);
  }
  EXPECT_THAT(PlanCheckpoint(graph).status().message(), HasSubstr("have finished"));
}

TEST(PendingCheckpointTest, TheTableIsTheWholeTruth) {
  constexpr std::size_t kCount = kPendingCheckpointStateCount;
  //                           to: folder  coord.  collect write  compl. aborted
  constexpr bool kAllowed[kCount][kCount] = {
      {false, true, true, false, false, true},    {false, false, true, false, false, true},
      {false, false, false, true, false, true},   {false, false, false, false, true, true},
      {false, false, false, false, false, false}, {false, false, false, false, false, false}};
  for (std::size_t from = 0; from < kCount; ++from) {
    for (std::size_t to = 0; to < kCount; ++to) {
      EXPECT_EQ(CanTransition(static_cast<PendingCheckpointState>(from),
                              static_cast<PendingCheckpointState>(to)),
                kAllowed[from][to])
          << ToString(static_cast<PendingCheckpointState>(from)) << " -> "
          << ToString(static_cast<PendingCheckpointState>(to));
    }
  }
}

class PendingCheckpointStatesTest : public testing::Test {
 protected:
  PendingCheckpointStatesTest() {
    RunAllTasks(graph_);
    FinishTask(graph_, 0, 1);
  }
  void Collect() { ASSERT_TRUE(checkpoint_.Collect(*PlanCheckpoint(graph_))); }
  AcknowledgeOutcome Acknowledge(std::uint32_t vertex, std::uint32_t subtask,
                                 std::uint32_t attempt = 0) {
    proto::SubtaskState state;
    state.add_handles()->set_inline_("state");
    return checkpoint_.Acknowledge({vertex, subtask}, attempt, state);
  }

  ExecutionGraph graph_{LineGraph({2, 1}), 0};
  PendingCheckpoint checkpoint_{7, 1'000, 5};
};

TEST_F(PendingCheckpointStatesTest, CollectsFromEveryUnfinishedTaskOnce) {
  EXPECT_EQ(Acknowledge(0, 0), AcknowledgeOutcome::kTooLate);
  Collect();
  EXPECT_EQ(checkpoint_.missing(), 2u);
  EXPECT_FALSE(checkpoint_.WriteMetadata());
  EXPECT_EQ(Acknowledge(0, 1), AcknowledgeOutcome::kUnexpected) << "it had finished";
  EXPECT_EQ(Acknowledge(0, 0, 1), AcknowledgeOutcome::kUnexpected) << "another attempt";
  EXPECT_EQ(Acknowledge(3, 0), AcknowledgeOutcome::kUnexpected) << "no such task";
  EXPECT_TRUE(checkpoint_.Awaits({0, 0}));
  EXPECT_EQ(Acknowledge(0, 0), AcknowledgeOutcome::kAccepted);
  EXPECT_FALSE(checkpoint_.Awaits({0, 0}));
  EXPECT_EQ(Acknowledge(0, 0), AcknowledgeOutcome::kRepeated);
  EXPECT_FALSE(checkpoint_.WriteMetadata());
  EXPECT_EQ(Acknowledge(1, 0), AcknowledgeOutcome::kAccepted);
  EXPECT_TRUE(checkpoint_.WriteMetadata());
  EXPECT_EQ(Acknowledge(1, 0), AcknowledgeOutcome::kTooLate);
  EXPECT_TRUE(checkpoint_.Complete());
  EXPECT_FALSE(checkpoint_.Abort(Status::Internal("too late")));
}

TEST_F(PendingCheckpointStatesTest, MetadataHoldsEverySubtaskAndTheCoordinators) {
  ASSERT_TRUE(checkpoint_.SnapshotCoordinators());
  proto::CoordinatorState coordinator;
  coordinator.set_operator_id("source");
  ASSERT_TRUE(checkpoint_.SetCoordinatorStates({coordinator}));
  Collect();
  EXPECT_FALSE(checkpoint_.SetCoordinatorStates({})) << "the triggers have left";
  Acknowledge(0, 0);
  Acknowledge(1, 0);
  ASSERT_TRUE(checkpoint_.WriteMetadata());
  const proto::CheckpointMetadata metadata = checkpoint_.TakeMetadata(graph_.job_graph());
  EXPECT_EQ(metadata.checkpoint_id(), 7u);
  EXPECT_EQ(metadata.trigger_time_ms(), 1'000);
  ASSERT_EQ(metadata.vertices_size(), 2);
  ASSERT_EQ(metadata.vertices(0).subtasks_size(), 2);
  EXPECT_FALSE(metadata.vertices(0).subtasks(0).finished());
  EXPECT_EQ(metadata.vertices(0).subtasks(0).handles(0).inline_(), "state");
  EXPECT_TRUE(metadata.vertices(0).subtasks(1).finished());
  EXPECT_EQ(metadata.vertices(0).subtasks(1).subtask(), 1u);
  EXPECT_EQ(metadata.vertices(1).operators(0).uid(), "uid-1");
  EXPECT_EQ(metadata.vertices(1).max_parallelism(), 128u);
  ASSERT_EQ(metadata.coordinators_size(), 1);
}

}  // namespace
}  // namespace weir::jobmanager
