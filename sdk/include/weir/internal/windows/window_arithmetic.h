// Where windows and panes lie in time. Pure; all times are milliseconds.
//
// Windows of length `size` begin at offset + k * slide for every integer k. A pane is the longest
// stretch that no window boundary cuts: gcd(size, slide) long, so a window is a whole number of
// panes and a record belongs to exactly one (Li et al., "No pane, no gain", SIGMOD Record 2005).
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>

#include <weir/status.h>
#include <weir/watermark_strategy.h>

namespace weir::internal {

// Sizes, slides, gaps and allowed lateness are at most this, and record timestamps at most
// kMaximumTimestampMs: so that no sum of them overflows.
inline constexpr std::int64_t kMaximumWindowSpanMs = std::int64_t{1} << 60;

// Rounds to minus infinity; divisor > 0.
constexpr std::int64_t FloorDivide(std::int64_t dividend, std::int64_t divisor) {
  const std::int64_t quotient = dividend / divisor;
  return quotient - (dividend % divisor < 0 ? 1 : 0);
}

// The latest start of a window not after the timestamp. Holds for negative ones, too.
constexpr std::int64_t WindowStart(std::int64_t timestamp_ms, std::int64_t offset_ms,
                                   std::int64_t slide_ms) {
  return FloorDivide(timestamp_ms - offset_ms, slide_ms) * slide_ms + offset_ms;
}

// last + more, or the end of time.
constexpr std::int64_t SaturatingAdd(std::int64_t time_ms, std::int64_t more_ms) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(time_ms, more_ms, &sum) ? std::int64_t{0x7fffffffffffffff} : sum;
}

// Sliding windows by number, as panes by number. Window w is panes [FirstPane(w), EndPane(w)).
class PaneLayout {
 public:
  // size and slide > 0.
  constexpr PaneLayout(std::int64_t size_ms, std::int64_t slide_ms, std::int64_t offset_ms)
      : pane_ms_(std::gcd(size_ms, slide_ms)),
        offset_ms_(offset_ms),
        panes_per_window_(size_ms / pane_ms_),
        panes_per_slide_(slide_ms / pane_ms_) {}

  constexpr std::int64_t pane_ms() const { return pane_ms_; }
  constexpr std::int64_t panes_per_window() const { return panes_per_window_; }
  constexpr std::int64_t panes_per_slide() const { return panes_per_slide_; }
  constexpr std::int64_t PaneOf(std::int64_t timestamp_ms) const {
    return FloorDivide(timestamp_ms - offset_ms_, pane_ms_);
  }
  constexpr std::int64_t PaneStart(std::int64_t pane) const { return offset_ms_ + pane * pane_ms_; }

  constexpr std::int64_t FirstPane(std::int64_t window) const { return window * panes_per_slide_; }
  constexpr std::int64_t EndPane(std::int64_t window) const {
    return FirstPane(window) + panes_per_window_;
  }
  constexpr std::int64_t StartOf(std::int64_t window) const { return PaneStart(FirstPane(window)); }
  constexpr std::int64_t EndOf(std::int64_t window) const { return PaneStart(EndPane(window)); }

  // The windows that hold a pane: none where FirstWindow > LastWindow (slide larger than size).
  constexpr std::int64_t FirstWindow(std::int64_t pane) const {
    return FloorDivide(pane - panes_per_window_, panes_per_slide_) + 1;
  }
  constexpr std::int64_t LastWindow(std::int64_t pane) const {
    return FloorDivide(pane, panes_per_slide_);
  }
  // The last window whose last millisecond is not after `time_ms`.
  constexpr std::int64_t LastWindowEndedAt(std::int64_t time_ms) const {
    // EndOf(w) - 1 <= time. No window lies beyond these times.
    const std::int64_t time = std::clamp(time_ms, -3 * kMaximumWindowSpanMs,
                                         kMaximumTimestampMs + 2 * kMaximumWindowSpanMs);
    const std::int64_t panes_ended = FloorDivide(time + 1 - offset_ms_, pane_ms_);
    return FloorDivide(panes_ended - panes_per_window_, panes_per_slide_);
  }

 private:
  std::int64_t pane_ms_;
  std::int64_t offset_ms_;
  std::int64_t panes_per_window_;
  std::int64_t panes_per_slide_;
};

// For arguments of assigners, triggers and evictors: "<what> is … ms; it must be from … to 2^60".
inline Status CheckSpan(const std::string& what, std::int64_t span_ms, std::int64_t minimum_ms) {
  if (span_ms >= minimum_ms && span_ms <= kMaximumWindowSpanMs) return Status::Ok();
  return Status::InvalidArgument(what + " is " + std::to_string(span_ms) + " ms; it must be from " +
                                 std::to_string(minimum_ms) + " to 2^60");
}

}  // namespace weir::internal
