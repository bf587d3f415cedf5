#include <algorithm>
#include <utility>

#include <weir/internal/sinks/committable_log.h>

namespace weir::internal {

std::vector<CommittableBatch> CommittableLog::Restore(std::vector<LoggedCommittable> committables) {
  // Of several subtasks, where the parallelism has changed.
  std::stable_sort(committables.begin(), committables.end(),
                   [](const auto& a, const auto& b) { return a.checkpoint_id < b.checkpoint_id; });
  for (LoggedCommittable& each : committables) {
    each.restored = true;
    entries_.push_back(std::make_shared<const LoggedCommittable>(std::move(each)));
  }
  return GiveOut(entries_.size());
}

void CommittableLog::Add(std::uint64_t checkpoint_id, std::uint32_t subtask,
                         std::vector<std::vector<std::byte>> committables) {
  for (auto& bytes : committables) {
    entries_.push_back(std::make_shared<const LoggedCommittable>(
        LoggedCommittable{subtask, checkpoint_id, false, std::move(bytes)}));
  }
}

std::vector<CommittableBatch> CommittableLog::Complete(std::uint64_t checkpoint_id) {
  aborted_.erase(aborted_.begin(), aborted_.upper_bound(checkpoint_id));
  std::size_t end = given_out_;
  while (end < entries_.size() && entries_[end]->checkpoint_id <= checkpoint_id) ++end;
  return GiveOut(end);
}

std::vector<CommittableBatch> CommittableLog::GiveOut(std::size_t end) {
  std::vector<CommittableBatch> batches;
  for (; given_out_ < end; ++given_out_) {
    const auto& entry = entries_[given_out_];
    if (batches.empty() || batches.back().back()->checkpoint_id != entry->checkpoint_id) {
      batches.emplace_back();
    }
    batches.back().push_back(entry);
  }
  return batches;
}

void CommittableLog::Abort(std::uint64_t checkpoint_id) {
  aborted_.insert(checkpoint_id);
}

std::uint64_t CommittableLog::Committed(std::uint64_t count) {
  std::uint64_t done = 0;
  for (; count > 0; --count) {
    const std::uint64_t checkpoint_id = entries_.front()->checkpoint_id;
    entries_.pop_front();
    --given_out_;
    if (entries_.empty() || entries_.front()->checkpoint_id != checkpoint_id) done = checkpoint_id;
  }
  return done;
}

CommittableLog::Room CommittableLog::room() const {
  std::uint32_t outstanding = 0;
  std::uint32_t given_up = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const LoggedCommittable& entry = *entries_[i];
    if (i > 0 && entries_[i - 1]->checkpoint_id == entry.checkpoint_id) continue;
    ++outstanding;
    if (i >= given_out_ && aborted_.contains(entry.checkpoint_id)) ++given_up;
  }
  const std::uint32_t counted =
      options_.aborted_checkpoints_count ? outstanding : outstanding - given_up;
  if (counted < options_.maximum_outstanding_checkpoints) return Room::kRoom;
  return outstanding > given_up ? Room::kWait : Room::kFull;
}

}  // namespace weir::internal
