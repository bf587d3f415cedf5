// Watermark alignment on a reader's side (Flink's SourceOperator): which splits are too far ahead,
// and when to tell the coordinator how far the reader is. Without threads, clocks or record types.
// The coordinator's side: internal/watermark_alignment_group.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <weir/internal/control_element.h>
#include <weir/watermark_strategy.h>

namespace weir::internal {

// Splits whose watermark is above the maximum that the group allows are ahead.
class SplitAlignment {
 public:
  // By the numbers of SplitWatermarks.
  void Add(std::uint32_t split);
  void Remove(std::uint32_t split);
  // Of the split's generator. Watermarks do not go back.
  void OnWatermark(std::uint32_t split, std::int64_t watermark_ms);
  // At first there is no limit; it may go down.
  void SetMaxAllowed(std::int64_t watermark_ms);

  struct Change {
    std::vector<std::uint32_t> pause;
    std::vector<std::uint32_t> resume;
    bool empty() const { return pause.empty() && resume.empty(); }
    bool operator==(const Change&) const = default;
  };
  // What has changed since the last call. A split that was removed is in none.
  Change TakeChange();

  // Every split that had a watermark is ahead, and there is one: for readers that cannot pause
  // single splits. A reader that takes its splits one after the other has not begun the rest.
  bool all_ahead() const { return ahead_ > 0 && ahead_ == begun_; }
  // Some are ahead, others that had a watermark are not.
  bool some_ahead() const { return ahead_ > 0 && ahead_ < begun_; }

 private:
  struct Split {
    bool present = false;
    bool begun = false;
    bool ahead = false;
    bool told = false;  // that it is ahead
    std::int64_t watermark_ms = Watermark().timestamp_ms;
  };

  void Judge(Split& split);

  std::vector<Split> splits_;
  std::uint32_t begun_ = 0;
  std::uint32_t ahead_ = 0;
  std::int64_t max_allowed_ms_ = kMaximumWatermark;
  bool changed_ = false;
};

// When a reader reports: once in the update interval if there is news, and up to ten times as often
// while its watermark grows by half of the drift in between. Otherwise a group could not go through
// a backlog faster than one drift for each interval (FLINK-37399).
class WatermarkReports {
 public:
  explicit WatermarkReports(const WatermarkAlignment& alignment)
      : interval_ms_(alignment.update_interval_ms),
        early_interval_ms_(interval_ms_ / 10),
        early_growth_ms_(std::max<std::int64_t>(alignment.max_drift_ms / 2, 1)) {}

  // Of the reader; kMaximumWatermark where it holds nobody back: it is idle, or has ended.
  void OnWatermark(std::int64_t watermark_ms) { watermark_ms_ = watermark_ms; }
  // What to report now, if anything.
  std::optional<std::int64_t> Take(std::int64_t now_ms);
  // When Take() has something.
  std::optional<std::int64_t> next_ms() const;

 private:
  const std::int64_t interval_ms_;
  const std::int64_t early_interval_ms_;
  const std::int64_t early_growth_ms_;
  std::optional<std::int64_t> watermark_ms_;
  std::optional<std::int64_t> reported_ms_;
  std::int64_t last_report_ms_ = 0;  // processing time
};

}  // namespace weir::internal
