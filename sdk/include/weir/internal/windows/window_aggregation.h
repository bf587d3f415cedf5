// Aggregating the records of a window: Reduce and Aggregate as one thing to the operators.
//
// An aggregation has Accumulator, Result, kMerges (whether Merge works); First(record): an
// accumulator with one record in it; Add(record, accumulator); Merge(accumulator, other);
// WithResult(key, accumulator, use): use(result), a const Result& or a Result&&.
#pragma once

#include <type_traits>
#include <utility>

#include <weir/internal/aggregation_calls.h>
#include <weir/internal/function_traits.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir::internal {

// All records are kept for the window function.
struct NoAggregation {};

template <class T, class F>
struct ReduceAggregation {
  using Accumulator = T;
  using Result = T;
  static constexpr bool kMerges = true;
  static constexpr char kStateName[] = "weir.window-reduce";
  F function;

  Status Open(RuntimeContext& context) { return OpenFunction(function, context); }
  Status Close() { return CloseFunction(function); }
  const T& First(const T& record) { return record; }
  void Add(const T& record, T& accumulator) { ReduceInto(function, accumulator, record); }
  void Merge(T& accumulator, const T& other) { ReduceInto(function, accumulator, other); }
  template <class K, class Use>
  void WithResult(const K&, const T& accumulator, Use&& use) {
    use(accumulator);
  }
  // Of no records: there is no result.
  template <class K, class Use>
  void WithResultOfNothing(const K&, Use&&) {}
};

template <class T, class K, class F>
struct AggregateAggregation {
  using Accumulator = AccumulatorOf<F>;
  using Result = AggregateResultOf<F, K>;
  static constexpr bool kMerges =
      requires(F& f, Accumulator& into, const Accumulator& other) { f.Merge(into, other); };
  static constexpr char kStateName[] = "weir.window-aggregate";
  F function;

  Status Open(RuntimeContext& context) { return OpenFunction(function, context); }
  Status Close() { return CloseFunction(function); }
  Accumulator First(const T& record) {
    Accumulator accumulator = function.CreateAccumulator();
    AddTo(function, record, accumulator);
    return accumulator;
  }
  void Add(const T& record, Accumulator& accumulator) { AddTo(function, record, accumulator); }
  void Merge(Accumulator& accumulator, const Accumulator& other) {
    if constexpr (std::is_void_v<decltype(function.Merge(accumulator, other))>) {
      function.Merge(accumulator, other);
    } else {
      accumulator = function.Merge(accumulator, other);
    }
  }
  template <class Use>
  void WithResult(const K& key, const Accumulator& accumulator, Use&& use) {
    use(AggregateResult(function, key, accumulator));
  }
  template <class Use>
  void WithResultOfNothing(const K& key, Use&& use) {
    const Accumulator accumulator = function.CreateAccumulator();
    WithResult(key, accumulator, use);
  }
};

}  // namespace weir::internal
