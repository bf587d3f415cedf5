// Triggers that fire while a window is still open: at intervals, or when records have changed
// enough.
//
//   stream.KeyBy(…).Window(weir::TumblingEventTimeWindows::Of(3'600'000))
//       .Trigger(weir::ContinuousEventTimeTrigger::Of(60'000))      // every minute, and at the end
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <weir/internal/windows/window_arithmetic.h>
#include <weir/status.h>
#include <weir/windowing/triggers.h>

namespace weir {

namespace internal {

// The time of the next firing; the end of time is none.
struct NextFiring {
  std::int64_t time_ms = std::numeric_limits<std::int64_t>::max();
};

template <class Context>
const NextFiring* FindNextFiring(Context& context) {
  const NextFiring* next = context.FindState();
  return next == nullptr || next->time_ms == NextFiring().time_ms ? nullptr : next;
}
inline std::int64_t NextFiringBehind(std::int64_t time_ms, std::int64_t interval_ms,
                                     std::int64_t last_ms) {
  return std::min(SaturatingAdd(time_ms, interval_ms), last_ms);
}

}  // namespace internal

// Whenever the watermark passes a multiple of the interval, counted from the window's first record
// on, and at the end of the window.
class ContinuousEventTimeTrigger {
 public:
  using State = internal::NextFiring;
  static constexpr bool kCanMerge = true;
  static ContinuousEventTimeTrigger Of(std::int64_t interval_ms) {
    return ContinuousEventTimeTrigger(interval_ms);
  }
  Status Check() const {
    return internal::CheckSpan("ContinuousEventTimeTrigger: the interval", interval_ms_, 1);
  }
  template <class T, class W, class Context>
  TriggerResult OnElement(const T&, std::int64_t timestamp_ms, const W& window, Context& context) {
    if (window.MaxTimestamp() <= context.current_watermark_ms()) return TriggerResult::kFire;
    context.RegisterEventTimeTimer(window.MaxTimestamp());
    if (internal::FindNextFiring(context) == nullptr) {
      SetNext(internal::WindowStart(timestamp_ms, 0, interval_ms_), window, context);
    }
    return TriggerResult::kContinue;
  }
  template <class W, class Context>
  TriggerResult OnEventTime(std::int64_t time_ms, const W& window, Context& context) {
    if (time_ms == window.MaxTimestamp()) return TriggerResult::kFire;
    const State* next = internal::FindNextFiring(context);
    if (next == nullptr || next->time_ms != time_ms) return TriggerResult::kContinue;
    SetNext(time_ms, window, context);
    return TriggerResult::kFire;
  }
  template <class W, class Context>
  void OnMerge(const W&, Context& context) {
    context.MergeStates([](State& into, const State& from) {
      into.time_ms = std::min(into.time_ms, from.time_ms);
    });
    const State* next = internal::FindNextFiring(context);
    if (next != nullptr) context.RegisterEventTimeTimer(next->time_ms);
  }
  template <class W, class Context>
  void Clear(const W& window, Context& context) {
    if (const State* next = internal::FindNextFiring(context)) {
      context.DeleteEventTimeTimer(next->time_ms);
    }
    context.DeleteEventTimeTimer(window.MaxTimestamp());
    context.ClearState();
  }

 private:
  explicit ContinuousEventTimeTrigger(std::int64_t interval_ms) : interval_ms_(interval_ms) {}
  template <class W, class Context>
  void SetNext(std::int64_t time_ms, const W& window, Context& context) {
    const std::int64_t last = window.MaxTimestamp();
    // In Flink a global window fires for every interval until the end of time when the input ends:
    // for ever.
    const std::int64_t next = context.current_watermark_ms() == last
                                  ? last
                                  : internal::NextFiringBehind(time_ms, interval_ms_, last);
    context.MutableState().time_ms = next;
    context.RegisterEventTimeTimer(next);
  }
  std::int64_t interval_ms_;
};

// Whenever processing time passes a multiple of the interval while the window is there.
class ContinuousProcessingTimeTrigger {
 public:
  using State = internal::NextFiring;
  static constexpr bool kCanMerge = true;
  static ContinuousProcessingTimeTrigger Of(std::int64_t interval_ms) {
    return ContinuousProcessingTimeTrigger(interval_ms);
  }
  Status Check() const {
    return internal::CheckSpan("ContinuousProcessingTimeTrigger: the interval", interval_ms_, 1);
  }
  template <class T, class W, class Context>
  TriggerResult OnElement(const T&, std::int64_t, const W& window, Context& context) {
    if (internal::FindNextFiring(context) == nullptr) {
      SetNext(internal::WindowStart(context.processing_time_ms(), 0, interval_ms_), window,
              context);
    }
    return TriggerResult::kContinue;
  }
  template <class W, class Context>
  TriggerResult OnProcessingTime(std::int64_t time_ms, const W& window, Context& context) {
    const State* next = internal::FindNextFiring(context);
    if (next == nullptr || next->time_ms != time_ms) return TriggerResult::kContinue;
    context.ClearState();
    // Flink sets the timer that has just fired again; a window that ends here needs none.
    if (time_ms < window.MaxTimestamp()) SetNext(time_ms, window, context);
    return TriggerResult::kFire;
  }
  template <class W, class Context>
  void OnMerge(const W&, Context& context) {
    context.MergeStates([](State& into, const State& from) {
      into.time_ms = std::min(into.time_ms, from.time_ms);
    });
    const State* next = internal::FindNextFiring(context);
    if (next != nullptr) context.RegisterProcessingTimeTimer(next->time_ms);
  }
  template <class W, class Context>
  void Clear(const W&, Context& context) {
    if (const State* next = internal::FindNextFiring(context)) {
      context.DeleteProcessingTimeTimer(next->time_ms);
    }
    context.ClearState();
  }

 private:
  explicit ContinuousProcessingTimeTrigger(std::int64_t interval_ms) : interval_ms_(interval_ms) {}
  template <class W, class Context>
  void SetNext(std::int64_t time_ms, const W& window, Context& context) {
    const std::int64_t next =
        internal::NextFiringBehind(time_ms, interval_ms_, window.MaxTimestamp());
    context.MutableState().time_ms = next;
    context.RegisterProcessingTimeTimer(next);
  }
  std::int64_t interval_ms_;
};

// When a record differs by more than a threshold from the one that fired last (the window's first
// record fires nothing). Not for session windows. `F`: double f(const T& fired, const T& record).
//
//   .Trigger(weir::DeltaTrigger<Reading>(5.0, [](const Reading& fired, const Reading& reading) {
//     return std::abs(reading.celsius - fired.celsius);
//   }))
template <class T, class F>
class DeltaTriggerOf {
 public:
  using State = T;
  DeltaTriggerOf(double threshold, F delta) : threshold_(threshold), delta_(std::move(delta)) {}
  template <class W, class Context>
  TriggerResult OnElement(const T& record, std::int64_t, const W&, Context& context) {
    const T* fired = context.FindState();
    if (fired == nullptr) {
      context.MutableState() = record;
      return TriggerResult::kContinue;
    }
    if (!(static_cast<double>(delta_(*fired, record)) > threshold_)) {
      return TriggerResult::kContinue;
    }
    context.MutableState() = record;
    return TriggerResult::kFire;
  }
  template <class W, class Context>
  void Clear(const W&, Context& context) {
    context.ClearState();
  }

 private:
  double threshold_;
  F delta_;
};
template <class T, class F>
DeltaTriggerOf<T, F> DeltaTrigger(double threshold, F delta) {
  return DeltaTriggerOf<T, F>(threshold, std::move(delta));
}

}  // namespace weir
