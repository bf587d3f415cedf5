// Which windows over shared panes fire at a watermark, and which panes have expired. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

#include <weir/internal/control_element.h>
#include <weir/internal/windows/pane_accumulators.h>
#include <weir/internal/windows/window_arithmetic.h>

namespace weir::internal {

class PaneSchedule {
 public:
  PaneSchedule(const PaneLayout& layout, std::int64_t lateness_ms)
      : layout_(layout),
        lateness_ms_(lateness_ms),
        next_window_(layout.LastWindowEndedAt(Watermark().timestamp_ms) + 1),
        first_live_window_(next_window_),
        first_live_pane_(layout.FirstPane(next_window_)) {}

  // A pane has a record for some key.
  void Note(std::int64_t pane) {
    if (pane == last_noted_) return;
    live_panes_.insert(pane);
    last_noted_ = pane;
  }

  // The first window that has not fired: those before it have ended.
  std::int64_t next_window() const { return next_window_; }
  // Windows before it are gone, with the allowed lateness; panes before it are in none that is not.
  std::int64_t first_live_window() const { return first_live_window_; }
  std::int64_t first_live_pane() const { return first_live_pane_; }
  bool any_live() const { return !live_panes_.empty(); }

  // Then NextWindow() and Fired() until there is none, then Expire(). Watermarks only grow.
  void Advance(std::int64_t watermark_ms) {
    last_ended_ = layout_.LastWindowEndedAt(watermark_ms);
    std::int64_t cleaned_ms = watermark_ms;
    if (watermark_ms != kMaximumWatermark &&
        __builtin_sub_overflow(watermark_ms, lateness_ms_, &cleaned_ms)) {
      cleaned_ms = Watermark().timestamp_ms;
    }
    gone_window_ = layout_.LastWindowEndedAt(cleaned_ms);
  }
  // The next that has ended and has a pane with records.
  std::optional<std::int64_t> NextWindow() const {
    if (next_window_ > last_ended_) return std::nullopt;
    const auto pane = live_panes_.lower_bound(layout_.FirstPane(next_window_));
    if (pane == live_panes_.end()) return std::nullopt;
    const std::int64_t window = std::max(next_window_, layout_.FirstWindow(*pane));
    return window <= last_ended_ ? std::optional(window) : std::nullopt;
  }
  void Fired(std::int64_t window) { next_window_ = window + 1; }
  // A key whose newest pane is before this is needed no more when `window` has fired.
  std::int64_t FirstPaneNeededAfter(std::int64_t window) const {
    return layout_.FirstPane(std::min(gone_window_, window) + 1);
  }
  void Expire() {
    next_window_ = std::max(next_window_, last_ended_ + 1);
    first_live_window_ = std::max(first_live_window_, gone_window_ + 1);
    first_live_pane_ = layout_.FirstPane(first_live_window_);
    live_panes_.erase(live_panes_.begin(), live_panes_.lower_bound(first_live_pane_));
    last_noted_ = kNoPane;
  }

 private:
  const PaneLayout layout_;
  const std::int64_t lateness_ms_;
  std::set<std::int64_t> live_panes_;
  std::int64_t last_noted_ = kNoPane;  // is in live_panes_
  std::int64_t next_window_;
  std::int64_t first_live_window_;
  std::int64_t first_live_pane_;
  std::int64_t last_ended_ = kNoPane;   // at the watermark
  std::int64_t gone_window_ = kNoPane;  // at the watermark
};

}  // namespace weir::internal
