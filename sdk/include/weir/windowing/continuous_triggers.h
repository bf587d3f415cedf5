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

// What the two have in common; `Derived::SetTimer`, `DeleteTimer` and `SetNext` know their time.
template <class Derived>
class ContinuousTrigger {
 public:
  using State = NextFiring;
  static constexpr bool kCanMerge = true;
  static Derived Of(std::int64_t interval_ms) {
    Derived trigger;
    trigger.interval_ms_ = interval_ms;
    return trigger;
  }
  Status Check() const {
    return CheckSpan(std::string(Derived::kName) + ": the interval", interval_ms_, 1);
  }
  template <class W, class Context>
  void OnMerge(const W&, Context& context) {
    context.MergeStates([](State& into, const State& from) {
      into.time_ms = std::min(into.time_ms, from.time_ms);
    });
    const State* next = FindNextFiring(context);
    if (next != nullptr) Derived::SetTimer(next->time_ms, context);
  }
  template <class W, class Context>
  void Clear(const W&, Context& context) {
    if (const State* next = FindNextFiring(context)) Derived::DeleteTimer(next->time_ms, context);
    context.ClearState();
  }

 protected:
  // Behind an interval that began at `time_ms`.
  template <class W>
  std::int64_t Next(std::int64_t time_ms, const W& window) const {
    return std::min(SaturatingAdd(time_ms, interval_ms_), window.MaxTimestamp());
  }
  std::int64_t IntervalStart(std::int64_t time_ms) const {
    return WindowStart(time_ms, 0, interval_ms_);
  }
  template <class Context>
  static void SetNext(std::int64_t next_ms, Context& context) {
    context.MutableState().time_ms = next_ms;
    Derived::SetTimer(next_ms, context);
  }
  // Whether the timer that fires is the one of an interval.
  template <class Context>
  static bool IsNext(std::int64_t time_ms, Context& context) {
    const State* next = FindNextFiring(context);
    return next != nullptr && next->time_ms == time_ms;
  }

 private:
  std::int64_t interval_ms_ = 0;
};

}  // namespace internal

// Whenever the watermark passes a multiple of the interval, counted from the window's first record
// on, and at the end of the window. ::Of(interval_ms).
class ContinuousEventTimeTrigger : public internal::ContinuousTrigger<ContinuousEventTimeTrigger> {
 public:
  template <class T, class W, class Context>
  TriggerResult OnElement(const T&, std::int64_t timestamp_ms, const W& window, Context& context) {
    if (window.MaxTimestamp() <= context.current_watermark_ms()) return TriggerResult::kFire;
    context.RegisterEventTimeTimer(window.MaxTimestamp());
    if (internal::FindNextFiring(context) == nullptr) {
      SetNext(NextOf(IntervalStart(timestamp_ms), window, context), context);
    }
    return TriggerResult::kContinue;
  }
  template <class W, class Context>
  TriggerResult OnEventTime(std::int64_t time_ms, const W& window, Context& context) {
    if (time_ms == window.MaxTimestamp()) return TriggerResult::kFire;
    if (!IsNext(time_ms, context)) return TriggerResult::kContinue;
    SetNext(NextOf(time_ms, window, context), context);
    return TriggerResult::kFire;
  }
  template <class W, class Context>
  void Clear(const W& window, Context& context) {
    ContinuousTrigger::Clear(window, context);
    context.DeleteEventTimeTimer(window.MaxTimestamp());
  }

 private:
  friend internal::ContinuousTrigger<ContinuousEventTimeTrigger>;
  static constexpr const char* kName = "ContinuousEventTimeTrigger";
  ContinuousEventTimeTrigger() = default;
  template <class Context>
  static void SetTimer(std::int64_t time_ms, Context& context) {
    context.RegisterEventTimeTimer(time_ms);
  }
  template <class Context>
  static void DeleteTimer(std::int64_t time_ms, Context& context) {
    context.DeleteEventTimeTimer(time_ms);
  }
  // In Flink a global window fires for every interval until the end of time when the input ends:
  // for ever.
  template <class W, class Context>
  std::int64_t NextOf(std::int64_t time_ms, const W& window, Context& context) const {
    const std::int64_t last = window.MaxTimestamp();
    return context.current_watermark_ms() == last ? last : Next(time_ms, window);
  }
};

// Whenever processing time passes a multiple of the interval while the window is there.
// ::Of(interval_ms).
class ContinuousProcessingTimeTrigger
    : public internal::ContinuousTrigger<ContinuousProcessingTimeTrigger> {
 public:
  template <class T, class W, class Context>
  TriggerResult OnElement(const T&, std::int64_t, const W& window, Context& context) {
    if (internal::FindNextFiring(context) == nullptr) {
      SetNext(Next(IntervalStart(context.processing_time_ms()), window), context);
    }
    return TriggerResult::kContinue;
  }
  template <class W, class Context>
  TriggerResult OnProcessingTime(std::int64_t time_ms, const W& window, Context& context) {
    if (!IsNext(time_ms, context)) return TriggerResult::kContinue;
    context.ClearState();
    // Flink sets the timer that has just fired again; a window that ends here needs none.
    if (time_ms < window.MaxTimestamp()) SetNext(Next(time_ms, window), context);
    return TriggerResult::kFire;
  }

 private:
  friend internal::ContinuousTrigger<ContinuousProcessingTimeTrigger>;
  static constexpr const char* kName = "ContinuousProcessingTimeTrigger";
  ContinuousProcessingTimeTrigger() = default;
  template <class Context>
  static void SetTimer(std::int64_t time_ms, Context& context) {
    context.RegisterProcessingTimeTimer(time_ms);
  }
  template <class Context>
  static void DeleteTimer(std::int64_t time_ms, Context& context) {
    context.DeleteProcessingTimeTimer(time_ms);
  }
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
