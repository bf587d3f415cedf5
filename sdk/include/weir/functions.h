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
#include <weir/internal/side_outputs.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

namespace weir {

// What a Process function may ask while it handles a record.
class ProcessContext {
 public:
  explicit ProcessContext(const internal::OperatorContext& context)
      : chain_(*context.chain), failure_(context.failure), sides_(context.side_outputs) {}

  bool has_timestamp() const { return timestamp_ms_ != internal::kNoTimestamp; }
  // Event time of the record in milliseconds, or internal::kNoTimestamp.
  std::int64_t timestamp_ms() const { return timestamp_ms_; }
  // The latest watermark that arrived here.
  std::int64_t current_watermark_ms() const { return watermark_ms_; }
  // Milliseconds since the epoch; the same for all records of a step.
  std::int64_t processing_time_ms() const { return chain_.processing_time_ms(); }
  RuntimeContext& runtime() const { return chain_.runtime(); }

  // A record for a side output (weir/side_output.h), with the timestamp of the one that is being
  // processed.
  template <class S, class V>
  void Output(const OutputTag<S>& tag, V&& value) {
    if (sides_ == nullptr) return;  // nobody gets any
    Status emitted = sides_->Emit(tag, S(std::forward<V>(value)), timestamp_ms_);
    if (!emitted.ok()) failure_->Report(std::move(emitted));
  }

  // For the operator.
  void SetTimestamp(std::int64_t timestamp_ms) { timestamp_ms_ = timestamp_ms; }
  void SetWatermark(std::int64_t watermark_ms) { watermark_ms_ = watermark_ms; }

 private:
  internal::ChainContext& chain_;
  internal::ChainFailure* failure_;
  internal::SideOutputs* sides_;
  std::int64_t timestamp_ms_ = internal::kNoTimestamp;
  std::int64_t watermark_ms_ = internal::Watermark().timestamp_ms;
};

// What a Process function on a keyed stream may ask. Given to each call, and to the states that the
// call uses: there is no "current key" elsewhere. Timers will be here.
template <class K>
class KeyedProcessContext : public ProcessContext {
 public:
  using Key = K;
  using ProcessContext::ProcessContext;

  // Of the record; valid during the call.
  const K& key() const { return *key_; }
  // weir/stable_hash.h
  std::uint64_t key_hash() const { return key_hash_; }

  // For the operator.
  void SetKey(const K& key, std::uint64_t key_hash) {
    key_ = &key;
    key_hash_ = key_hash;
  }

 private:
  const K* key_ = nullptr;
  std::uint64_t key_hash_ = 0;
};

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
// (weir/state.h).
template <class F, class T, class K, class U>
concept KeyedProcessFunction =
    !std::is_void_v<U> &&
    internal::CallableOnRecord<internal::ProcessCall<F>, T, KeyedProcessContext<K>&, Collector<U>&>;
// K f(const T&) const, called from several threads: no state of its own.
template <class F, class T>
concept KeySelectorFunction =
    std::invocable<const F&, const T&> && !std::is_void_v<std::invoke_result_t<const F&, const T&>>;

}  // namespace weir
