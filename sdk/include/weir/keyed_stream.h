// KeyedStream<T, K, KeySelector>: what KeyBy() gives. Has all operators of DataStream<T>, and those
// that keep something for each key. Each is run with the records of a key on the same subtask, in
// the order in which one upstream subtask sent them.
//
// Operators that keep state need a Uid(): a missing one is an error when the job is submitted.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/data_stream.h>
#include <weir/internal/operators/keyed_aggregation_operators.h>
#include <weir/internal/operators/keyed_process_operator.h>
#include <weir/internal/rolling_reductions.h>
#include <weir/state.h>

namespace weir {

template <class A, class B, class K, class FirstSelector, class SecondSelector>
class KeyedConnectedStreams;
template <class A, class B, class K, class KeySelector>
class KeyedBroadcastConnectedStream;

template <class T, class K, class KeySelector>
class KeyedStream : public DataStream<T> {
 public:
  using Key = K;
  KeyedStream(std::shared_ptr<internal::StreamGraph> graph,
              std::vector<internal::StreamOrigin> origins, KeySelector key_selector)
      : DataStream<T>(std::move(graph), std::move(origins)),
        key_selector_(std::move(key_selector)) {}

  // T f(const T& reduced, const T&), or, faster where a T owns memory, void f(T& reduced, const
  // T&). Emits for each record the key's reduced value so far; the first record of a key is one.
  template <class F>
  auto Reduce(F function) const {
    static_assert(ReduceFunction<F, T>,
                  "Reduce: this function cannot be called with two records of the stream. "
                  "Accepted: T f(const T& reduced, const T& record), void f(T& reduced, const T& "
                  "record).");
    static_assert(std::is_copy_assignable_v<T>, "Reduce: the record type must be copyable");
    if constexpr (ReduceFunction<F, T> && std::is_copy_assignable_v<T>) {
      return Add<T, internal::KeyedReduceOperator<T, F, KeySelector>>(
          "Keyed Reduce", std::move(function), {"weir.reduce"});
    }
  }
  // Sum(&Sale::amount): emits for each record the key's first one with the sum so far in the field;
  // Min and Max in the same way. A field may also be what gives a reference to it,
  // [](auto& sale) -> auto& { return sale.amount; }; without one the record is a number itself.
  // Sums of integers wrap around.
  template <class Field = std::identity>
  auto Sum(Field field = {}) const {
    static_assert(internal::SummableField<Field, T>,
                  "Sum: accepted is &T::field, or auto& f(T&) "
                  "and const auto& f(const T&), of a field with +=.");
    if constexpr (internal::SummableField<Field, T>) {
      return Roll("Keyed Sum", internal::RollingSum<Field>{std::move(field)});
    }
  }
  template <class Field = std::identity>
  auto Min(Field field = {}) const {
    return RollField<true>("Keyed Min", std::move(field));
  }
  template <class Field = std::identity>
  auto Max(Field field = {}) const {
    return RollField<false>("Keyed Max", std::move(field));
  }
  // Emits for each record that one of the key, so far, whose field is the smallest or largest; of
  // several the first. The field: &T::field, or f(const T&), which may compute it.
  template <class Field>
  auto MinBy(Field field) const {
    return RollBy<true>("Keyed MinBy", std::move(field));
  }
  template <class Field>
  auto MaxBy(Field field) const {
    return RollBy<false>("Keyed MaxBy", std::move(field));
  }
  // An object with A CreateAccumulator(), void Add(const T&, A&) and U GetResult(const A&) or
  // U GetResult(const K&, const A&). Emits for each record the key's result so far.
  template <class F>
  auto Aggregate(F function) const {
    static_assert(AggregateFunction<F, T, K>,
                  "Aggregate: accepted is an object with A CreateAccumulator(), void Add(const T&, "
                  "A&) and U GetResult(const A&) or U GetResult(const K&, const A&).");
    if constexpr (AggregateFunction<F, T, K>) {
      using U = internal::AggregateResultOf<F, K>;
      return Add<U, internal::KeyedAggregateOperator<T, U, F, KeySelector>>(
          "Keyed Aggregate", std::move(function), {"weir.aggregate"});
    }
  }
  // The records of each key in windows: weir/windowed_stream.h.
  template <class A>
  auto Window(A assigner) const;
  // void f(const T&, weir::KeyedProcessContext<K>&, weir::Collector<U>&), as operator() or
  // ProcessElement; weir/state.h says how it keeps something for each key, weir/timer_service.h how
  // it is called again later: it has void OnTimer(std::int64_t timestamp_ms,
  // weir::OnTimerContext<K>&, weir::Collector<U>&), too.
  template <class Asked = internal::Deduced, class F>
  auto Process(F function) const {
    using U = internal::CollectedType<Asked, F>;
    constexpr bool kAccepted = KeyedProcessFunction<F, T, K, U>;
    static_assert(kAccepted,
                  "Process: this function cannot be called with a record of the stream, a context "
                  "and a collector. Accepted: void f(const T&, weir::KeyedProcessContext<K>&, "
                  "weir::Collector<U>&), as operator() or as ProcessElement; with a generic lambda "
                  "name the result type: Process<U>(f).");
    static_assert(!internal::NamesOnTimer<F> || HasOnTimer<F, K, U>,
                  "Process: accepted is void OnTimer(std::int64_t timestamp_ms, "
                  "weir::OnTimerContext<K>&, weir::Collector<U>&), public, with the key type and "
                  "the result type of this stream.");
    if constexpr (kAccepted) {
      this->graph()->Fail(internal::CheckStates(function).WithContext("Keyed Process"));
      std::vector<std::string> states = internal::KeyedStateNamesOf<K, U>(function);
      return Add<U, internal::KeyedProcessOperator<T, U, F, KeySelector>>(
          "Keyed Process", std::move(function), std::move(states));
    }
  }

