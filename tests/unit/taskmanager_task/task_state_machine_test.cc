#include "taskmanager/task/task_state_machine.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weir::task {
namespace {

using enum TaskEvent;
using enum TaskState;

struct Step {
  TaskEvent event;
  bool reported;
  TaskState state;
  bool closing;
};

struct Life {
  std::string name;
  std::vector<Step> steps;
  bool failed = false;
};

class TaskStateMachineTest : public testing::TestWithParam<Life> {};

TEST_P(TaskStateMachineTest, FollowsTheTable) {
  TaskStateMachine machine;
  int number = 0;
  for (const Step& step : GetParam().steps) {
    const bool reported = machine.Handle(
        step.event,
        step.event == kErred ? Status::UserError("error " + std::to_string(number)) : Status::Ok());
    EXPECT_EQ(reported, step.reported) << "step " << number;
    EXPECT_EQ(machine.state(), step.state) << "step " << number;
    EXPECT_EQ(machine.closing(), step.closing) << "step " << number;
    EXPECT_EQ(machine.running(), step.state == kRunning && !step.closing) << "step " << number;
    ++number;
  }
  EXPECT_EQ(machine.failure().ok(), !GetParam().failed);
}

INSTANTIATE_TEST_SUITE_P(Lives, TaskStateMachineTest,
                         testing::Values(Life{"Straight",
                                              {{kDeployed, true, kDeploying, false},
                                               {kStarted, true, kInitializing, false},
                                               {kOpened, true, kRunning, false},
                                               {kEnded, false, kRunning, true},
                                               {kClosed, true, kFinished, false},
                                               {kErred, false, kFinished, false},
                                               {kCancelRequested, false, kFinished, false}}},
                                         Life{"CanceledBeforeStart",
                                              {{kDeployed, true, kDeploying, false},
                                               {kCancelRequested, true, kCanceled, false},
                                               {kStarted, false, kCanceled, false}}},
                                         Life{"CanceledWhileOpening",
                                              {{kDeployed, true, kDeploying, false},
                                               {kStarted, true, kInitializing, false},
                                               {kCancelRequested, true, kCanceling, true},
                                               {kOpened, false, kCanceling, true},
                                               {kClosed, true, kCanceled, false}}},
                                         Life{"CanceledWhileRunningTwice",
                                              {{kDeployed, true, kDeploying, false},
                                               {kStarted, true, kInitializing, false},
                                               {kOpened, true, kRunning, false},
                                               {kCancelRequested, true, kCanceling, true},
                                               {kCancelRequested, false, kCanceling, true},
                                               {kErred, false, kCanceling, true},
                                               {kClosed, true, kCanceled, false}}},
                                         Life{"CanceledWhileClosing",
                                              {{kDeployed, true, kDeploying, false},
                                               {kStarted, true, kInitializing, false},
                                               {kOpened, true, kRunning, false},
                                               {kEnded, false, kRunning, true},
                                               {kCancelRequested, true, kCanceling, true},
                                               {kClosed, true, kCanceled, false}}},
                                         Life{"FailedOpening",
                                              {{kDeployed, true, kDeploying, false},
                                               {kStarted, true, kInitializing, false},
                                               {kErred, false, kInitializing, true},
                                               {kCancelRequested, false, kInitializing, true},
                                               {kClosed, true, kFailed, false}},
                                              true},
                                         Life{"FailedRunning",
                                              {{kDeployed, true, kDeploying, false},
                                               {kStarted, true, kInitializing, false},
                                               {kOpened, true, kRunning, false},
                                               {kErred, false, kRunning, true},
                                               {kErred, false, kRunning, true},
                                               {kEnded, false, kRunning, true},
                                               {kClosed, true, kFailed, false}},
                                              true},
                                         Life{"FailedBeforeStart",
                                              {{kDeployed, true, kDeploying, false},
                                               {kErred, true, kFailed, false}},
                                              true},
                                         Life{"EventsOutOfPlace",
                                              {{kOpened, false, kCreated, false},
                                               {kEnded, false, kCreated, false},
                                               {kClosed, false, kCreated, false},
                                               {kStarted, false, kCreated, false},
                                               {kDeployed, true, kDeploying, false},
                                               {kDeployed, false, kDeploying, false}}}),
                         [](const auto& life) { return life.param.name; });

TEST(TaskStateMachineTest, TheFirstErrorIsTheFailure) {
  TaskStateMachine machine;
  machine.Handle(kDeployed);
  machine.Handle(kStarted);
  machine.Handle(kOpened);
  machine.Handle(kErred, Status::UserError("first"));
  machine.Handle(kErred, Status::UserError("second"));
  machine.Handle(kClosed, Status::UserError("third"));
  EXPECT_EQ(machine.state(), kFailed);
  EXPECT_EQ(machine.failure().message(), "first");
}

TEST(TaskStateMachineTest, AnErrorOfCloseFailsATaskThatEndedWell) {
  TaskStateMachine machine;
  machine.Handle(kDeployed);
  machine.Handle(kStarted);
  machine.Handle(kOpened);
  machine.Handle(kEnded);
  EXPECT_TRUE(machine.Handle(kClosed, Status::UserError("close")));
  EXPECT_EQ(machine.state(), kFailed);
  EXPECT_EQ(machine.failure().message(), "close");
}

}  // namespace
}  // namespace weir::task
