// The life of a worker or coordinator process as its JobMaster sees it, as a table.
//
//   STARTING (StartWorker sent) -> PREPARING (its session is there, PrepareJob sent) -> READY
// and from each of them STOPPING (told to end, or its TaskManager was asked to end it) -> GONE, or
// GONE at once. GONE: nothing of it runs, as far as anybody can know: its TaskManager said so, or
// that TaskManager is lost and the worker's own session has ended too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::jobmanager {

enum class WorkerState : std::uint8_t { kStarting, kPreparing, kReady, kStopping, kGone };
inline constexpr std::size_t kWorkerStateCount = 5;

const char* ToString(WorkerState state);
bool CanTransition(WorkerState from, WorkerState to);

}  // namespace weir::jobmanager
