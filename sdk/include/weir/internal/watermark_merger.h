// The watermark of one operator input from those of its channels, without threads (after Flink's
// StatusWatermarkValve).
//
// The merged watermark is the minimum over the channels that count. A channel counts while it is
// active and aligned: one that becomes active again with an older watermark than was already
// announced counts only once it has caught up, so that the merged watermark neither goes back nor
// waits for it. Idle and finished channels do not count; the maximum watermark means finished. When
// all that are left are idle, the input is idle, and what the last one held back is released. When
// all have finished, the maximum is announced.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <weir/internal/control_element.h>

namespace weir::internal {

class WatermarkMerger {
 public:
  // What follows for the operator, in this order: `active` before `watermark` before `idle`.
  struct Outcome {
    bool became_active = false;
    std::optional<std::int64_t> watermark_ms;
    bool became_idle = false;
    bool operator==(const Outcome&) const = default;
  };

  explicit WatermarkMerger(std::uint32_t channel_count) : channels_(channel_count) {}

  Outcome OnWatermark(std::uint32_t channel, std::int64_t timestamp_ms);
  Outcome OnStatus(std::uint32_t channel, bool idle);
  // End of input on that channel, also behind the maximum watermark.
  Outcome OnFinished(std::uint32_t channel);

  // The last announced one; the smallest value when there is none yet.
  std::int64_t watermark_ms() const { return announced_ms_; }
  bool idle() const { return idle_; }

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
  enum class ChannelState : std::uint8_t { kActive, kIdle, kFinished };
  struct Channel {
    ChannelState state = ChannelState::kActive;
    bool aligned = true;
    std::int64_t watermark_ms = kNone;
  };

  bool Counts(const Channel& channel) const {
    return channel.state == ChannelState::kActive && channel.aligned;
  }
  std::optional<std::int64_t> Advance();
  // After a channel stopped counting.
  Outcome Left(bool counted);

  std::vector<Channel> channels_;
  std::int64_t announced_ms_ = kNone;
  bool idle_ = false;
};

}  // namespace weir::internal
