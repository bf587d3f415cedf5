#include "jobmanager/job/job_phase.h"

#include "jobmanager/graph/transition_table.h"

namespace weir::jobmanager {
namespace {

using enum JobPhase;

constexpr TransitionTable<JobPhase, kJobPhaseCount> kTable{{{
    {"NOT_STARTED", FollowedBy(kWaitingForSlots, kEnding)},
    {"WAITING_FOR_SLOTS", FollowedBy(kStartingWorkers, kStopping, kEnding)},
    {"STARTING_WORKERS", FollowedBy(kStartingCoordinators, kDeploying, kStopping, kEnding)},
    {"STARTING_COORDINATORS", FollowedBy(kDeploying, kStopping, kEnding)},
    {"DEPLOYING", FollowedBy(kExecuting, kStopping, kEnding)},
    {"EXECUTING", FollowedBy(kStopping, kEnding)},
    {"STOPPING", FollowedBy(kWaitingToRestart, kWaitingForSlots, kEnding)},
    {"WAITING_TO_RESTART", FollowedBy(kWaitingForSlots, kStopping, kEnding)},
    {"ENDING", FollowedBy(kEnded)},
    {"ENDED", FollowedBy()},
}}};

}  // namespace

const char* ToString(JobPhase phase) {
  return kTable.NameOf(phase);
}

bool CanTransition(JobPhase from, JobPhase to) {
  return kTable.Allows(from, to);
}

}  // namespace weir::jobmanager
