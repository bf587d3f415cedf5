#include "jobmanager/job/job_phase.h"

#include <array>

namespace weir::jobmanager {
namespace {

using enum JobPhase;

constexpr std::uint32_t Bit(JobPhase phase) {
  return 1u << static_cast<unsigned>(phase);
}

template <class... Phases>
constexpr std::uint32_t Set(Phases... phases) {
  return (0u | ... | Bit(phases));
}

struct Row {
  const char* name;
  std::uint32_t next;  // bits of the phases that may follow
};

constexpr std::array<Row, kJobPhaseCount> kTable{{
    {"NOT_STARTED", Set(kWaitingForSlots, kEnding)},
    {"WAITING_FOR_SLOTS", Set(kStartingWorkers, kStopping, kEnding)},
    {"STARTING_WORKERS", Set(kStartingCoordinators, kDeploying, kStopping, kEnding)},
    {"STARTING_COORDINATORS", Set(kDeploying, kStopping, kEnding)},
    {"DEPLOYING", Set(kExecuting, kStopping, kEnding)},
    {"EXECUTING", Set(kStopping, kEnding)},
    {"STOPPING", Set(kWaitingToRestart, kWaitingForSlots, kEnding)},
    {"WAITING_TO_RESTART", Set(kWaitingForSlots, kEnding)},
    {"ENDING", Set(kEnded)},
    {"ENDED", Set()},
}};

}  // namespace

const char* ToString(JobPhase phase) {
  return kTable[static_cast<std::size_t>(phase)].name;
}

bool CanTransition(JobPhase from, JobPhase to) {
  return (kTable[static_cast<std::size_t>(from)].next & Bit(to)) != 0;
}

}  // namespace weir::jobmanager
