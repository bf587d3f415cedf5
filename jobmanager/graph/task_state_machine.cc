#include "jobmanager/graph/task_state_machine.h"

#include "common/text.h"
#include "jobmanager/graph/transition_table.h"

namespace weir::jobmanager {
namespace {

using enum TaskState;

// By state, in the order of the enum. A worker's reports can be coalesced by its own speed (a short
// task is FINISHED before its RUNNING was sent), so later states are reached from all earlier ones
// that a worker may have been told about.
constexpr TransitionTable<TaskState, kTaskStateCount> kTable{{{
    {"CREATED", FollowedBy(kScheduled, kCanceled, kFailed)},
    {"SCHEDULED", FollowedBy(kDeploying, kCanceled, kFailed)},
    {"DEPLOYING", FollowedBy(kInitializing, kRunning, kFinished, kCanceling, kCanceled, kFailed)},
    {"INITIALIZING", FollowedBy(kRunning, kFinished, kCanceling, kCanceled, kFailed)},
    {"RUNNING", FollowedBy(kFinished, kCanceling, kCanceled, kFailed)},
    {"FINISHED", FollowedBy()},
    {"CANCELING", FollowedBy(kCanceled, kFinished, kFailed)},
    {"CANCELED", FollowedBy()},
    {"FAILED", FollowedBy()},
}}};

}  // namespace

const char* ToString(TaskState state) {
  return kTable.NameOf(state);
}

std::optional<TaskState> TaskStateFromNumber(int number) {
  if (number < 0 || number >= static_cast<int>(kTaskStateCount)) return std::nullopt;
  return static_cast<TaskState>(number);
}

bool CanTransition(TaskState from, TaskState to) {
  return kTable.Allows(from, to);
}

bool IsTerminal(TaskState state) {
  return kTable.IsTerminal(state);
}

bool IsDeployed(TaskState state) {
  return state == kDeploying || state == kInitializing || state == kRunning || state == kCanceling;
}

TaskStateMachine::TaskStateMachine(std::int64_t now_ms) {
  entered_ms_.fill(-1);
  entered_ms_[static_cast<std::size_t>(state_)] = now_ms;
}

Status TaskStateMachine::Transition(TaskState to, std::int64_t now_ms) {
  if (!CanTransition(state_, to)) {
    return Status::Internal(
        Concat("a task cannot go from ", ToString(state_), " to ", ToString(to)));
  }
  state_ = to;
  entered_ms_[static_cast<std::size_t>(to)] = now_ms;
  return Status::Ok();
}

}  // namespace weir::jobmanager
