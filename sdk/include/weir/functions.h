// What the API accepts as a user function: a lambda, or an object of a class with operator() that
// may also be "rich":
//
//   struct Enrich {
//     weir::Status Open(weir::RuntimeContext& context);   // or void; may block; once per attempt
//     Out operator()(const In& record);
//     weir::Status Close();                               // or void; bounded time
//   };
//
// Functions are kept as pristine prototypes and copied for each subtask's attempt, so they must be
// copyable; each copy is called by one thread at a time and may have state of its own. They are
// held by their own type: the call inlines into the operator's loop.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/collector.h>
#include <weir/internal/aggregation_calls.h>
#include <weir/internal/function_traits.h>
#include <weir/process_context.h>

namespace weir {

// U f(const T&); also U f(T), U f(T&), U f(T&&).
template <class F, class T>
concept MapFunction =
    internal::CallableOnRecord<F, T> && !std::is_void_v<internal::RecordResult<F, T>>;
// void f(T&): changes the record in place.
template <class F, class T>
concept UpdateFunction = std::invocable<F&, T&> && std::is_void_v<std::invoke_result_t<F&, T&>>;
// void f(const T&, U&): writes every field of a recycled U.
template <class F, class T, class U>
concept MapIntoFunction = std::invocable<F&, const T&, U&>;
// bool f(const T&)
template <class F, class T>
concept FilterFunction = std::predicate<F&, const T&>;
// void f(const T&, Collector<U>&); also with T& or T&&.
template <class F, class T, class U>
concept FlatMapFunction = !std::is_void_v<U> && internal::CallableOnRecord<F, T, Collector<U>&>;
// void f(const T&, ProcessContext&, Collector<U>&), as operator() or as ProcessElement.
template <class F, class T, class U>
concept ProcessFunction =
    !std::is_void_v<U> &&
    internal::CallableOnRecord<internal::ProcessCall<F>, T, ProcessContext&, Collector<U>&>;
// void f(T& reduced, const T&), or T f(const T& reduced, const T&)
template <class F, class T>
concept ReduceFunction = std::invocable<F&, T&, const T&> &&
                         (std::is_void_v<std::invoke_result_t<F&, T&, const T&>> ||
                          std::is_convertible_v<std::invoke_result_t<F&, T&, const T&>, T>);
// A CreateAccumulator(), void Add(const T&, A&), and U GetResult(const A&) or
// U GetResult(const K&, const A&). To merge sessions and panes also void Merge(A&, const A&).
// Flink's A Add(const T&, const A&) is accepted too.
template <class F, class T, class K>
concept AggregateFunction = requires(F& f, const T& record, const K& key) {
  internal::AddTo(f, record, std::declval<internal::AccumulatorOf<F>&>());
  requires !std::is_void_v<internal::AggregateResultOf<F, K>>;
};
// void f(const T&, KeyedProcessContext<K>&, Collector<U>&), as operator() or as ProcessElement.
// What it keeps between records it says in `auto States() { return std::tie(a, b); }`
// (weir/state.h). With timers it has OnTimer, too (weir/timer_service.h).
template <class F, class T, class K, class U>
concept KeyedProcessFunction =
    !std::is_void_v<U> &&
    internal::CallableOnRecord<internal::ProcessCall<F>, T, KeyedProcessContext<K>&, Collector<U>&>;
// void OnTimer(std::int64_t timestamp_ms, OnTimerContext<K>&, Collector<U>&)
template <class F, class K, class U>
concept HasOnTimer = requires(F& f, OnTimerContext<K>& context, Collector<U>& out) {
  f.OnTimer(std::int64_t{}, context, out);
};
namespace internal {
template <class F>
concept NamesOnTimer = requires { &F::OnTimer; };
}  // namespace internal
// K f(const T&) const, called from several threads: no state of its own.
template <class F, class T>
concept KeySelectorFunction =
    std::invocable<const F&, const T&> && !std::is_void_v<std::invoke_result_t<const F&, const T&>>;

}  // namespace weir
