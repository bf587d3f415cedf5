// How operators call reduce and aggregate functions (their forms: weir/functions.h).
#pragma once

#include <type_traits>
#include <utility>

namespace weir::internal {

template <class F, class T>
void ReduceInto(F& function, T& reduced, const T& record) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, T&, const T&>>) {
    function(reduced, record);
  } else {
    reduced = function(reduced, record);
  }
}

template <class F>
using AccumulatorOf = std::remove_cvref_t<decltype(std::declval<F&>().CreateAccumulator())>;

template <class F, class T, class A>
  requires requires(F& f, const T& record, A& accumulator) { f.Add(record, accumulator); }
void AddTo(F& function, const T& record, A& accumulator) {
  if constexpr (std::is_void_v<decltype(function.Add(record, accumulator))>) {
    function.Add(record, accumulator);
  } else {
    accumulator = function.Add(record, accumulator);
  }
}

template <class F, class K, class A>
  requires(
      requires(F& f, const A& a) { f.GetResult(a); } ||
      requires(F& f, const K& k, const A& a) { f.GetResult(k, a); })
decltype(auto) AggregateResult(F& function, const K& key, const A& accumulator) {
  if constexpr (requires { function.GetResult(key, accumulator); }) {
    return function.GetResult(key, accumulator);
  } else {
    return function.GetResult(accumulator);
  }
}
template <class F, class K>
using AggregateResultOf = std::remove_cvref_t<decltype(AggregateResult(
    std::declval<F&>(), std::declval<const K&>(), std::declval<const AccumulatorOf<F>&>()))>;

}  // namespace weir::internal
