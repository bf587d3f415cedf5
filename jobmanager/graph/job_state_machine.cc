#include "jobmanager/graph/job_state_machine.h"

#include "common/text.h"

namespace weir::jobmanager {
namespace {

using enum JobState;

constexpr std::uint32_t Bit(JobState state) {
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

// By state, in the order of the enum. The moves are those of Flink's ExecutionGraph: a job that is
// failing or restarting can still be canceled, and one that is restarting can run out of restarts.
constexpr std::array<Row, kJobStateCount> kTable{{
    {"INITIALIZING", Set(kCreated, kFailing, kFailed, kCancelling, kSuspended, kReconciling)},
    {"CREATED", Set(kRunning, kFailing, kCancelling, kRestarting, kSuspended)},
    {"RUNNING", Set(kFinished, kFailing, kCancelling, kRestarting, kSuspended)},
    {"FAILING", Set(kFailed, kCancelling, kSuspended)},
    {"FAILED", Set()},
    {"CANCELLING", Set(kCanceled, kFailing, kSuspended)},
    {"CANCELED", Set()},
    {"FINISHED", Set()},
    {"RESTARTING", Set(kRunning, kCreated, kFailing, kCancelling, kSuspended)},
    {"SUSPENDED", Set(kReconciling)},
    {"RECONCILING", Set(kCreated, kRunning, kRestarting, kFailing, kCancelling, kSuspended)},
}};

const Row& RowOf(JobState state) {
  return kTable[static_cast<std::size_t>(state)];
}

}  // namespace

const char* ToString(JobState state) {
  return RowOf(state).name;
}

bool CanTransition(JobState from, JobState to) {
  return (RowOf(from).next & Bit(to)) != 0;
}

bool IsTerminal(JobState state) {
  return RowOf(state).next == 0;
}

JobStateMachine::JobStateMachine(std::int64_t now_ms) {
  entered_ms_.fill(-1);
  entered_ms_[static_cast<std::size_t>(state_)] = now_ms;
}

Status JobStateMachine::Transition(JobState to, std::int64_t now_ms) {
  if (!CanTransition(state_, to)) {
    return Status::Internal(
        Concat("a job cannot go from ", ToString(state_), " to ", ToString(to)));
  }
  state_ = to;
  entered_ms_[static_cast<std::size_t>(to)] = now_ms;
  return Status::Ok();
}

}  // namespace weir::jobmanager
