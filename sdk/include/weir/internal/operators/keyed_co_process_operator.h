// Process on two streams of the same key: both calls and OnTimer see the key's state and timers.
#pragma once

#include <algorithm>
#include <cstdint>

#include <weir/collector.h>
#include <weir/functions.h>
#include <weir/internal/operators/keyed_process_operator.h>
#include <weir/internal/operators/timed_two_input_operator.h>
#include <weir/internal/record_errors.h>
#include <weir/state.h>

namespace weir::internal {

template <class A, class B, class U, class F, class FirstSelector, class SecondSelector>
class KeyedCoProcessOperator final
    : public TimedTwoInputOperator<A, B, U, F, FirstSelector, SecondSelector, NoNamespace> {
 public:
  using Base = TimedTwoInputOperator<A, B, U, F, FirstSelector, SecondSelector, NoNamespace>;
  using Key = typename Base::Key;
  static constexpr bool kHasSideOutputs = true;
  static constexpr bool kHandlesErrors = true;

  KeyedCoProcessOperator(const OperatorContext& context, const typename Base::Prototype& prototype,
                         Input<U>& output)
      : Base(context, prototype, output),
        collector_(context, output),
        process_context_(context),
        timer_calls_(context) {
    BindStates<Key>(this->function_, this->backend());
    if constexpr (kTimed) {
      process_context_.SetTimers(&this->timers());
      timer_calls_.SetTimers(&this->timers());
    }
  }

 private:
  static constexpr bool kTimed = HasOnTimer<F, Key, U>;
  static constexpr std::uint32_t kPrefetchedRecords = 128;

  void Process1(Batch<A>& in) override { Process<0>(in); }
  void Process2(Batch<B>& in) override { Process<1>(in); }
  bool FireDue([[maybe_unused]] std::uint32_t& count) override {
    if constexpr (kTimed) {
      return timer_calls_.Fire(this->timers(), this->function_, collector_, count);
    } else {
      return true;
    }
  }

  template <std::uint32_t kNumber, class T>
  void Process(Batch<T>& in) {
    this->context_.Enter();
    process_context_.SetWatermark(this->current_watermark_ms());
    CleanUpStates<Key>(this->function_, process_context_.processing_time_ms(), in.size());
    WithKeyHashes<Key>(this->context_, this->backend(), this->template selector<kNumber>(), in,
                       [&](auto&& hash_of) {
                         for (std::uint32_t from = 0; from < in.size();
                              from += kPrefetchedRecords) {
                           const auto count = std::min(in.size() - from, kPrefetchedRecords);
                           ProcessSome<kNumber>(in, hash_of, from, count);
                         }
                       });
    collector_.Finish();
  }
  template <std::uint32_t kNumber, class T, class HashOf>
  void ProcessSome(Batch<T>& in, HashOf& hash_of, std::uint32_t from, std::uint32_t count) {
    std::uint64_t hashes[kPrefetchedRecords];
    for (std::uint32_t i = 0; i < count; ++i) hashes[i] = hash_of(from + i);
    for (const auto& [name, table] : this->backend().tables()) table->PrefetchBlock(hashes, count);
    ForEachRecord(
        this->context_, in, from, from + count,
        [&](std::uint32_t i) { ProcessOne<kNumber, T>(in[i], in.timestamp(i), hashes[i - from]); },
        [](std::uint32_t) {});
  }
  template <std::uint32_t kNumber, class T>
  void ProcessOne(const T& record, std::int64_t timestamp_ms, std::uint64_t hash) {
    collector_.SetTimestamp(timestamp_ms);
    process_context_.SetTimestamp(timestamp_ms);
    const Key& key = this->template selector<kNumber>()(record);
    process_context_.SetKey(key, hash);
    if constexpr (kNumber == 0) {
      this->function_.ProcessElement1(record, process_context_, collector_);
    } else {
      this->function_.ProcessElement2(record, process_context_, collector_);
    }
  }

  Collector<U> collector_;
  KeyedProcessContext<Key> process_context_;
  TimerCalls<Key, U> timer_calls_;
};

}  // namespace weir::internal
