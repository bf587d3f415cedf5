// Puts a window operator into the program (weir/windowed_stream.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/data_stream.h>
#include <weir/internal/operator_factories.h>
#include <weir/internal/operators/keyed_operator.h>
#include <weir/internal/windows/trigger_calls.h>
#include <weir/internal/windows/window_operator_choice.h>
#include <weir/internal/windows/window_specification.h>
#include <weir/side_output.h>

namespace weir::internal {

// "The trigger of the assigner."
struct AssignersTrigger {};

// The key of WindowAll().
struct OneKeyForAll {
  template <class T>
  std::uint8_t operator()(const T&) const {
    return 0;
  }
};

// From Process(…, Collector<U>&), else as OutputOf().
template <class Asked, class F>
consteval auto WindowOutputOf() {
  if constexpr (
      std::is_same_v<Asked, Deduced> && !requires { typename F::Output; } &&
      requires {
        typename CollectedBy<typename LastParameter<decltype(&F::Process)>::Type>::Type;
      }) {
    return std::type_identity<
        typename CollectedBy<typename LastParameter<decltype(&F::Process)>::Type>::Type>();
  } else {
    return OutputOf<Asked, F>();
  }
}

template <class A>
inline constexpr bool kMergingAssigner = requires { requires A::kMerging; };

template <class A, class Tr, class Ev>
struct WindowDefinition {
  A assigner;
  Tr trigger;
  Ev evictor;
};
template <class T>
struct WindowSettings {
  std::int64_t allowed_lateness_ms = 0;
  std::optional<OutputTag<T>> late_records{};
  bool one_subtask = false;
};

template <class U, class T, class KeySelector, class A, class Tr, class Ev, class Ag, class WF>
SingleOutputStreamOperator<U> AddWindowNode(const DataStream<T>& stream,
                                            const KeySelector& key_selector,
                                            const WindowDefinition<A, Tr, Ev>& definition,
                                            const WindowSettings<T>& settings, Ag aggregation,
                                            WF window_function) {
  constexpr bool kDefaultTrigger = std::is_same_v<Tr, AssignersTrigger>;
  auto trigger = [&definition] {
    if constexpr (kDefaultTrigger) {
      return definition.assigner.DefaultTrigger();
    } else {
      return definition.trigger;
    }
  }();
  using S = WindowSpecification<T, A, decltype(trigger), Ev, Ag, WF>;
  using Made = ChosenWindowOperator<T, U, S, KeySelector, kDefaultTrigger>;
  using Prototype = KeyedPrototype<S, KeySelector>;
  static_assert(std::is_copy_constructible_v<S>,
                "a user function is copied for every subtask: it must be copyable");
  S specification{definition.assigner,    std::move(trigger),         definition.evictor,
                  std::move(aggregation), std::move(window_function), settings.allowed_lateness_ms,
                  settings.late_records};
  stream.graph()->Fail(CheckStates(specification.function).WithContext("Window"));
  StreamNode node;
  node.type = "Window";
  node.state_names = Made::StateNames(specification);
  if (settings.one_subtask) {
    node.parallelism = 1;
    node.max_parallelism = 1;
  }
  node.factory = std::make_shared<FunctionOperatorFactory<U, Prototype, Made>>(
      Prototype{std::move(specification), key_selector});
  return SingleOutputStreamOperator<U>(
      stream.graph(), stream.graph()->AddNode(std::move(node), {stream.origins()}));
}

}  // namespace weir::internal
