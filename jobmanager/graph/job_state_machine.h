// The life of a job: Flink's job states and the moves between them, as a table.
//
//   INITIALIZING -> CREATED -> RUNNING -> FINISHED
//                                 |-> RESTARTING -> RUNNING
//                                 |-> FAILING    -> FAILED
//                                 '-> CANCELLING -> CANCELED
// SUSPENDED: this JobManager let go of the job (it stops, or leads no more). RECONCILING: a new
// leader looks for what still runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <weir/status.h>

namespace weir::jobmanager {

enum class JobState : std::uint8_t {
  kInitializing,
  kCreated,
  kRunning,
  kFailing,
  kFailed,
  kCancelling,
  kCanceled,
  kFinished,
  kRestarting,
  kSuspended,
  kReconciling,
};
inline constexpr std::size_t kJobStateCount = 11;

// Flink's name in capitals.
const char* ToString(JobState state);
bool CanTransition(JobState from, JobState to);
// FAILED, CANCELED, FINISHED: nothing follows, here or under another leader.
bool IsTerminal(JobState state);

// The state of one job, and when it last entered each. A value; times are wall-clock milliseconds.
class JobStateMachine {
 public:
  explicit JobStateMachine(std::int64_t now_ms);

  JobState state() const { return state_; }
  // -1 for a state that was never entered.
  std::int64_t entered_ms(JobState state) const {
    return entered_ms_[static_cast<std::size_t>(state)];
  }
  std::int64_t last_change_ms() const { return entered_ms(state_); }

  // An error (a bug of the caller), and no change, when the table does not allow the move.
  Status Transition(JobState to, std::int64_t now_ms);

 private:
  JobState state_ = JobState::kInitializing;
  std::array<std::int64_t, kJobStateCount> entered_ms_;
};

}  // namespace weir::jobmanager
