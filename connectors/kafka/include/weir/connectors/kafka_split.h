// What a Kafka source keeps in checkpoints.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <weir/fields.h>

namespace weir::kafka {

// KafkaSplit::next_offset: wherever the partition begins when it is first read.
inline constexpr std::int64_t kEarliestOffset = -2;
// KafkaSplit::stopping_offset: never stop.
inline constexpr std::int64_t kNoStoppingOffset = std::numeric_limits<std::int64_t>::max();

// One partition and how far it has been read.
struct KafkaSplit {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next_offset = kEarliestOffset;
  std::int64_t stopping_offset = kNoStoppingOffset;  // the first offset that is not read
  bool operator==(const KafkaSplit&) const = default;
};
WEIR_FIELDS(KafkaSplit, topic, partition, next_offset, stopping_offset)

struct KafkaEnumeratorState {
  bool discovered = false;           // the brokers have been asked
  std::vector<KafkaSplit> assigned;  // as they were handed out: progress is the reader's
  std::vector<KafkaSplit> unassigned;
  bool operator==(const KafkaEnumeratorState&) const = default;
};
WEIR_FIELDS(KafkaEnumeratorState, discovered, assigned, unassigned)

}  // namespace weir::kafka
