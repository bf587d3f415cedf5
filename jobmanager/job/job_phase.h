// What a JobMaster is doing, finer than the job's state: a table of its own.
//
//   WAITING_FOR_SLOTS -> STARTING_WORKERS -> STARTING_COORDINATORS -> DEPLOYING -> EXECUTING
// a failure or cancel leads from each of these to STOPPING (every old attempt must be gone), from
// there to WAITING_TO_RESTART or back to WAITING_FOR_SLOTS, or to ENDING (workers end) -> ENDED.
// With failover by region a phase before EXECUTING concerns the FailoverScope alone; while it waits
// to restart, a failure or cancel stops further tasks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::jobmanager {

enum class JobPhase : std::uint8_t {
  kNotStarted,
  kWaitingForSlots,
  kStartingWorkers,
  kStartingCoordinators,
  kDeploying,
  kExecuting,
  kStopping,
  kWaitingToRestart,
  kEnding,
  kEnded,
};
inline constexpr std::size_t kJobPhaseCount = 10;

const char* ToString(JobPhase phase);
bool CanTransition(JobPhase from, JobPhase to);

}  // namespace weir::jobmanager
