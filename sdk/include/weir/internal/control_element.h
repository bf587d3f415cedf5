// Control elements: what flows in a channel between batches, in order with them.
//
// They have reserved room in every channel and need no credit. Their numbers travel between
// processes: never renumber.
#pragma once

#include <cstdint>
#include <limits>
#include <variant>

namespace weir::internal {

// No record with a smaller or equal event timestamp follows (Akidau et al., "The Dataflow Model",
// 2015).
struct Watermark {
  std::int64_t timestamp_ms = std::numeric_limits<std::int64_t>::min();
  bool operator==(const Watermark&) const = default;
};
inline constexpr std::int64_t kMaximumWatermark = std::numeric_limits<std::int64_t>::max();

// Whether the sender takes part in the minimum of watermarks (Flink's WatermarkStatus).
struct WatermarkStatus {
  bool idle = false;
  bool operator==(const WatermarkStatus&) const = default;
};

enum class BarrierKind : std::uint8_t { kCheckpoint = 0, kSavepoint = 1, kSavepointDrain = 2 };

// Separates what belongs to a checkpoint from what comes after it (Chandy and Lamport, 1985).
struct Barrier {
  std::uint64_t checkpoint_id = 0;
  std::int64_t trigger_time_ms = 0;  // wall clock of the JobManager, for statistics only
  BarrierKind kind = BarrierKind::kCheckpoint;
  bool unaligned = false;
  bool operator==(const Barrier&) const = default;
};

// Nothing follows in this channel.
struct EndOfInput {
  bool operator==(const EndOfInput&) const = default;
};

using ControlElement = std::variant<Watermark, WatermarkStatus, Barrier, EndOfInput>;

}  // namespace weir::internal
