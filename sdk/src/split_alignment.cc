#include <algorithm>
#include <utility>

#include <weir/internal/split_alignment.h>

namespace weir::internal {

void SplitAlignment::Add(std::uint32_t split) {
  if (splits_.size() <= split) splits_.resize(split + 1);
  splits_[split] = Split{.present = true};
}

void SplitAlignment::Remove(std::uint32_t index) {
  if (index >= splits_.size()) return;
  Split& split = splits_[index];
  begun_ -= split.begun ? 1 : 0;
  ahead_ -= split.ahead ? 1 : 0;
  split = Split();
}

void SplitAlignment::OnWatermark(std::uint32_t index, std::int64_t watermark_ms) {
  Split& split = splits_[index];
  if (watermark_ms <= split.watermark_ms) return;
  split.watermark_ms = watermark_ms;
  begun_ += split.begun ? 0 : 1;
  split.begun = true;
  Judge(split);
}

void SplitAlignment::SetMaxAllowed(std::int64_t watermark_ms) {
  max_allowed_ms_ = watermark_ms;
  for (Split& split : splits_) {
    if (split.begun) Judge(split);
  }
}

void SplitAlignment::Judge(Split& split) {
  const bool ahead = split.watermark_ms > max_allowed_ms_;
  if (ahead == split.ahead) return;
  split.ahead = ahead;
  ahead_ = ahead ? ahead_ + 1 : ahead_ - 1;
  changed_ = true;
}

SplitAlignment::Change SplitAlignment::TakeChange() {
  Change change;
  if (!std::exchange(changed_, false)) return change;
  for (std::uint32_t i = 0; i < splits_.size(); ++i) {
    Split& split = splits_[i];
    if (split.ahead == split.told) continue;
    split.told = split.ahead;
    (split.ahead ? change.pause : change.resume).push_back(i);
  }
  return change;
}

std::optional<std::int64_t> WatermarkReports::next_ms() const {
  if (!watermark_ms_ || watermark_ms_ == reported_ms_) return std::nullopt;
  if (!reported_ms_) return last_report_ms_;
  // Becoming idle, or active again, changes as much as a leap.
  const bool leap =
      *watermark_ms_ < *reported_ms_ ||
      static_cast<std::uint64_t>(*watermark_ms_) - static_cast<std::uint64_t>(*reported_ms_) >=
          static_cast<std::uint64_t>(early_growth_ms_);
  return last_report_ms_ + (leap ? early_interval_ms_ : interval_ms_);
}

std::optional<std::int64_t> WatermarkReports::Take(std::int64_t now_ms) {
  const std::optional<std::int64_t> next = next_ms();
  // A wall clock that was set back holds up no report.
  if (!next || (now_ms < *next && now_ms >= last_report_ms_)) return std::nullopt;
  last_report_ms_ = now_ms;
  reported_ms_ = watermark_ms_;
  return reported_ms_;
}

}  // namespace weir::internal
