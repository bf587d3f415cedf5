// ConnectedStreams<A, B>: two streams into one operator that may share state between them.
//
// The functions see the inputs in no particular order, one record at a time. Records of a key meet
// on one subtask when both streams are keyed by it: a.KeyBy(…).Connect(b.KeyBy(…)).
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/data_stream.h>
#include <weir/internal/operators/two_input_operator.h>

namespace weir {

namespace internal {

// Two functions as one object with Map1 and Map2.
template <class F1, class F2>
struct CoMapPair {
  static_assert(!HasCheckpointHooks<F1> && !HasCheckpointHooks<F2>,
                "Map on connected streams: functions with operator state or checkpoint hooks must "
                "be one object with Map1 and Map2");
  F1 Map1;
  F2 Map2;
  Status Open(RuntimeContext& context) {
    WEIR_RETURN_IF_ERROR(OpenFunction(Map1, context));
    return OpenFunction(Map2, context);
  }
  Status Close() {
    Status first = CloseFunction(Map1);
    Status second = CloseFunction(Map2);
    return first.ok() ? second : first;
  }
};
template <class F1, class F2>
struct CoFlatMapPair {
  static_assert(!HasCheckpointHooks<F1> && !HasCheckpointHooks<F2>,
                "FlatMap on connected streams: functions with operator state or checkpoint hooks "
                "must be one object with FlatMap1 and FlatMap2");
  F1 FlatMap1;
  F2 FlatMap2;
  Status Open(RuntimeContext& context) {
    WEIR_RETURN_IF_ERROR(OpenFunction(FlatMap1, context));
    return OpenFunction(FlatMap2, context);
  }
  Status Close() {
    Status first = CloseFunction(FlatMap1);
    Status second = CloseFunction(FlatMap2);
    return first.ok() ? second : first;
  }
};

}  // namespace internal

// U Map1(const A&) and U Map2(const B&).
template <class F, class A, class B>
concept CoMapFunction = requires(F& f, A& a, B& b) {
  f.Map1(a);
  { f.Map2(b) } -> std::convertible_to<std::remove_cvref_t<decltype(f.Map1(a))>>;
  requires !std::is_void_v<decltype(f.Map1(a))>;
};
// void FlatMap1(const A&, Collector<U>&) and void FlatMap2(const B&, Collector<U>&).
template <class F, class A, class B, class U>
concept CoFlatMapFunction = !std::is_void_v<U> && requires(F& f, A& a, B& b, Collector<U>& out) {
  f.FlatMap1(a, out);
  f.FlatMap2(b, out);
};

// void ProcessElement1(const A&, ProcessContext&, Collector<U>&), and ProcessElement2 with B.
template <class F, class A, class B, class U>
concept CoProcessFunction =
    !std::is_void_v<U> &&
    requires(F& f, const A& a, const B& b, ProcessContext& context, Collector<U>& out) {
      f.ProcessElement1(a, context, out);
      f.ProcessElement2(b, context, out);
    };

template <class A, class B>
class ConnectedStreams {
 public:
  ConnectedStreams(DataStream<A> first, DataStream<B> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  template <class F>
  auto Map(F function) const {
    static_assert(CoMapFunction<F, A, B>,
                  "Map on connected streams: accepted are an object with U Map1(const A&) and "
                  "U Map2(const B&), or two functions U f1(const A&), U f2(const B&).");
    if constexpr (CoMapFunction<F, A, B>) {
      using U = std::remove_cvref_t<decltype(function.Map1(std::declval<A&>()))>;
      return Add<U, internal::CoMapCalls>("Co-Map", std::move(function));
    }
  }
  template <class F1, class F2>
  auto Map(F1 first, F2 second) const {
    return Map(internal::CoMapPair<F1, F2>{std::move(first), std::move(second)});
  }

  template <class Asked = internal::Deduced, class F>
  auto FlatMap(F function) const {
    return AddFlatMap<internal::CollectedType<Asked, F>>(std::move(function));
  }
  template <class Asked = internal::Deduced, class F1, class F2>
  auto FlatMap(F1 first, F2 second) const {
    return AddFlatMap<internal::CollectedType<Asked, F1>>(
        internal::CoFlatMapPair<F1, F2>{std::move(first), std::move(second)});
  }

  // An object with void ProcessElement1(const A&, weir::ProcessContext&, weir::Collector<U>&), and
  // ProcessElement2 with B. With state and timers: weir/keyed_connected_streams.h.
  template <class Asked = internal::Deduced, class F>
  auto Process(F function) const {
    using U = internal::CollectedType<Asked, F>;
    constexpr bool kAccepted = CoProcessFunction<F, A, B, U>;
    static_assert(kAccepted,
                  "Process on connected streams: accepted is an object with void "
                  "ProcessElement1(const A&, weir::ProcessContext&, weir::Collector<U>&) and void "
                  "ProcessElement2(const B&, weir::ProcessContext&, weir::Collector<U>&); with "
                  "templates name the result type: Process<U>(f).");
    static_assert(!internal::NamesOnTimer<F>,
                  "Process on connected streams: timers belong to keys; key the streams, with "
                  "first.KeyBy(...).Connect(second.KeyBy(...)) or KeyBy on the connected streams.");
    if constexpr (kAccepted) {
      return Add<U, internal::CoProcessCalls>("Co-Process", std::move(function));
    }
  }

  // Both keyed, by keys of one type, for functions with state and timers
  // (weir/keyed_connected_streams.h).
  template <class F1, class F2>
  auto KeyBy(F1 first_selector, F2 second_selector) const {
    return first_.KeyBy(std::move(first_selector))
        .Connect(second_.KeyBy(std::move(second_selector)));
  }

 protected:
  void Fail(Status status) const { first_.graph()->Fail(std::move(status)); }
  template <class U, class MadeOperator, class Prototype>
  SingleOutputStreamOperator<U> AddOperator(const char* type, Prototype prototype,
                                            std::vector<std::string> state_names = {}) const {
    static_assert(std::is_copy_constructible_v<Prototype>,
                  "a user function is copied for every subtask: it must be copyable");
    internal::StreamNode node;
    node.type = type;
    node.state_names = std::move(state_names);
    node.factory = std::make_shared<internal::FunctionOperatorFactory<U, Prototype, MadeOperator>>(
        std::move(prototype));
    if (first_.graph() != second_.graph()) {
      first_.graph()->Fail(
          Status::InvalidArgument("Connect: the streams are of different environments"));
    }
    return SingleOutputStreamOperator<U>(
        first_.graph(),
        first_.graph()->AddNode(std::move(node), {first_.origins(), second_.origins()}));
  }

 private:
  template <class U, class F>
  auto AddFlatMap(F function) const {
    constexpr bool kAccepted = CoFlatMapFunction<F, A, B, U>;
    static_assert(
        kAccepted,
        "FlatMap on connected streams: accepted are an object with void FlatMap1(const A&, "
        "weir::Collector<U>&) and void FlatMap2(const B&, weir::Collector<U>&), or two "
        "functions of these forms; with generic lambdas name the result type: "
        "FlatMap<U>(f1, f2).");
    if constexpr (kAccepted) {
      return Add<U, internal::CoFlatMapCalls>("Co-Flat Map", std::move(function));
    }
  }
  template <class U, class Calls, class F>
  auto Add(const char* type, F function) const {
    return AddOperator<U, internal::CoOperator<A, B, U, F, Calls>>(type, std::move(function));
  }

  DataStream<A> first_;
  DataStream<B> second_;
};

}  // namespace weir
