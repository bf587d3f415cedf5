// Session windows: a session of a key goes on while its records are no more than a gap apart. And
// GlobalWindows, which needs a trigger.
//
//   clicks.KeyBy(&Click::user).Window(weir::EventTimeSessionWindows::WithGap(30 * 60'000))
//   clicks.KeyBy(&Click::user).Window(weir::EventTimeSessionWindows::WithDynamicGap(
//       [](const Click& click) { return click.timeout_ms; }))
//   clicks.KeyBy(&Click::user).Window(weir::GlobalWindows::Create())
//       .Trigger(weir::PurgingTrigger(weir::CountTrigger::Of(100)))
//
// Each record starts as a window from its time to a gap later; windows of a key that intersect or
// touch are merged, state and all, so a late record may join two sessions.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/internal/windows/window_arithmetic.h>
#include <weir/status.h>
#include <weir/windowing/time_window_assigners.h>
#include <weir/windowing/triggers.h>
#include <weir/windowing/windows.h>

namespace weir {

namespace internal {

inline Status CheckDynamicGap(std::int64_t gap_ms) {
  if (gap_ms > 0 && gap_ms <= kMaximumWindowSpanMs) [[likely]] {
    return Status::Ok();
  }
  return Status::UserError("the session gap of a record is " + std::to_string(gap_ms) +
                           " ms; it must be from 1 to 2^60");
}

// `F`: std::int64_t f(const T&).
template <bool kInEventTime, class F>
class DynamicSessionWindows {
 public:
  using Window = TimeWindow;
  static constexpr bool kEventTime = kInEventTime;
  static constexpr bool kMerging = true;
  explicit DynamicSessionWindows(F gap_of) : gap_of_(std::move(gap_of)) {}

  Status Check() const { return Status::Ok(); }
  DefaultTimeTrigger<kInEventTime> DefaultTrigger() const { return {}; }
  template <class T, class Emit>
  Status AssignWindows(const T& record, std::int64_t timestamp_ms,
                       const WindowAssignerContext& context, Emit&& emit) {
    static_assert(std::is_invocable_r_v<std::int64_t, F&, const T&>,
                  "WithDynamicGap: accepted is std::int64_t f(const T&), the gap in milliseconds");
    const std::int64_t gap_ms = gap_of_(record);
    WEIR_RETURN_IF_ERROR(CheckDynamicGap(gap_ms));
    const std::int64_t time_ms = kEventTime ? timestamp_ms : context.processing_time_ms;
    emit(TimeWindow{time_ms, time_ms + gap_ms});
    return Status::Ok();
  }

 private:
  F gap_of_;
};

template <bool kInEventTime>
class SessionWindows {
 public:
  using Window = TimeWindow;
  static constexpr bool kEventTime = kInEventTime;
  static constexpr bool kMerging = true;
  static SessionWindows WithGap(std::int64_t gap_ms) { return SessionWindows(gap_ms); }
  // std::int64_t f(const T&): the gap behind this record, in milliseconds. One that is not positive
  // fails the job.
  template <class F>
  static DynamicSessionWindows<kInEventTime, F> WithDynamicGap(F gap_of) {
    return DynamicSessionWindows<kInEventTime, F>(std::move(gap_of));
  }

  Status Check() const {
    return CheckSpan(
        kInEventTime ? "EventTimeSessionWindows: the gap" : "ProcessingTimeSessionWindows: the gap",
        gap_ms_, 1);
  }
  DefaultTimeTrigger<kInEventTime> DefaultTrigger() const { return {}; }
  template <class T, class Emit>
  void AssignWindows(const T&, std::int64_t timestamp_ms, const WindowAssignerContext& context,
                     Emit&& emit) {
    const std::int64_t time_ms = kInEventTime ? timestamp_ms : context.processing_time_ms;
    emit(TimeWindow{time_ms, time_ms + gap_ms_});
  }

 private:
  explicit SessionWindows(std::int64_t gap_ms) : gap_ms_(gap_ms) {}
  std::int64_t gap_ms_;
};

}  // namespace internal

// ::WithGap(gap_ms) or ::WithDynamicGap(f).
using EventTimeSessionWindows = internal::SessionWindows<true>;
using ProcessingTimeSessionWindows = internal::SessionWindows<false>;

namespace internal {

template <class Trigger>
class GlobalWindowsTriggeredBy {
 public:
  using Window = GlobalWindow;
  // Needs no timestamps, and nothing is late.
  static constexpr bool kEventTime = false;
  Status Check() const { return Status::Ok(); }
  Trigger DefaultTrigger() const { return Trigger(); }
  template <class T, class Emit>
  void AssignWindows(const T&, std::int64_t, const WindowAssignerContext&, Emit&& emit) {
    emit(GlobalWindow());
  }
};

}  // namespace internal

// All records of a key in one window that never ends. It fires when its trigger says so: by default
// never.
class GlobalWindows : public internal::GlobalWindowsTriggeredBy<NeverTrigger> {
 public:
  static GlobalWindows Create() { return {}; }
  // Fires once, at the end of the input.
  static internal::GlobalWindowsTriggeredBy<EndOfStreamTrigger> CreateWithEndOfStreamTrigger() {
    return {};
  }
};

}  // namespace weir
