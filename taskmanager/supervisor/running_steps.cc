#include "taskmanager/supervisor/running_steps.h"

#include <algorithm>

#include "taskmanager/task/slot_page.h"

namespace weir::supervisor {

std::vector<RunningStep> ReadRunningSteps(const void* memory, std::size_t size,
                                          std::int64_t now_ms) {
  const auto steps = task::ReadSlotPage(memory, size);
  std::vector<RunningStep> running;
  if (!steps.ok()) return running;
  const bool crashed = std::any_of(steps->begin(), steps->end(), [](const task::RunningStep& step) {
    return step.crash_signal != 0;
  });
  for (const task::RunningStep& step : *steps) {
    if (crashed && step.crash_signal == 0) continue;
    running.push_back({.slot = step.slot,
                       .vertex = step.task.vertex,
                       .subtask = step.task.subtask,
                       .attempt = step.task.attempt,
                       .operator_index = step.operator_index,
                       .running_ms = now_ms - step.since_ms});
  }
  return running;
}

}  // namespace weir::supervisor
