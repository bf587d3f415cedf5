// Which offsets the group may be told of when a checkpoint is complete: those that its snapshot
// held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <weir/connectors/kafka_split.h>

namespace weir::kafka {

// The task's thread.
class CheckpointOffsets {
 public:
  // Snapshots that are remembered: of more that never completed the oldest are forgotten.
  static constexpr std::size_t kMaximumPending = 32;

  // All splits of the reader as they are in the snapshot, finished ones too.
  void Snapshot(std::uint64_t checkpoint_id, const std::vector<KafkaSplit>& splits);
  // The splits whose progress the group has not been told of yet, as of this checkpoint. Older ones
  // are forgotten. Empty for a checkpoint that is not known (any more).
  std::vector<KafkaSplit> Complete(std::uint64_t checkpoint_id);

 private:
  using Partition = std::pair<std::string, std::int32_t>;

  std::map<std::uint64_t, std::vector<KafkaSplit>> pending_;
  std::map<Partition, std::int64_t> told_;
};

}  // namespace weir::kafka
