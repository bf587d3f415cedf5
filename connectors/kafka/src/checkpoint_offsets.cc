#include "connectors/kafka/src/checkpoint_offsets.h"

namespace weir::kafka {

void CheckpointOffsets::Snapshot(std::uint64_t checkpoint_id,
                                 const std::vector<KafkaSplit>& splits) {
  pending_[checkpoint_id] = splits;
  if (pending_.size() > kMaximumPending) pending_.erase(pending_.begin());
}

std::vector<KafkaSplit> CheckpointOffsets::Complete(std::uint64_t checkpoint_id) {
  std::vector<KafkaSplit> news;
  const auto complete = pending_.find(checkpoint_id);
  if (complete == pending_.end()) return news;
  for (KafkaSplit& split : complete->second) {
    if (split.next_offset < 0) continue;  // nothing of it has been read
    std::int64_t& told = told_.try_emplace({split.topic, split.partition}, -1).first->second;
    if (told == split.next_offset) continue;
    told = split.next_offset;
    news.push_back(std::move(split));
  }
  pending_.erase(pending_.begin(), ++pending_.find(checkpoint_id));
  return news;
}

}  // namespace weir::kafka
