// The tables of the state machines, row by row.
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "jobmanager/graph/job_state_machine.h"
#include "jobmanager/graph/task_state_machine.h"
#include "jobmanager/job/job_phase.h"
#include "jobmanager/job/worker_state_machine.h"

namespace weir::jobmanager {
namespace {

using Table = std::map<std::string, std::set<std::string>>;

template <class State>
Table TableOf(std::size_t count) {
  Table table;
  for (std::size_t from = 0; from < count; ++from) {
    std::set<std::string>& row = table[ToString(static_cast<State>(from))];
    for (std::size_t to = 0; to < count; ++to) {
      if (CanTransition(static_cast<State>(from), static_cast<State>(to))) {
        row.insert(ToString(static_cast<State>(to)));
      }
    }
  }
  return table;
}

TEST(JobStateMachineTest, AllowsFlinksMovesAndNoOthers) {
  const Table expected{
      {"INITIALIZING", {"CREATED", "FAILING", "FAILED", "CANCELLING", "SUSPENDED", "RECONCILING"}},
      {"CREATED", {"RUNNING", "FAILING", "CANCELLING", "RESTARTING", "SUSPENDED"}},
      {"RUNNING", {"FINISHED", "FAILING", "CANCELLING", "RESTARTING", "SUSPENDED"}},
      {"FAILING", {"FAILED", "CANCELLING", "SUSPENDED"}},
      {"FAILED", {}},
      {"CANCELLING", {"CANCELED", "FAILING", "SUSPENDED"}},
      {"CANCELED", {}},
      {"FINISHED", {}},
      {"RESTARTING", {"RUNNING", "CREATED", "FAILING", "CANCELLING", "SUSPENDED"}},
      {"SUSPENDED", {"RECONCILING"}},
      {"RECONCILING", {"CREATED", "RUNNING", "RESTARTING", "FAILING", "CANCELLING", "SUSPENDED"}},
  };
  EXPECT_EQ(TableOf<JobState>(kJobStateCount), expected);
}

TEST(JobStateMachineTest, RemembersWhenEachStateWasEnteredLast) {
  JobStateMachine machine(10);
  EXPECT_EQ(machine.entered_ms(JobState::kInitializing), 10);
  EXPECT_EQ(machine.entered_ms(JobState::kRunning), -1);
  ASSERT_TRUE(machine.Transition(JobState::kCreated, 20).ok());
  ASSERT_TRUE(machine.Transition(JobState::kRunning, 30).ok());
  ASSERT_TRUE(machine.Transition(JobState::kRestarting, 40).ok());
  ASSERT_TRUE(machine.Transition(JobState::kRunning, 50).ok());
  EXPECT_EQ(machine.entered_ms(JobState::kRunning), 50);
  EXPECT_EQ(machine.last_change_ms(), 50);
}

TEST(JobStateMachineTest, RefusesOtherMovesAndStays) {
  JobStateMachine machine(10);
  const Status status = machine.Transition(JobState::kFinished, 20);
  EXPECT_EQ(status.message(), "a job cannot go from INITIALIZING to FINISHED");
  EXPECT_EQ(machine.state(), JobState::kInitializing);
  EXPECT_EQ(machine.entered_ms(JobState::kFinished), -1);
}

TEST(TaskStateMachineTest, AllowsTheseMovesAndNoOthers) {
  const Table expected{
      {"CREATED", {"SCHEDULED", "CANCELED", "FAILED"}},
      {"SCHEDULED", {"DEPLOYING", "CANCELED", "FAILED"}},
      {"DEPLOYING", {"INITIALIZING", "RUNNING", "FINISHED", "CANCELING", "CANCELED", "FAILED"}},
      {"INITIALIZING", {"RUNNING", "FINISHED", "CANCELING", "CANCELED", "FAILED"}},
      {"RUNNING", {"FINISHED", "CANCELING", "CANCELED", "FAILED"}},
      {"FINISHED", {}},
      {"CANCELING", {"CANCELED", "FINISHED", "FAILED"}},
      {"CANCELED", {}},
      {"FAILED", {}},
  };
  EXPECT_EQ(TableOf<TaskState>(kTaskStateCount), expected);
}

TEST(TaskStateMachineTest, KnowsTheNumbersOfTheProtocolOnly) {
  EXPECT_EQ(TaskStateFromNumber(8), TaskState::kFailed);
  EXPECT_EQ(TaskStateFromNumber(9), std::nullopt);
  EXPECT_EQ(TaskStateFromNumber(-1), std::nullopt);
}

TEST(WorkerStateMachineTest, AllowsTheseMovesAndNoOthers) {
  const Table expected{
      {"STARTING", {"PREPARING", "STOPPING", "GONE"}},
      {"PREPARING", {"READY", "STOPPING", "GONE"}},
      {"READY", {"STOPPING", "GONE"}},
      {"STOPPING", {"GONE"}},
      {"GONE", {}},
  };
  EXPECT_EQ(TableOf<WorkerState>(kWorkerStateCount), expected);
}

TEST(JobPhaseTest, AllowsTheseMovesAndNoOthers) {
  const Table expected{
      {"NOT_STARTED", {"WAITING_FOR_SLOTS", "ENDING"}},
      {"WAITING_FOR_SLOTS", {"STARTING_WORKERS", "STOPPING", "ENDING"}},
      {"STARTING_WORKERS", {"STARTING_COORDINATORS", "DEPLOYING", "STOPPING", "ENDING"}},
      {"STARTING_COORDINATORS", {"DEPLOYING", "STOPPING", "ENDING"}},
      {"DEPLOYING", {"EXECUTING", "STOPPING", "ENDING"}},
      {"EXECUTING", {"STOPPING", "ENDING"}},
      {"STOPPING", {"WAITING_TO_RESTART", "WAITING_FOR_SLOTS", "ENDING"}},
      {"WAITING_TO_RESTART", {"WAITING_FOR_SLOTS", "STOPPING", "ENDING"}},
      {"ENDING", {"ENDED"}},
      {"ENDED", {}},
  };
  EXPECT_EQ(TableOf<JobPhase>(kJobPhaseCount), expected);
}

}  // namespace
}  // namespace weir::jobmanager
