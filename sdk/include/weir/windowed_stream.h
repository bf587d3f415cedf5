// WindowedStream: what Window() and WindowAll() give. Says how windows are made, when they fire and
// what happens to late records; then what is made of them.
//
//   const weir::OutputTag<Bid> late{"late"};
//   auto counts = bids.KeyBy(&Bid::auction)
//                     .Window(weir::SlidingEventTimeWindows::Of(60'000, 1'000))
//                     .AllowedLateness(5'000)
//                     .SideOutputLateData(late)
//                     .Aggregate(CountBids())
//                     .Uid("bids-per-auction");
//   counts.GetSideOutput(late).Print();
//
// A window fires when the watermark passes its end; with allowed lateness it stays for so long, and
// fires again for every record that comes. Records later than that are dropped and counted
// (numLateRecordsDropped) or put out to the side. Results have the window's last millisecond as
// their timestamp. Windows keep state: they need a Uid().
//
// Reduce and Aggregate keep one accumulator for each key and window. Sliding windows in event time
// with the default trigger share panes: one accumulator for each key and slide (or the largest
// common divisor of size and slide), so a record costs one update however many windows it is in;
// their function is then applied in the order of panes, not of arrival. Where that matters say
// .Trigger(weir::EventTimeTrigger::Create()). Merging windows and panes need
// `void Merge(A&, const A&)` of an aggregate function; sliding windows do without where it is
// missing.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/rolling_reductions.h>
#include <weir/internal/windows/window_node.h>
#include <weir/keyed_stream.h>
#include <weir/side_output.h>
#include <weir/windowing/continuous_triggers.h>
#include <weir/windowing/evictors.h>
#include <weir/windowing/session_windows.h>
#include <weir/windowing/time_window_assigners.h>
#include <weir/windowing/triggers.h>
#include <weir/windowing/window_functions.h>

namespace weir {

// A value; the methods up to SideOutputLateData() return a changed copy.
template <class T, class KeySelector, class A, class Tr = internal::AssignersTrigger,
          class Ev = internal::NoEvictor>
class WindowedStream {
 public:
  using Key = std::remove_cvref_t<std::invoke_result_t<const KeySelector&, const T&>>;
  using Window = typename A::Window;

  // When windows fire: weir/windowing/triggers.h.
  template <class NewTrigger>
  WindowedStream<T, KeySelector, A, NewTrigger, Ev> Trigger(NewTrigger trigger) const {
    static_assert(!internal::kMergingAssigner<A> || internal::CanMerge<NewTrigger>(),
                  "Trigger: session windows merge, and this trigger cannot (it has no "
                  "`static constexpr bool kCanMerge = true`)");
    stream_.graph()->Fail(internal::CheckArguments(trigger));
    return {stream_,
            key_selector_,
            {definition_.assigner, std::move(trigger), definition_.evictor},
            settings_};
  }
  // Which records of a window are dropped when it fires: weir/windowing/evictors.h.
  template <class NewEvictor>
  WindowedStream<T, KeySelector, A, Tr, NewEvictor> Evictor(NewEvictor evictor) const {
    stream_.graph()->Fail(internal::CheckArguments(evictor));
    return {stream_,
            key_selector_,
            {definition_.assigner, definition_.trigger, std::move(evictor)},
            settings_};
  }
  // How long after its end a window in event time stays for late records. Without: not at all.
  WindowedStream AllowedLateness(std::int64_t lateness_ms) const {
    stream_.graph()->Fail(internal::CheckSpan("AllowedLateness: the lateness", lateness_ms, 0));
    WindowedStream changed = *this;
    changed.settings_.allowed_lateness_ms = lateness_ms;
    return changed;
  }
  // Records that are later than that go there, instead of being dropped.
  WindowedStream SideOutputLateData(const OutputTag<T>& tag) const {
    WindowedStream changed = *this;
    changed.settings_.late_records = tag;
    return changed;
  }

  // --- what is made of a window ---

  // T f(const T& reduced, const T&) or void f(T& reduced, const T&): one result for each firing.
  template <class F>
  auto Reduce(F function) const {
    return Reduce(std::move(function), internal::NoWindowFunction());
  }
  // The result goes to a window function (weir/windowing/window_functions.h), as its one element.
  template <class Asked = internal::Deduced, class F, class WF>
  auto Reduce(F function, WF window_function) const {
    static_assert(ReduceFunction<F, T>,
                  "Reduce: this function cannot be called with two records of the stream. "
                  "Accepted: T f(const T& reduced, const T& record), void f(T& reduced, const T& "
                  "record).");
    if constexpr (ReduceFunction<F, T>) {
      return AddAggregating<Asked>(internal::ReduceAggregation<T, F>{std::move(function)},
                                   std::move(window_function));
    }
  }
  // An aggregate function: weir/functions.h.
  template <class F>
  auto Aggregate(F function) const {
    return Aggregate(std::move(function), internal::NoWindowFunction());
  }
  template <class Asked = internal::Deduced, class F, class WF>
  auto Aggregate(F function, WF window_function) const {
    static_assert(AggregateFunction<F, T, Key>,
                  "Aggregate: accepted is an object with A CreateAccumulator(), void Add(const T&, "
                  "A&) and U GetResult(const A&) or U GetResult(const K&, const A&).");
    if constexpr (AggregateFunction<F, T, Key>) {
      using Aggregation = internal::AggregateAggregation<T, Key, F>;
      static_assert(!internal::kMergingAssigner<A> || Aggregation::kMerges,
                    "Aggregate: session windows merge and the function needs void Merge(A& "
                    "accumulator, const A& other).");
      return AddAggregating<Asked>(Aggregation{std::move(function)}, std::move(window_function));
    }
  }
  // A window function over all records of the window. Where U cannot be seen name it:
  // Process<U>(f).
  template <class Asked = internal::Deduced, class WF>
  auto Process(WF window_function) const {
    return AddFunction<T, Asked>(internal::NoAggregation(), std::move(window_function));
  }

