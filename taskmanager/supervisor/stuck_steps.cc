#include "taskmanager/supervisor/stuck_steps.h"

#include <algorithm>

namespace weir::supervisor {
namespace {

bool SameTask(const RunningStep& left, const RunningStep& right) {
  return left.vertex == right.vertex && left.subtask == right.subtask &&
         left.attempt == right.attempt;
}

}  // namespace

std::vector<RunningStep> StuckSteps::Look(const std::string& worker_id,
                                          const std::vector<RunningStep>& running) {
  std::vector<RunningStep> reports;
  const auto of_worker = reported_.lower_bound({worker_id, 0});
  for (auto it = of_worker; it != reported_.end() && it->first.first == worker_id;) {
    const bool still = std::any_of(running.begin(), running.end(), [&](const RunningStep& step) {
      return step.slot == it->first.second && SameTask(step, it->second) &&
             step.running_ms > threshold_ms_;
    });
    if (still) {
      ++it;
      continue;
    }
    it->second.running_ms = 0;
    reports.push_back(it->second);
    it = reported_.erase(it);
  }
  for (const RunningStep& step : running) {
    if (step.running_ms <= threshold_ms_) continue;
    reported_[{worker_id, step.slot}] = step;
    reports.push_back(step);
  }
  return reports;
}

void StuckSteps::Forget(const std::string& worker_id) {
  std::erase_if(reported_, [&](const auto& entry) { return entry.first.first == worker_id; });
}

}  // namespace weir::supervisor
