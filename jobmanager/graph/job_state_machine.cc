#include "jobmanager/graph/job_state_machine.h"

#include "common/text.h"
#include "jobmanager/graph/transition_table.h"

namespace weir::jobmanager {
namespace {

using enum JobState;

// By state, in the order of the enum. The moves are those of Flink's ExecutionGraph: a job that is
// failing or restarting can still be canceled, and one that is restarting can run out of restarts.
constexpr TransitionTable<JobState, kJobStateCount> kTable{{{
    {"INITIALIZING",
     FollowedBy(kCreated, kFailing, kFailed, kCancelling, kSuspended, kReconciling)},
    {"CREATED", FollowedBy(kRunning, kFailing, kCancelling, kRestarting, kSuspended)},
    {"RUNNING", FollowedBy(kFinished, kFailing, kCancelling, kRestarting, kSuspended)},
    {"FAILING", FollowedBy(kFailed, kCancelling, kSuspended)},
    {"FAILED", FollowedBy()},
    {"CANCELLING", FollowedBy(kCanceled, kFailing, kSuspended)},
    {"CANCELED", FollowedBy()},
    {"FINISHED", FollowedBy()},
    {"RESTARTING", FollowedBy(kRunning, kCreated, kFailing, kCancelling, kSuspended)},
    {"SUSPENDED", FollowedBy(kReconciling)},
    {"RECONCILING", FollowedBy(kCreated, kRunning, kRestarting, kFailing, kCancelling, kSuspended)},
}}};

}  // namespace

const char* ToString(JobState state) {
  return kTable.NameOf(state);
}

bool CanTransition(JobState from, JobState to) {
  return kTable.Allows(from, to);
}

bool IsTerminal(JobState state) {
  return kTable.IsTerminal(state);
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
