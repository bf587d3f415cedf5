// Tumbling and sliding windows, in event time and in processing time.
//
//   bids.KeyBy(&Bid::auction).Window(weir::TumblingEventTimeWindows::Of(10'000))
//   bids.KeyBy(&Bid::auction).Window(weir::SlidingEventTimeWindows::Of(60'000, 1'000))
//
// Sizes are milliseconds. Windows are aligned to the epoch plus an offset: Of(86'400'000,
// -28'800'000) has days that begin at midnight in UTC+8. Wrong arguments are reported when the job
// is submitted.
//
// An assigner of your own is a copyable class with
//   using Window = …;                              see weir/windowing/windows.h
//   static constexpr bool kEventTime = …;          whether its windows end in event time
//   weir::Status Check() const;                    of the arguments, when the job is submitted
//   auto DefaultTrigger() const;
//   void AssignWindows(const auto& record, std::int64_t timestamp_ms,
//                      const weir::WindowAssignerContext&, auto&& emit);    emit(window) for each
// and, where its windows merge as sessions do, static constexpr bool kMerging = true with a Window
// that has Intersects() and Cover(). AssignWindows may return a weir::Status instead.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include <weir/internal/murmur3.h>
#include <weir/internal/windows/window_arithmetic.h>
#include <weir/status.h>
#include <weir/windowing/triggers.h>
#include <weir/windowing/windows.h>

namespace weir {

// What an assigner may ask.
struct WindowAssignerContext {
  std::int64_t processing_time_ms = 0;
  std::uint32_t subtask_index = 0;
};

// Spreads the firing of tumbling windows over the subtasks, so that they do not all emit at once.
enum class WindowStagger : std::uint8_t {
  kAligned,  // not at all
  kRandom,   // each subtask's windows are shifted by an amount of its own
  kNatural,  // by how far processing time was into a window when the subtask got its first record
};

namespace internal {

// What the four assigners share.
template <bool kInEventTime>
class AlignedWindows {
 public:
  using Window = TimeWindow;
  static constexpr bool kEventTime = kInEventTime;
  std::int64_t size_ms() const { return size_ms_; }
  std::int64_t slide_ms() const { return slide_ms_; }
  // Fixed by the first record where windows are staggered.
  std::int64_t OffsetMs(const WindowAssignerContext& context) {
    if (stagger_ != WindowStagger::kAligned) [[unlikely]] {
      Stagger(context);
    }
    return offset_ms_;
  }

  DefaultTimeTrigger<kInEventTime> DefaultTrigger() const { return {}; }
  // The latest window first, as in Flink.
  template <class T, class Emit>
  void AssignWindows(const T&, std::int64_t timestamp_ms, const WindowAssignerContext& context,
                     Emit&& emit) {
    const std::int64_t time_ms = kInEventTime ? timestamp_ms : context.processing_time_ms;
    const std::int64_t last = WindowStart(time_ms, OffsetMs(context), slide_ms_);
    for (std::int64_t start = last; start > time_ms - size_ms_; start -= slide_ms_) {
      emit(TimeWindow{start, start + size_ms_});
    }
  }

 protected:
  AlignedWindows(std::int64_t size_ms, std::int64_t slide_ms, std::int64_t offset_ms,
                 WindowStagger stagger)
      : size_ms_(size_ms), slide_ms_(slide_ms), offset_ms_(offset_ms), stagger_(stagger) {}

  Status CheckNamed(const std::string& name) const {
    WEIR_RETURN_IF_ERROR(CheckSpan(name + ": the window size", size_ms_, 1));
    WEIR_RETURN_IF_ERROR(CheckSpan(name + ": the slide", slide_ms_, 1));
    if (offset_ms_ > -slide_ms_ && offset_ms_ < slide_ms_) return Status::Ok();
    return Status::InvalidArgument(name + ": the offset is " + std::to_string(offset_ms_) +
                                   " ms; it must be smaller than the " +
                                   (size_ms_ == slide_ms_ ? "window size" : "slide") + ", " +
                                   std::to_string(slide_ms_) + " ms, either way");
  }

 private:
  [[gnu::noinline]] void Stagger(const WindowAssignerContext& context) {
    const std::int64_t shift =
        stagger_ == WindowStagger::kNatural
            ? context.processing_time_ms - WindowStart(context.processing_time_ms, 0, size_ms_)
            : static_cast<std::int64_t>(Fmix64(context.subtask_index + 1) %
                                        static_cast<std::uint64_t>(size_ms_));
    offset_ms_ = (offset_ms_ + shift) % size_ms_;
    stagger_ = WindowStagger::kAligned;
  }

  std::int64_t size_ms_;
  std::int64_t slide_ms_;
  std::int64_t offset_ms_;
  WindowStagger stagger_;
};

template <bool kInEventTime>
class TumblingWindows : public AlignedWindows<kInEventTime> {
 public:
  static TumblingWindows Of(std::int64_t size_ms, std::int64_t offset_ms = 0,
                            WindowStagger stagger = WindowStagger::kAligned) {
    return TumblingWindows(size_ms, size_ms, offset_ms, stagger);
  }
  Status Check() const {
    return this->CheckNamed(kInEventTime ? "TumblingEventTimeWindows"
                                         : "TumblingProcessingTimeWindows");
  }

 private:
  using AlignedWindows<kInEventTime>::AlignedWindows;
};

template <bool kInEventTime>
class SlidingWindows : public AlignedWindows<kInEventTime> {
 public:
  static SlidingWindows Of(std::int64_t size_ms, std::int64_t slide_ms,
                           std::int64_t offset_ms = 0) {
    return SlidingWindows(size_ms, slide_ms, offset_ms, WindowStagger::kAligned);
  }
  Status Check() const {
    return this->CheckNamed(kInEventTime ? "SlidingEventTimeWindows"
                                         : "SlidingProcessingTimeWindows");
  }

 private:
  using AlignedWindows<kInEventTime>::AlignedWindows;
};

}  // namespace internal

// ::Of(size_ms, offset_ms = 0, stagger = WindowStagger::kAligned)
using TumblingEventTimeWindows = internal::TumblingWindows<true>;
using TumblingProcessingTimeWindows = internal::TumblingWindows<false>;

// ::Of(size_ms, slide_ms, offset_ms = 0). A record belongs to size / slide windows; where the slide
// is larger than the size some records belong to none.
using SlidingEventTimeWindows = internal::SlidingWindows<true>;
using SlidingProcessingTimeWindows = internal::SlidingWindows<false>;

}  // namespace weir
