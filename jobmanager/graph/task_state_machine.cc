#include "jobmanager/graph/task_state_machine.h"

#include "common/text.h"

namespace weir::jobmanager {
namespace {

using enum TaskState;

constexpr std::uint32_t Bit(TaskState state) {
  return 1u << static_cast<unsigned>(state);
}

template <class... States>
constexpr std::uint32_t Set(States... states) {
  return (0u | ... | Bit(states));
}

struct Row {
  const char* name;
  std::uint32_t next;  // bits of the states that may follow
};

// By state, in the order of the enum. A worker's reports can be coalesced by its own speed (a short
// task is FINISHED before its RUNNING was sent), so later states are reached from all earlier ones
// that a worker may have been told about.
constexpr std::array<Row, kTaskStateCount> kTable{{
    {"CREATED", Set(kScheduled, kCanceled, kFailed)},
    {"SCHEDULED", Set(kDeploying, kCanceled, kFailed)},
    {"DEPLOYING", Set(kInitializing, kRunning, kFinished, kCanceling, kCanceled, kFailed)},
    {"INITIALIZING", Set(kRunning, kFinished, kCanceling, kCanceled, kFailed)},
    {"RUNNING", Set(kFinished, kCanceling, kCanceled, kFailed)},
    {"FINISHED", Set()},
    {"CANCELING", Set(kCanceled, kFinished, kFailed)},
    {"CANCELED", Set()},
    {"FAILED", Set()},
}};

const Row& RowOf(TaskState state) {
  return kTable[static_cast<std::size_t>(state)];
}

}  // namespace

const char* ToString(TaskState state) {
  return RowOf(state).name;
}

std::optional<TaskState> TaskStateFromNumber(int number) {
  if (number < 0 || number >= static_cast<int>(kTaskStateCount)) return std::nullopt;
  return static_cast<TaskState>(number);
}

bool CanTransition(TaskState from, TaskState to) {
  return (RowOf(from).next & Bit(to)) != 0;
}

bool IsTerminal(TaskState state) {
  return RowOf(state).next == 0;
}

bool IsDeployed(TaskState state) {
  return (Set(kDeploying, kInitializing, kRunning, kCanceling) & Bit(state)) != 0;
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
