// Triggers: when a window emits its result, and whether what is in it is then dropped.
//
//   stream.KeyBy(…).Window(weir::TumblingEventTimeWindows::Of(60'000))
//       .Trigger(weir::PurgingTrigger(weir::ContinuousEventTimeTrigger::Of(10'000)))
//
// Without .Trigger() windows have the trigger of their assigner: it fires when the window has
// ended, and again at once for every record that is late but allowed.
//
// A trigger of your own is a copyable class. What it remembers it keeps in `State`, one for each
// key and window, which is part of the operator's state:
//
//   struct EveryHundredEuros {
//     struct State { std::int64_t cents = 0; };
//     static constexpr bool kCanMerge = true;
//     weir::TriggerResult OnElement(const Sale& sale, std::int64_t timestamp_ms,
//                                   const auto& window, auto& context) {
//       context.RegisterEventTimeTimer(window.MaxTimestamp());
//       if ((context.MutableState().cents += sale.cents) < 10'000) {
//         return weir::TriggerResult::kContinue;
//       }
//       context.ClearState();
//       return weir::TriggerResult::kFire;
//     }
//     weir::TriggerResult OnEventTime(std::int64_t time_ms, const auto& window, auto& context);
//     void OnMerge(const auto& window, auto& context) {     // for session windows
//       context.MergeStates([](State& into, const State& from) { into.cents += from.cents; });
//     }
//     void Clear(const auto& window, auto& context) {
//       context.DeleteEventTimeTimer(window.MaxTimestamp());
//       context.ClearState();
//     }
//   };
//
// OnEventTime, OnProcessingTime (kContinue), OnMerge, Clear and Check (weir::Status Check() const,
// of the arguments when the job is submitted) may be missing. `context` has
// current_watermark_ms(), processing_time_ms(), Register/Delete{Event,Processing}TimeTimer(time_ms)
// and, with a State, `const State* FindState()`, `State& MutableState()`, `ClearState()` and, in
// OnMerge, `MergeStates(combine)`. A reference to the state holds until the next call of the
// context. When a window has gone Clear() is called; a state that it left behind is dropped.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/internal/control_element.h>
#include <weir/internal/windows/trigger_calls.h>
#include <weir/status.h>
#include <weir/windowing/trigger_result.h>

namespace weir {

// When the watermark passes the end of the window; at once for what comes later.
class EventTimeTrigger {
 public:
  static constexpr bool kCanMerge = true;
  static EventTimeTrigger Create() { return {}; }
  template <class T, class W, class Context>
  TriggerResult OnElement(const T&, std::int64_t, const W& window, Context& context) {
    if (window.MaxTimestamp() <= context.current_watermark_ms()) return TriggerResult::kFire;
    context.RegisterEventTimeTimer(window.MaxTimestamp());
    return TriggerResult::kContinue;
  }
  template <class W, class Context>
  TriggerResult OnEventTime(std::int64_t time_ms, const W& window, Context&) {
    return time_ms == window.MaxTimestamp() ? TriggerResult::kFire : TriggerResult::kContinue;
  }
  template <class W, class Context>
  void OnMerge(const W& window, Context& context) {
    if (window.MaxTimestamp() > context.current_watermark_ms()) {
      context.RegisterEventTimeTimer(window.MaxTimestamp());
    }
  }
  template <class W, class Context>
  void Clear(const W& window, Context& context) {
    context.DeleteEventTimeTimer(window.MaxTimestamp());
  }
};

// When processing time passes the end of the window.
class ProcessingTimeTrigger {
 public:
  static constexpr bool kCanMerge = true;
  static ProcessingTimeTrigger Create() { return {}; }
  template <class T, class W, class Context>
  TriggerResult OnElement(const T&, std::int64_t, const W& window, Context& context) {
    context.RegisterProcessingTimeTimer(window.MaxTimestamp());
    return TriggerResult::kContinue;
  }
  template <class W, class Context>
  TriggerResult OnProcessingTime(std::int64_t, const W&, Context&) {
    return TriggerResult::kFire;
  }
  template <class W, class Context>
  void OnMerge(const W& window, Context& context) {
    if (window.MaxTimestamp() > context.processing_time_ms()) {
      context.RegisterProcessingTimeTimer(window.MaxTimestamp());
    }
  }
  template <class W, class Context>
  void Clear(const W& window, Context& context) {
    context.DeleteProcessingTimeTimer(window.MaxTimestamp());
  }
};

namespace internal {
// Of windows of that time, unless they are given another one.
template <bool kInEventTime>
using DefaultTimeTrigger =
    std::conditional_t<kInEventTime, EventTimeTrigger, ProcessingTimeTrigger>;
}  // namespace internal

// Whenever so many records have come into the window since it last fired.
class CountTrigger {
 public:
  struct State {
    std::int64_t count = 0;
  };
  static constexpr bool kCanMerge = true;
  static CountTrigger Of(std::int64_t maximum_count) { return CountTrigger(maximum_count); }
  Status Check() const {
    if (maximum_count_ > 0) return Status::Ok();
    return Status::InvalidArgument("CountTrigger: the count is " + std::to_string(maximum_count_) +
                                   "; it must be at least 1");
  }
  template <class T, class W, class Context>
  TriggerResult OnElement(const T&, std::int64_t, const W&, Context& context) {
    if (++context.MutableState().count < maximum_count_) return TriggerResult::kContinue;
    context.ClearState();
    return TriggerResult::kFire;
  }
  template <class W, class Context>
  void OnMerge(const W&, Context& context) {
    context.MergeStates([](State& into, const State& from) { into.count += from.count; });
  }
  template <class W, class Context>
  void Clear(const W&, Context& context) {
    context.ClearState();
  }