  // With a stream of the same key: functions on both share what they keep for a key
  // (weir/keyed_connected_streams.h).
  using DataStream<T>::Connect;
  template <class B, class SecondSelector>
  auto Connect(const KeyedStream<B, K, SecondSelector>& other) const {
    return KeyedConnectedStreams<T, B, K, KeySelector, SecondSelector>(*this, other);
  }
  // With a stream that goes to all subtasks: weir/broadcast_stream.h.
  template <class B>
  auto Connect(const BroadcastStream<B>& other) const {
    return KeyedBroadcastConnectedStream<T, B, K, KeySelector>(*this, key_selector_, other);
  }
  // Pairs of records whose times are near each other: weir/interval_join.h.
  template <class B, class SecondSelector>
  auto IntervalJoin(const KeyedStream<B, K, SecondSelector>& other) const;
  const KeySelector& key_selector() const { return key_selector_; }

 private:
  template <class F>
  SingleOutputStreamOperator<T> Roll(const char* type, F function) const {
    return Add<T, internal::KeyedReduceOperator<T, F, KeySelector>>(type, std::move(function),
                                                                    {"weir.reduce"});
  }
  template <bool kLess, class Field>
  auto RollField(const char* type, Field field) const {
    constexpr bool kAccepted =
        internal::OrderedField<Field, T> && internal::WritableField<Field, T>;
    static_assert(kAccepted,
                  "Min, Max: accepted is &T::field, or auto& f(T&) and const auto& f(const T&), of "
                  "a field with <.");
    if constexpr (kAccepted) {
      return Roll(type, internal::RollingExtreme<Field, kLess>{std::move(field)});
    }
  }
  template <bool kLess, class Field>
  auto RollBy(const char* type, Field field) const {
    static_assert(internal::OrderedField<Field, T>,
                  "MinBy, MaxBy: accepted is &T::field, or f(const T&), of something with <.");
    if constexpr (internal::OrderedField<Field, T>) {
      return Roll(type, internal::RollingExtremeBy<Field, kLess>{std::move(field)});
    }
  }
  template <class U, class MadeOperator, class F>
  SingleOutputStreamOperator<U> Add(const char* type, F function,
                                    std::vector<std::string> states) const {
    static_assert(std::is_copy_constructible_v<F>,
                  "a user function is copied for every subtask: it must be copyable");
    using Prototype = internal::KeyedPrototype<F, KeySelector>;
    internal::StreamNode node;
    node.type = type;
    node.state_names = std::move(states);
    node.factory = std::make_shared<internal::FunctionOperatorFactory<U, Prototype, MadeOperator>>(
        Prototype{std::move(function), key_selector_});
    return SingleOutputStreamOperator<U>(
        this->graph(), this->graph()->AddNode(std::move(node), {this->origins()}));
  }

  KeySelector key_selector_;
};

}  // namespace weir
