// How the window operators call triggers, whose calls are optional (weir/windowing/triggers.h).
#pragma once

#include <cstdint>

#include <weir/status.h>
#include <weir/windowing/trigger_result.h>

namespace weir::internal {

struct NoTriggerState {};
template <class Trigger>
struct TriggerStateOf {
  using Type = NoTriggerState;
};
template <class Trigger>
  requires requires { typename Trigger::State; }
struct TriggerStateOf<Trigger> {
  using Type = typename Trigger::State;
};

template <class Trigger>
constexpr bool CanMerge() {
  if constexpr (requires { Trigger::kCanMerge; }) return Trigger::kCanMerge;
  return false;
}

// The optional calls.
template <class Trigger, class W, class Context>
TriggerResult OnEventTime(Trigger& trigger, std::int64_t time_ms, const W& window, Context& to) {
  if constexpr (requires { trigger.OnEventTime(time_ms, window, to); }) {
    return trigger.OnEventTime(time_ms, window, to);
  } else {
    return TriggerResult::kContinue;
  }
}
template <class Trigger, class W, class Context>
TriggerResult OnProcessingTime(Trigger& trigger, std::int64_t time_ms, const W& window,
                               Context& to) {
  if constexpr (requires { trigger.OnProcessingTime(time_ms, window, to); }) {
    return trigger.OnProcessingTime(time_ms, window, to);
  } else {
    return TriggerResult::kContinue;
  }
}
template <class Trigger, class W, class Context>
void OnMerge(Trigger& trigger, const W& window, Context& context) {
  if constexpr (requires { trigger.OnMerge(window, context); }) trigger.OnMerge(window, context);
}
template <class Trigger, class W, class Context>
void ClearTrigger(Trigger& trigger, const W& window, Context& context) {
  if constexpr (requires { trigger.Clear(window, context); }) trigger.Clear(window, context);
}
template <class Checked>
Status CheckArguments(const Checked& checked) {
  if constexpr (requires { checked.Check(); }) return checked.Check();
  return Status::Ok();
}

}  // namespace weir::internal
