#include "jobmanager/job/worker_state_machine.h"

#include <array>

namespace weir::jobmanager {
namespace {

struct Row {
  const char* name;
  std::array<bool, kWorkerStateCount> next;  // by state
};

constexpr std::array<Row, kWorkerStateCount> kTable{{
    //             STARTING PREPARING READY STOPPING GONE
    {"STARTING", {false, true, false, true, true}},
    {"PREPARING", {false, false, true, true, true}},
    {"READY", {false, false, false, true, true}},
    {"STOPPING", {false, false, false, false, true}},
    {"GONE", {false, false, false, false, false}},
}};

}  // namespace

const char* ToString(WorkerState state) {
  return kTable[static_cast<std::size_t>(state)].name;
}

bool CanTransition(WorkerState from, WorkerState to) {
  return kTable[static_cast<std::size_t>(from)].next[static_cast<std::size_t>(to)];
}

}  // namespace weir::jobmanager
