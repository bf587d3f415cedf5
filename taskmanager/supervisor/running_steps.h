// What a worker's threads are running, as its slot page says (taskmanager/task/slot_page.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "taskmanager/supervisor/worker_launcher.h"

namespace weir::supervisor {

// From `size` bytes of memory shared with the worker, at `now_ms` of the monotonic clock. Nothing
// before the worker has formatted the page. Where a step says that it crashed the process, only
// such ones: the others happened to run.
std::vector<RunningStep> ReadRunningSteps(const void* memory, std::size_t size,
                                          std::int64_t now_ms);

}  // namespace weir::supervisor
