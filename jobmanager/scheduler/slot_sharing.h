// Slot sharing: which subtasks run in the same slot.
//
// A slot holds at most one subtask of each vertex of a slot sharing group, so a group needs as many
// slots as its vertex of highest parallelism has subtasks, and a job the sum over its groups (as in
// Flink).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/job_graph.pb.h"

namespace weir::jobmanager {

struct SlotSharingGroup {
  std::string name;
  std::uint32_t first_slot = 0;  // its slots are first_slot .. first_slot + slot_count - 1
  std::uint32_t slot_count = 0;
};

// The slots that a job needs, numbered from 0, and who is in which. Pure arithmetic over the graph.
class SlotSharingPlan {
 public:
  explicit SlotSharingPlan(const proto::JobGraph& graph);

  std::uint32_t slot_count() const { return slot_count_; }
  // In the order in which the graph first names them.
  const std::vector<SlotSharingGroup>& groups() const { return groups_; }

  // The slot of a subtask. Subtasks of a vertex with fewer subtasks than the group has slots are
  // spread over the group's slots, each in the first slot of its share: where a rescale edge leads
  // to more subtasks, the subtask shares a slot with one of those it sends to.
  std::uint32_t SlotOf(std::uint32_t vertex, std::uint32_t subtask) const;

 private:
  struct Member {
    std::uint32_t group = 0;
    std::uint32_t parallelism = 0;
  };
  std::vector<SlotSharingGroup> groups_;
  std::vector<Member> members_;  // by vertex
  std::uint32_t slot_count_ = 0;
};

}  // namespace weir::jobmanager
