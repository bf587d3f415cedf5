// Which operator runs the windows that a program describes.
#pragma once

#include <type_traits>

#include <weir/internal/windows/pane_operator.h>
#include <weir/internal/windows/tumbling_operator.h>
#include <weir/internal/windows/window_operator.h>
#include <weir/internal/windows/window_output.h>
#include <weir/windowing/time_window_assigners.h>

namespace weir::internal {

// Event-time windows that fire when they end need no timers: kDefaultTrigger.
template <class T, class U, class S, class KeySelector, bool kDefaultTrigger>
consteval auto ChooseWindowOperator() {
  // What a window function keeps for a window is cleared window by window, which panes do not do.
  using Key = std::remove_cvref_t<std::invoke_result_t<const KeySelector&, const T&>>;
  using Function = typename S::Function;
  constexpr bool kClears =
      HasWindowStates<Function> || ClearsWindows<Function, Key, typename S::Window>;
  constexpr bool kPlain = kDefaultTrigger && !S::kEvicts;
  if constexpr (kPlain && std::is_same_v<typename S::Assigner, TumblingEventTimeWindows>) {
    return std::type_identity<TumblingOperator<T, U, S, KeySelector>>();
  } else if constexpr (kPlain && S::kAggregates &&
                       std::is_same_v<typename S::Assigner, SlidingEventTimeWindows>) {
    if constexpr (S::Aggregation::kMerges && !kClears) {
      return std::type_identity<PaneOperator<T, U, S, KeySelector>>();
    } else {
      return std::type_identity<WindowOperator<T, U, S, KeySelector>>();
    }
  } else {
    return std::type_identity<WindowOperator<T, U, S, KeySelector>>();
  }
}
template <class T, class U, class S, class KeySelector, bool kDefaultTrigger>
using ChosenWindowOperator =
    typename decltype(ChooseWindowOperator<T, U, S, KeySelector, kDefaultTrigger>())::type;

}  // namespace weir::internal
