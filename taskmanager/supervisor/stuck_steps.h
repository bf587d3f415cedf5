// Which running steps to tell the JobManager about: a pure state machine over what the slot pages
// show.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "taskmanager/supervisor/worker_launcher.h"

namespace weir::supervisor {

// A step is stuck when it has run longer than the threshold. Reported at every look while it lasts,
// and once more with running_ms 0 when it is over.
class StuckSteps {
 public:
  explicit StuckSteps(std::int64_t threshold_ms) : threshold_ms_(threshold_ms) {}

  // What is to be reported of one worker, given what its slots run now.
  std::vector<RunningStep> Look(const std::string& worker_id,
                                const std::vector<RunningStep>& running);

  // The worker is gone: forgets it.
  void Forget(const std::string& worker_id);

 private:
  using SlotKey = std::pair<std::string, std::uint32_t>;
  const std::int64_t threshold_ms_;
  std::map<SlotKey, RunningStep> reported_;
};

}  // namespace weir::supervisor
