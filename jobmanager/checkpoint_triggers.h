// CheckpointTriggers: checkpoints that people asked for, and what became of them, for as long as
// they may want to know. On the event loop.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "jobmanager/rest/checkpoint_view.h"

namespace weir::jobmanager {

class CheckpointTriggers {
 public:
  // The oldest one is forgotten for a new one.
  static constexpr std::size_t kMostRemembered = 256;

  void Add(std::string job_id, std::string trigger_id);
  // Ignored when it has been forgotten.
  void End(const std::string& trigger_id, rest::CheckpointTriggerInfo outcome);
  // Null when it is not known, or another job's.
  const rest::CheckpointTriggerInfo* Find(const std::string& job_id,
                                          const std::string& trigger_id) const;

 private:
  struct Trigger {
    std::string job_id;
    std::string id;
    rest::CheckpointTriggerInfo info;
  };
  std::deque<Trigger> triggers_;  // oldest first
};

}  // namespace weir::jobmanager
