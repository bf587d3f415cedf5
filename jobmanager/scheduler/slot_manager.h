// SlotManager: which slots there are and which job has which. Books only: no messages, no time.
//
// Placement is balanced and deterministic: each further slot of a job goes to the TaskManager that
// is least used (allocated / offered), of those to the one with most free slots, of those to the
// one with the smallest id. A job's slots are then numbered TaskManager by TaskManager, so that
// neighbouring subtasks are neighbours.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::jobmanager {

struct SlotId {
  std::string task_manager_id;
  std::uint32_t index = 0;  // from 0, within the TaskManager
  auto operator<=>(const SlotId&) const = default;
};

class SlotManager {
 public:
  // By TaskManager id; of each slot, the job that has it (empty: free).
  using Slots = std::map<std::string, std::vector<std::string>>;

  // The id is not registered yet.
  void AddTaskManager(const std::string& id, std::uint32_t slot_count);
  // Its slots are gone, also from the jobs that had them. Unknown ids are ignored.
  void RemoveTaskManager(const std::string& id);

  // All of `count` slots or none; sorted by TaskManager, then index.
  std::optional<std::vector<SlotId>> Allocate(const std::string& job_id, std::uint32_t count);
  // Slots that are gone, or not the job's, are ignored.
  void Release(const std::string& job_id, const SlotId& slot);
  void ReleaseAll(const std::string& job_id);

  bool Holds(const std::string& job_id, const SlotId& slot) const;
  std::uint32_t total() const { return total_; }
  std::uint32_t free() const { return free_; }
  std::uint32_t FreeOf(const std::string& task_manager_id) const;
  const Slots& slots() const { return slots_; }

 private:
  struct Usage {
    std::uint32_t offered = 0;
    std::uint32_t free = 0;
  };

  Slots slots_;
  std::map<std::string, Usage> usage_;
  std::uint32_t total_ = 0;
  std::uint32_t free_ = 0;
};

}  // namespace weir::jobmanager