  // The first record of the window with the sum, minimum or maximum of a field: Sum(&Bid::price).
  // Fields as KeyedStream::Sum() takes them; sums of integers wrap around.
  template <class Field = std::identity>
    requires internal::SummableField<Field, T>
  auto Sum(Field field = {}) const {
    return Reduce(internal::RollingSum<Field>{std::move(field)});
  }
  template <class Field = std::identity>
    requires internal::OrderedField<Field, T> && internal::WritableField<Field, T>
  auto Min(Field field = {}) const {
    return Reduce(internal::RollingExtreme<Field, true>{std::move(field)});
  }
  template <class Field = std::identity>
    requires internal::OrderedField<Field, T> && internal::WritableField<Field, T>
  auto Max(Field field = {}) const {
    return Reduce(internal::RollingExtreme<Field, false>{std::move(field)});
  }
  // The record with the smallest or largest value; of several the first.
  template <class Field>
    requires internal::OrderedField<Field, T>
  auto MinBy(Field field) const {
    return Reduce(internal::RollingExtremeBy<Field, true>{std::move(field)});
  }
  template <class Field>
    requires internal::OrderedField<Field, T>
  auto MaxBy(Field field) const {
    return Reduce(internal::RollingExtremeBy<Field, false>{std::move(field)});
  }

  // For the API itself.
  using Definition = internal::WindowDefinition<A, Tr, Ev>;
  using Settings = internal::WindowSettings<T>;
  WindowedStream(DataStream<T> stream, KeySelector key_selector, Definition definition,
                 Settings settings)
      : stream_(std::move(stream)),
        key_selector_(std::move(key_selector)),
        definition_(std::move(definition)),
        settings_(std::move(settings)) {}

 private:
  template <class Asked, class Aggregation, class WF>
  auto AddAggregating(Aggregation aggregation, WF window_function) const {
    using R = typename Aggregation::Result;
    if constexpr (std::is_same_v<WF, internal::NoWindowFunction>) {
      return internal::AddWindowNode<R>(stream_, key_selector_, definition_, settings_,
                                        std::move(aggregation), std::move(window_function));
    } else {
      return AddFunction<R, Asked>(std::move(aggregation), std::move(window_function));
    }
  }
  template <class R, class Asked, class Aggregation, class WF>
  auto AddFunction(Aggregation aggregation, WF window_function) const {
    using U = typename decltype(internal::WindowOutputOf<Asked, WF>())::type;
    constexpr bool kAccepted = WindowFunction<WF, R, Key, Window, U>;
    static_assert(kAccepted,
                  "This window function cannot be called. Accepted: void f(const K& key, "
                  "weir::WindowContext<K, Window>& context, const weir::WindowElements<T>& "
                  "elements, weir::Collector<U>& out), or without the key, as operator() or as "
                  "Process; with a generic lambda name the result type: Process<U>(f). Behind "
                  "Reduce and Aggregate the elements are their results.");
    static_assert(!internal::kMergingAssigner<A> || !internal::HasWindowStates<WF>,
                  "session windows merge: their function cannot have WindowStates()");
    if constexpr (kAccepted) {
      return internal::AddWindowNode<U>(stream_, key_selector_, definition_, settings_,
                                        std::move(aggregation), std::move(window_function));
    }
  }

  DataStream<T> stream_;
  KeySelector key_selector_;
  Definition definition_;
  Settings settings_;
};

// For each key the windows that `assigner` says: weir/windowing/time_window_assigners.h,
// session_windows.h.
template <class T, class K, class KeySelector>
template <class A>
auto KeyedStream<T, K, KeySelector>::Window(A assigner) const {
  this->graph()->Fail(assigner.Check());
  return WindowedStream<T, KeySelector, A>(*this, key_selector_, {std::move(assigner), {}, {}}, {});
}

template <class T>
template <class A>
auto DataStream<T>::WindowAll(A assigner) const {
  const auto keyed = KeyBy(internal::OneKeyForAll());
  graph_->Fail(assigner.Check());
  return WindowedStream<T, internal::OneKeyForAll, A>(
      keyed, internal::OneKeyForAll(), {std::move(assigner), {}, {}}, {.one_subtask = true});
}

}  // namespace weir
