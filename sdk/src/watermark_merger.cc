#include <algorithm>
#include <utility>

#include <weir/internal/watermark_merger.h>

namespace weir::internal {

std::optional<std::int64_t> WatermarkMerger::Advance() {
  std::int64_t minimum = std::numeric_limits<std::int64_t>::max();
  bool any = false;
  for (const Channel& channel : channels_) {
    if (!Counts(channel)) continue;
    any = true;
    minimum = std::min(minimum, channel.watermark_ms);
    // Nothing to announce: no need to look at the rest.
    if (minimum <= announced_ms_) return std::nullopt;
  }
  if (!any) return std::nullopt;
  announced_ms_ = minimum;
  return minimum;
}

WatermarkMerger::Outcome WatermarkMerger::OnWatermark(std::uint32_t index,
                                                      std::int64_t timestamp_ms) {
  Channel& channel = channels_[index];
  // The end of time on one channel says nothing about those that are merely idle.
  if (timestamp_ms == internal::kMaximumWatermark) return OnFinished(index);
  if (channel.state == ChannelState::kFinished || timestamp_ms <= channel.watermark_ms) return {};
  const bool held_minimum = channel.watermark_ms <= announced_ms_;
  channel.watermark_ms = timestamp_ms;
  if (channel.state != ChannelState::kActive) return {};
  if (!channel.aligned) {
    if (timestamp_ms < announced_ms_) return {};
    channel.aligned = true;
  } else if (!held_minimum) {
    // It was above the announced minimum before, so it is not what holds the minimum.
    return {};
  }
  return {.watermark_ms = Advance()};
}

WatermarkMerger::Outcome WatermarkMerger::OnStatus(std::uint32_t index, bool idle) {
  Channel& channel = channels_[index];
  if (channel.state == ChannelState::kFinished) return {};
  if (idle == (channel.state == ChannelState::kIdle)) return {};
  if (idle) {
    const bool counted = Counts(channel);
    channel.state = ChannelState::kIdle;
    return Left(counted);
  }
  channel.state = ChannelState::kActive;
  channel.aligned = channel.watermark_ms >= announced_ms_;
  Outcome outcome{.became_active = idle_};
  idle_ = false;
  // It may have heard a newer watermark while it was idle.
  outcome.watermark_ms = Advance();
  return outcome;
}

WatermarkMerger::Outcome WatermarkMerger::OnFinished(std::uint32_t index) {
  Channel& channel = channels_[index];
  if (channel.state == ChannelState::kFinished) return {};
  const bool counted = Counts(channel);
  channel.state = ChannelState::kFinished;
  return Left(counted);
}

WatermarkMerger::Outcome WatermarkMerger::Left(bool counted) {
  Outcome outcome;
  bool any_active = false;
  bool any_idle = false;
  std::int64_t highest = kNone;
  for (const Channel& channel : channels_) {
    any_active |= channel.state == ChannelState::kActive;
    if (channel.state != ChannelState::kIdle) continue;
    any_idle = true;
    highest = std::max(highest, channel.watermark_ms);
  }
  if (any_active) {
    if (counted) outcome.watermark_ms = Advance();
    return outcome;
  }
  if (!any_idle) {  // all have finished
    outcome.became_active = std::exchange(idle_, false);
    announced_ms_ = internal::kMaximumWatermark;
    outcome.watermark_ms = announced_ms_;
    return outcome;
  }
  if (counted && highest > announced_ms_) {
    announced_ms_ = highest;
    outcome.watermark_ms = highest;
  }
  if (!idle_) {
    idle_ = true;
    outcome.became_idle = true;
  }
  return outcome;
}

}  // namespace weir::internal
