// BroadcastStream<B>: a stream whose records go to all subtasks, with the states that are filled
// from it; and what a stream connected with it can do (weir/broadcast_function.h).
//
//   auto rules = rule_stream.Broadcast(kRules);
//   auto alerts = events.KeyBy(&Event::user).Connect(rules).Process(Match()).Uid("match");
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/broadcast_function.h>
#include <weir/data_stream.h>
#include <weir/internal/operators/broadcast_operators.h>

namespace weir {

// What Broadcast() with descriptors gives.
template <class B>
class BroadcastStream {
 public:
  BroadcastStream(DataStream<B> stream, internal::BroadcastStates states)
      : stream_(std::move(stream)), states_(std::move(states)) {}
  const DataStream<B>& stream() const { return stream_; }
  const internal::BroadcastStates& states() const { return states_; }

 private:
  DataStream<B> stream_;
  internal::BroadcastStates states_;
};

namespace internal {

// An operator behind a stream and a broadcast one.
template <class U, class MadeOperator, class A, class B, class Prototype>
SingleOutputStreamOperator<U> AddBroadcastOperator(const char* type, const DataStream<A>& first,
                                                   const BroadcastStream<B>& second,
                                                   Prototype prototype,
                                                   std::vector<std::string> state_names) {
  StreamNode node;
  node.type = type;
  node.state_names = std::move(state_names);
  node.factory =
      std::make_shared<FunctionOperatorFactory<U, Prototype, MadeOperator>>(std::move(prototype));
  if (first.graph() != second.stream().graph()) {
    first.graph()->Fail(
        Status::InvalidArgument("Connect: the streams are of different environments"));
  }
  return SingleOutputStreamOperator<U>(
      first.graph(),
      first.graph()->AddNode(std::move(node), {first.origins(), second.stream().origins()}));
}

}  // namespace internal

template <class T>
template <class K, class V, class... More>
BroadcastStream<T> StreamCombinations<T>::Broadcast(const MapStateDescriptor<K, V>& state,
                                                    const More&... more) const {
  internal::BroadcastStates states;
  states.Add(state);
  (states.Add(more), ...);
  return BroadcastStream<T>(self().Broadcast(), std::move(states));
}

// stream.Connect(broadcast_stream)
template <class A, class B>
class BroadcastConnectedStream {
 public:
  BroadcastConnectedStream(DataStream<A> first, BroadcastStream<B> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  // A BroadcastProcessFunction. Needs a Uid().
  template <class Asked = internal::Deduced, class F>
  auto Process(F function) const {
    using U = internal::CollectedType<Asked, F>;
    constexpr bool kAccepted = BroadcastProcessFunction<F, A, B, U>;
    static_assert(kAccepted,
                  "Process with a broadcast stream: accepted is an object with void "
                  "ProcessElement(const A&, weir::ReadOnlyBroadcastContext&, weir::Collector<U>&) "
                  "and void ProcessBroadcastElement(const B&, weir::BroadcastContext&, "
                  "weir::Collector<U>&); with templates name the result type: Process<U>(f).");
    static_assert(std::is_copy_constructible_v<F>,
                  "a user function is copied for every subtask: it must be copyable");
    if constexpr (kAccepted) {
      using Function = internal::BroadcastFunction<F>;
      using MadeOperator = internal::CoOperator<A, B, U, Function, internal::BroadcastCalls>;
      return internal::AddBroadcastOperator<U, MadeOperator>(
          "Co-Process-Broadcast", first_, second_, Function{std::move(function), second_.states()},
          {});
    }
  }

 private:
  DataStream<A> first_;
  BroadcastStream<B> second_;
};

// stream.KeyBy(…).Connect(broadcast_stream)
template <class A, class B, class K, class KeySelector>
class KeyedBroadcastConnectedStream {
 public:
  KeyedBroadcastConnectedStream(DataStream<A> first, KeySelector key_selector,
                                BroadcastStream<B> second)
      : first_(std::move(first)),
        key_selector_(std::move(key_selector)),
        second_(std::move(second)) {}

  // A KeyedBroadcastProcessFunction, which may have States() and OnTimer. Needs a Uid().
  template <class Asked = internal::Deduced, class F>
  auto Process(F function) const {
    using U = internal::CollectedType<Asked, F>;
    constexpr bool kAccepted = KeyedBroadcastProcessFunction<F, A, B, K, U>;
    static_assert(kAccepted,
                  "Process on a keyed stream with a broadcast stream: accepted is an object with "
                  "void ProcessElement(const A&, weir::KeyedReadOnlyBroadcastContext<K>&, "
                  "weir::Collector<U>&) and void ProcessBroadcastElement(const B&, "
                  "weir::KeyedBroadcastContext<K>&, weir::Collector<U>&); with templates name the "
                  "result type: Process<U>(f).");
    static_assert(!internal::NamesOnTimer<F> || HasBroadcastOnTimer<F, K, U>,
                  "Process: accepted is void OnTimer(std::int64_t timestamp_ms, "
                  "weir::KeyedBroadcastOnTimerContext<K>&, weir::Collector<U>&), public, with the "
                  "key type and the result type of this stream.");
    static_assert(std::is_copy_constructible_v<F>,
                  "a user function is copied for every subtask: it must be copyable");
    if constexpr (kAccepted) {
      using MadeOperator = internal::KeyedBroadcastOperator<A, B, U, F, KeySelector>;
      std::vector<std::string> names = MadeOperator::KeyedStateNames(function);
      first_.graph()->Fail(
          internal::CheckStates(function).WithContext("Co-Process-Broadcast-Keyed"));
      return internal::AddBroadcastOperator<U, MadeOperator>(
          "Co-Process-Broadcast-Keyed", first_, second_,
          typename MadeOperator::Prototype{
              {std::move(function), second_.states()}, key_selector_, internal::UnkeyedSelector()},
          std::move(names));
    }
  }

 private:
  DataStream<A> first_;
  KeySelector key_selector_;
  BroadcastStream<B> second_;
};

}  // namespace weir
