#include "jobmanager/checkpoint_triggers.h"

#include <algorithm>
#include <utility>

namespace weir::jobmanager {

void CheckpointTriggers::Add(std::string job_id, std::string trigger_id) {
  triggers_.push_back({.job_id = std::move(job_id), .id = std::move(trigger_id), .info = {}});
  if (triggers_.size() > kMostRemembered) triggers_.pop_front();
}

void CheckpointTriggers::End(const std::string& trigger_id, rest::CheckpointTriggerInfo outcome) {
  const auto found = std::ranges::find(triggers_, trigger_id, &Trigger::id);
  if (found != triggers_.end()) found->info = std::move(outcome);
}

const rest::CheckpointTriggerInfo* CheckpointTriggers::Find(const std::string& job_id,
                                                            const std::string& trigger_id) const {
  const auto found = std::ranges::find(triggers_, trigger_id, &Trigger::id);
  return found == triggers_.end() || found->job_id != job_id ? nullptr : &found->info;
}

}  // namespace weir::jobmanager
