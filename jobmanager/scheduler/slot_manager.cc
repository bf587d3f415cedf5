#include "jobmanager/scheduler/slot_manager.h"

#include <algorithm>

namespace weir::jobmanager {

void SlotManager::AddTaskManager(const std::string& id, std::uint32_t slot_count) {
  slots_[id].resize(slot_count);
  usage_[id] = {.offered = slot_count, .free = slot_count};
  total_ += slot_count;
  free_ += slot_count;
}

void SlotManager::RemoveTaskManager(const std::string& id) {
  const auto found = usage_.find(id);
  if (found == usage_.end()) return;
  total_ -= found->second.offered;
  free_ -= found->second.free;
  usage_.erase(found);
  slots_.erase(id);
}

std::optional<std::vector<SlotId>> SlotManager::Allocate(const std::string& job_id,
                                                         std::uint32_t count) {
  if (count > free_) return std::nullopt;
  for (std::uint32_t taken = 0; taken < count; ++taken) {
    Usage* best = nullptr;
    for (auto& [id, usage] : usage_) {
      if (usage.free == 0) continue;
      if (best == nullptr) {
        best = &usage;
        continue;
      }
      // a/b < c/d as a*d < c*b.
      const std::uint64_t used = std::uint64_t{usage.offered - usage.free} * best->offered;
      const std::uint64_t best_used = std::uint64_t{best->offered - best->free} * usage.offered;
      if (used < best_used || (used == best_used && usage.free > best->free)) best = &usage;
    }
    --best->free;
  }
  free_ -= count;

  std::vector<SlotId> allocated;
  for (const auto& [id, usage] : usage_) {
    std::vector<std::string>& slots = slots_[id];
    std::uint32_t to_take =
        static_cast<std::uint32_t>(std::ranges::count(slots, std::string())) - usage.free;
    for (std::uint32_t index = 0; to_take > 0; ++index) {
      if (!slots[index].empty()) continue;
      slots[index] = job_id;
      allocated.push_back({.task_manager_id = id, .index = index});
      --to_take;
    }
  }
  return allocated;
}

void SlotManager::Release(const std::string& job_id, const SlotId& slot) {
  if (!Holds(job_id, slot)) return;
  slots_[slot.task_manager_id][slot.index].clear();
  ++usage_[slot.task_manager_id].free;
  ++free_;
}

void SlotManager::ReleaseAll(const std::string& job_id) {
  for (auto& [id, slots] : slots_) {
    for (std::string& holder : slots) {
      if (holder != job_id) continue;
      holder.clear();
      ++usage_[id].free;
      ++free_;
    }
  }
}

bool SlotManager::Holds(const std::string& job_id, const SlotId& slot) const {
  const auto found = slots_.find(slot.task_manager_id);
  return found != slots_.end() && slot.index < found->second.size() &&
         found->second[slot.index] == job_id;
}

std::uint32_t SlotManager::FreeOf(const std::string& task_manager_id) const {
  const auto found = usage_.find(task_manager_id);
  return found == usage_.end() ? 0 : found->second.free;
}

}  // namespace weir::jobmanager
