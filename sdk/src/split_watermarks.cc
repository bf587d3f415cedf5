#include <algorithm>

#include <weir/internal/split_watermarks.h>

namespace weir::internal {

std::uint32_t SplitWatermarks::Add(std::int64_t now_ns) {
  const auto free = std::find_if(splits_.begin(), splits_.end(),
                                 [](const Split& split) { return !split.present; });
  const auto index = static_cast<std::uint32_t>(free - splits_.begin());
  if (free == splits_.end()) splits_.emplace_back();
  splits_[index] = Split{.present = true, .last_record_ns = now_ns};
  ++present_;
  without_splits_idle_ = false;
  return index;
}

void SplitWatermarks::Remove(std::uint32_t split, std::int64_t now_ns) {
  if (split >= splits_.size() || !splits_[split].present) return;
  Combine();  // what it said last still counts
  splits_[split].present = false;
  if (--present_ == 0) without_splits_since_ns_ = now_ns;
  changed_ = true;
}

void SplitWatermarks::OnRecords(std::uint32_t index, std::int64_t now_ns) {
  Split& split = splits_[index];
  split.last_record_ns = now_ns;
  if (split.timed_out) changed_ = true;
  split.timed_out = false;
}

bool SplitWatermarks::OnGenerator(std::uint32_t index, std::int64_t watermark_ms,
                                  bool marked_idle) {
  Split& split = splits_[index];
  if (watermark_ms <= split.watermark_ms && marked_idle == split.marked_idle) return false;
  split.watermark_ms = std::max(split.watermark_ms, watermark_ms);
  split.marked_idle = marked_idle;
  changed_ = true;
  return true;
}

void SplitWatermarks::SetPaused(std::uint32_t index, bool paused, std::int64_t now_ns) {
  if (index >= splits_.size() || !splits_[index].present || splits_[index].paused == paused) return;
  Split& split = splits_[index];
  split.paused = paused;
  if (paused) {
    split.paused_since_ns = now_ns;
  } else {
    // A record of what was under way when it was paused may be younger than that.
    split.last_record_ns += now_ns - std::max(split.paused_since_ns, split.last_record_ns);
  }
}

void SplitWatermarks::PassTime(std::int64_t now_ns) {
  if (!idle_timeout_ns_) return;
  for (Split& split : splits_) {
    if (!split.present || split.timed_out || split.paused) continue;
    if (now_ns - split.last_record_ns < *idle_timeout_ns_) continue;
    split.timed_out = true;
    changed_ = true;
  }
  if (present_ == 0 && now_ns - without_splits_since_ns_ >= *idle_timeout_ns_) {
    without_splits_idle_ = true;
  }
}

void SplitWatermarks::Combine() {
  if (!changed_) return;
  changed_ = false;
  std::int64_t lowest_active_ms = kMaximumWatermark;
  std::int64_t highest_idle_ms = Watermark().timestamp_ms;
  bool any_active = false;
  for (const Split& split : splits_) {
    if (!split.present) continue;
    if (split.idle()) {
      highest_idle_ms = std::max(highest_idle_ms, split.watermark_ms);
    } else {
      any_active = true;
      lowest_active_ms = std::min(lowest_active_ms, split.watermark_ms);
    }
  }
  combined_ms_ = std::max(combined_ms_, any_active ? lowest_active_ms : highest_idle_ms);
}

std::optional<std::int64_t> SplitWatermarks::TakeWatermark() {
  Combine();
  if (combined_ms_ <= announced_ms_) return std::nullopt;
  announced_ms_ = combined_ms_;
  return combined_ms_;
}

bool SplitWatermarks::idle() const {
  if (present_ == 0) return without_splits_idle_;
  return std::all_of(splits_.begin(), splits_.end(),
                     [](const Split& split) { return !split.present || split.idle(); });
}

std::optional<std::int64_t> SplitWatermarks::next_idle_ns() const {
  if (!idle_timeout_ns_) return std::nullopt;
  if (present_ == 0) {
    if (without_splits_idle_) return std::nullopt;
    return without_splits_since_ns_ + *idle_timeout_ns_;
  }
  std::optional<std::int64_t> next_ns;
  for (const Split& split : splits_) {
    if (!split.present || split.timed_out || split.paused) continue;
    const std::int64_t idle_ns = split.last_record_ns + *idle_timeout_ns_;
    if (!next_ns || idle_ns < *next_ns) next_ns = idle_ns;
  }
  return next_ns;
}

}  // namespace weir::internal
