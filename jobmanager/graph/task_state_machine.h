// The life of one attempt of a subtask: Flink's task states and the moves between them, as a table.
//
//   CREATED -> SCHEDULED -> DEPLOYING -> INITIALIZING -> RUNNING -> FINISHED
// and from each of them CANCELING -> CANCELED, or FAILED. The numbers are those of
// proto::TaskState.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <weir/status.h>

namespace weir::jobmanager {

enum class TaskState : std::uint8_t {
  kCreated = 0,
  kScheduled = 1,
  kDeploying = 2,
  kInitializing = 3,
  kRunning = 4,
  kFinished = 5,
  kCanceling = 6,
  kCanceled = 7,
  kFailed = 8,
};
inline constexpr std::size_t kTaskStateCount = 9;

// Flink's name in capitals.
const char* ToString(TaskState state);
// None for a number that this version does not know.
std::optional<TaskState> TaskStateFromNumber(int number);
bool CanTransition(TaskState from, TaskState to);
// FINISHED, CANCELED, FAILED: nothing of the attempt runs any more.
bool IsTerminal(TaskState state);
// A worker holds something of the attempt: DEPLOYING to CANCELING.
bool IsDeployed(TaskState state);

// The state of one attempt, and when it entered each. A value; times are wall-clock milliseconds.
class TaskStateMachine {
 public:
  explicit TaskStateMachine(std::int64_t now_ms);

  TaskState state() const { return state_; }
  // -1 for a state that was not entered.
  std::int64_t entered_ms(TaskState state) const {
    return entered_ms_[static_cast<std::size_t>(state)];
  }

  // An error, and no change, when the table does not allow the move.
  Status Transition(TaskState to, std::int64_t now_ms);

 private:
  TaskState state_ = TaskState::kCreated;
  std::array<std::int64_t, kTaskStateCount> entered_ms_;
};

}  // namespace weir::jobmanager
