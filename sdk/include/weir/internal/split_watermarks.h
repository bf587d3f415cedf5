// The watermark of a source from those of its splits: the minimum over the splits that count, as
// Flink's WatermarkOutputMultiplexer, without threads, clocks or record types.
//
// A split is active or idle, and gone when it has ended. Active ones count. When all that are left
// are idle the source is idle, and what the last active one held back is released. Without a split
// the watermark stays as it is: the next split may be older than the last. What is announced never
// goes back.
//
// `now_ns` is ChainContext::unhindered_time_ns().
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <weir/internal/control_element.h>

namespace weir::internal {

class SplitWatermarks {
 public:
  // Without a timeout splits are idle only where their generators say so.
  SplitWatermarks(std::optional<std::int64_t> idle_timeout_ns, std::int64_t now_ns)
      : idle_timeout_ns_(idle_timeout_ns), without_splits_since_ns_(now_ns) {}

  // A new split, active, at the beginning of time. Returns its number: the smallest one that is
  // free.
  std::uint32_t Add(std::int64_t now_ns);
  // It has ended.
  void Remove(std::uint32_t split, std::int64_t now_ns);
  // It had records.
  void OnRecords(std::uint32_t split, std::int64_t now_ns);
  // What its generator says. A lower watermark than before means nothing. True: something is new.
  bool OnGenerator(std::uint32_t split, std::int64_t watermark_ms, bool marked_idle);
  // A paused split is not read (watermark alignment): that time is no idleness.
  void SetPaused(std::uint32_t split, bool paused, std::int64_t now_ns);
  // Splits without records for the timeout become idle.
  void PassTime(std::int64_t now_ns);

  // The combined watermark, if it has grown since the last call.
  std::optional<std::int64_t> TakeWatermark();
  // What TakeWatermark() gave last.
  std::int64_t announced_ms() const { return announced_ms_; }
  bool idle() const;
  // When the next split may become idle; nothing if none can.
  std::optional<std::int64_t> next_idle_ns() const;

 private:
  struct Split {
    bool present = false;
    bool timed_out = false;
    bool marked_idle = false;
    bool paused = false;
    std::int64_t paused_since_ns = 0;
    std::int64_t watermark_ms = Watermark().timestamp_ms;
    std::int64_t last_record_ns = 0;
    bool idle() const { return timed_out || marked_idle; }
  };

  void Combine();

  const std::optional<std::int64_t> idle_timeout_ns_;
  std::vector<Split> splits_;
  std::uint32_t present_ = 0;
  std::int64_t without_splits_since_ns_;
  bool without_splits_idle_ = false;
  std::int64_t combined_ms_ = Watermark().timestamp_ms;
  std::int64_t announced_ms_ = Watermark().timestamp_ms;
  bool changed_ = false;  // since the minimum was last computed
};

}  // namespace weir::internal
