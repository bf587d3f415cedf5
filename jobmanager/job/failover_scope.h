// What of a job is stopped and started again together: failover regions, and the operator
// coordinators where they are concerned. Everything else runs on. A value: it grows while its tasks
// are being stopped, and is emptied when they have been started.
#pragma once

#include <cstdint>
#include <vector>

#include "jobmanager/graph/failover_regions.h"

namespace weir::jobmanager {

class FailoverScope {
 public:
  // Empty. `regions` outlives it; `coordinated`: the vertices that have an operator coordinator.
  FailoverScope(const FailoverRegions& regions, std::vector<std::uint32_t> coordinated);

  // The region of this subtask.
  void Add(std::uint32_t vertex, std::uint32_t subtask);
  // All coordinators: they live in one process and start from one checkpoint. What they handed out
  // since then is with subtasks of theirs, whose regions are added with them.
  void AddCoordinators();
  // Every region, and the coordinators.
  void AddAll();
  void Add(const FailoverScope& other);
  void Clear();

  bool empty() const { return region_count_ == 0 && !coordinators_; }
  bool all() const { return coordinators_ && region_count_ == regions_->count(); }
  bool coordinators() const { return coordinators_; }
  std::uint32_t region_count() const { return region_count_; }
  bool Contains(std::uint32_t vertex, std::uint32_t subtask) const {
    return contains_[regions_->RegionOf(vertex, subtask)];
  }
  bool Contains(const FailoverScope& other) const;

 private:
  void AddRegion(std::uint32_t region);

  const FailoverRegions* regions_;
  std::vector<std::uint32_t> coordinated_;
  std::vector<bool> contains_;  // by region
  std::uint32_t region_count_ = 0;
  bool coordinators_ = false;
};

}  // namespace weir::jobmanager
