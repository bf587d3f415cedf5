#include "jobmanager/job/worker_state_machine.h"

#include "jobmanager/graph/transition_table.h"

namespace weir::jobmanager {
namespace {

using enum WorkerState;

constexpr TransitionTable<WorkerState, kWorkerStateCount> kTable{{{
    {"STARTING", FollowedBy(kPreparing, kStopping, kGone)},
    {"PREPARING", FollowedBy(kReady, kStopping, kGone)},
    {"READY", FollowedBy(kStopping, kGone)},
    {"STOPPING", FollowedBy(kGone)},
    {"GONE", FollowedBy()},
}}};

}  // namespace

const char* ToString(WorkerState state) {
  return kTable.NameOf(state);
}

bool CanTransition(WorkerState from, WorkerState to) {
  return kTable.Allows(from, to);
}

}  // namespace weir::jobmanager
