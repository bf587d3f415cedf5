#include "jobmanager/job/failover_scope.h"

#include <utility>

namespace weir::jobmanager {

FailoverScope::FailoverScope(const FailoverRegions& regions, std::vector<std::uint32_t> coordinated)
    : regions_(&regions), coordinated_(std::move(coordinated)), contains_(regions.count(), false) {}

void FailoverScope::AddRegion(std::uint32_t region) {
  if (contains_[region]) return;
  contains_[region] = true;
  ++region_count_;
  // With nobody left to run on there is nothing to spare the coordinators for.
  if (region_count_ == regions_->count()) coordinators_ = true;
}

void FailoverScope::Add(std::uint32_t vertex, std::uint32_t subtask) {
  AddRegion(regions_->RegionOf(vertex, subtask));
}

void FailoverScope::AddCoordinators() {
  coordinators_ = true;
  for (const std::uint32_t vertex : coordinated_) {
    for (std::uint32_t subtask = 0; subtask < regions_->SubtasksOf(vertex); ++subtask) {
      Add(vertex, subtask);
    }
  }
}

void FailoverScope::AddAll() {
  coordinators_ = true;
  for (std::uint32_t region = 0; region < regions_->count(); ++region) AddRegion(region);
}

void FailoverScope::Add(const FailoverScope& other) {
  if (other.coordinators_) AddCoordinators();
  for (std::uint32_t region = 0; region < regions_->count(); ++region) {
    if (other.contains_[region]) AddRegion(region);
  }
}

void FailoverScope::Clear() {
  contains_.assign(contains_.size(), false);
  region_count_ = 0;
  coordinators_ = false;
}

bool FailoverScope::Contains(const FailoverScope& other) const {
  if (other.coordinators_ && !coordinators_) return false;
  for (std::uint32_t region = 0; region < regions_->count(); ++region) {
    if (other.contains_[region] && !contains_[region]) return false;
  }
  return true;
}

}  // namespace weir::jobmanager