 private:
  explicit CountTrigger(std::int64_t maximum_count) : maximum_count_(maximum_count) {}
  std::int64_t maximum_count_;
};

// Never.
class NeverTrigger {
 public:
  static constexpr bool kCanMerge = true;
  template <class T, class W, class Context>
  TriggerResult OnElement(const T&, std::int64_t, const W&, Context&) {
    return TriggerResult::kContinue;
  }
};

// Once, at the end of the input.
class EndOfStreamTrigger {
 public:
  static constexpr bool kCanMerge = true;
  template <class T, class W, class Context>
  TriggerResult OnElement(const T&, std::int64_t, const W&, Context& context) {
    context.RegisterEventTimeTimer(internal::kMaximumWatermark);
    return TriggerResult::kContinue;
  }
  template <class W, class Context>
  TriggerResult OnEventTime(std::int64_t time_ms, const W&, Context&) {
    return time_ms == internal::kMaximumWatermark ? TriggerResult::kFire : TriggerResult::kContinue;
  }
  template <class W, class Context>
  void OnMerge(const W&, Context& context) {
    context.RegisterEventTimeTimer(internal::kMaximumWatermark);
  }
  template <class W, class Context>
  void Clear(const W&, Context& context) {
    context.DeleteEventTimeTimer(internal::kMaximumWatermark);
  }
};

// Drops what is in the window whenever `Nested` fires.
template <class Nested>
class PurgingTrigger {
 public:
  using State = typename internal::TriggerStateOf<Nested>::Type;
  static constexpr bool kCanMerge = internal::CanMerge<Nested>();
  explicit PurgingTrigger(Nested nested) : nested_(std::move(nested)) {}
  Status Check() const { return internal::CheckArguments(nested_); }
  template <class T, class W, class Context>
  TriggerResult OnElement(const T& record, std::int64_t timestamp_ms, const W& window,
                          Context& context) {
    return Purging(nested_.OnElement(record, timestamp_ms, window, context));
  }
  template <class W, class Context>
  TriggerResult OnEventTime(std::int64_t time_ms, const W& window, Context& context) {
    return Purging(internal::OnEventTime(nested_, time_ms, window, context));
  }
  template <class W, class Context>
  TriggerResult OnProcessingTime(std::int64_t time_ms, const W& window, Context& context) {
    return Purging(internal::OnProcessingTime(nested_, time_ms, window, context));
  }
  template <class W, class Context>
  void OnMerge(const W& window, Context& context) {
    internal::OnMerge(nested_, window, context);
  }
  template <class W, class Context>
  void Clear(const W& window, Context& context) {
    internal::ClearTrigger(nested_, window, context);
  }

 private:
  static TriggerResult Purging(TriggerResult result) {
    return IsFire(result) ? TriggerResult::kFireAndPurge : result;
  }
  Nested nested_;
};

}  // namespace weir
