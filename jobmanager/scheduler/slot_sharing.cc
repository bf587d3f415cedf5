#include "jobmanager/scheduler/slot_sharing.h"

#include <algorithm>
#include <map>

namespace weir::jobmanager {

SlotSharingPlan::SlotSharingPlan(const proto::JobGraph& graph) {
  std::map<std::string, std::uint32_t> index_of_group;
  for (const proto::JobVertex& vertex : graph.vertices()) {
    const auto [found, is_new] = index_of_group.try_emplace(
        vertex.slot_sharing_group(), static_cast<std::uint32_t>(groups_.size()));
    if (is_new) groups_.push_back({.name = vertex.slot_sharing_group()});
    SlotSharingGroup& group = groups_[found->second];
    group.slot_count = std::max(group.slot_count, vertex.parallelism());
    members_.push_back({.group = found->second, .parallelism = vertex.parallelism()});
  }
  for (SlotSharingGroup& group : groups_) {
    group.first_slot = slot_count_;
    slot_count_ += group.slot_count;
  }
}

std::uint32_t SlotSharingPlan::SlotOf(std::uint32_t vertex, std::uint32_t subtask) const {
  const Member& member = members_[vertex];
  const SlotSharingGroup& group = groups_[member.group];
  return group.first_slot +
         static_cast<std::uint32_t>(std::uint64_t{subtask} * group.slot_count / member.parallelism);
}

}  // namespace weir::jobmanager
