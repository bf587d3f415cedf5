// Process on a keyed stream: any number of records out for one in, with the key's state and, where
// the function has OnTimer, its timers at hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/collector.h>
#include <weir/functions.h>
#include <weir/internal/operators/keyed_operator.h>
#include <weir/internal/operators/timed_keyed_operator.h>
#include <weir/internal/record_errors.h>
#include <weir/state.h>

namespace weir::internal {

// In place of TimedKeyedOperator, for functions that have no timers.
template <class T, class U, class F, class KeySelector>
class UntimedKeyedOperator : public KeyedOperator<T, U, F, KeySelector> {
 public:
  using Base = KeyedOperator<T, U, F, KeySelector>;
  using Base::Base;
  void Push(Batch<T>& in) final { Process(in); }
  void OnWatermark(Watermark watermark) final {
    watermark_ms_ = watermark.timestamp_ms;
    this->output_.OnWatermark(watermark);
  }

 protected:
  virtual void Process(Batch<T>& in) = 0;
  virtual bool FireDue(std::uint32_t& count) = 0;  // never called
  std::int64_t current_watermark_ms() const { return watermark_ms_; }

 private:
  std::int64_t watermark_ms_ = Watermark().timestamp_ms;
};

// What a function keeps, for StreamNode::state_names.
template <class K, class U, class F>
std::vector<std::string> KeyedStateNamesOf(F& function) {
  std::vector<std::string> names = StateNamesOf(function);
  if constexpr (HasOnTimer<F, K, U>) {
    names.emplace_back(KeyedTimers<K, NoNamespace>::kEventTimeTable);
    names.emplace_back(KeyedTimers<K, NoNamespace>::kProcessingTimeTable);
  }
  return names;
}

// Calls OnTimer of a function.
template <class K, class U>
class TimerCalls {
 public:
  explicit TimerCalls(const OperatorContext& context)
      : context_(context), timer_context_(context) {}
  void SetTimers(KeyedTimers<K, NoNamespace>* timers) { timer_context_.SetTimers(timers); }

  // Fires due timers, as KeyedTimers::Fire().
  template <class F>
  bool Fire(KeyedTimers<K, NoNamespace>& timers, F& function, Collector<U>& out,
            std::uint32_t& count) {
    context_.Enter();
    timer_context_.SetWatermark(timers.current_watermark_ms());
    const bool done = timers.Fire(count, [&](TimeDomain domain, const auto& timer) {
      timer_context_.SetKey(timer.key, timer.key_hash);
      timer_context_.SetTimestamp(timer.time_ms);
      timer_context_.SetTimeDomain(domain);
      out.SetTimestamp(domain == TimeDomain::kEventTime ? timer.time_ms : kNoTimestamp);
      function.OnTimer(timer.time_ms, timer_context_, out);
    });
    out.Finish();
    return done;
  }

 private:
  const OperatorContext context_;
  OnTimerContext<K> timer_context_;
};

template <class T, class U, class F, class KeySelector>
using ProcessBase =
    std::conditional_t<HasOnTimer<F, typename KeyedOperator<T, U, F, KeySelector>::Key, U>,
                       TimedKeyedOperator<T, U, F, KeySelector, NoNamespace>,
                       UntimedKeyedOperator<T, U, F, KeySelector>>;

template <class T, class U, class F, class KeySelector>
class KeyedProcessOperator final : public ProcessBase<T, U, F, KeySelector> {
 public:
  using Base = ProcessBase<T, U, F, KeySelector>;
  using Key = typename KeyedOperator<T, U, F, KeySelector>::Key;
  using Prototype = KeyedPrototype<F, KeySelector>;
  static constexpr bool kHasSideOutputs = true;
  static constexpr bool kHandlesErrors = true;

  KeyedProcessOperator(const OperatorContext& context, const Prototype& prototype, Input<U>& output)
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
  // Ahead of their use; a function may have several states.
  static constexpr std::uint32_t kPrefetchedRecords = 128;
  // A function that may change the record would change a key that is a part of it.
  static constexpr bool kReadsOnly =
      std::invocable<ProcessCall<F>&, const T&, KeyedProcessContext<Key>&, Collector<U>&>;

  void Process(Batch<T>& in) override {
    this->context_.Enter();
    process_context_.SetWatermark(this->current_watermark_ms());
    CleanUpStates<Key>(this->function_, process_context_.processing_time_ms(), in.size());
    this->WithHashes(in, [&](auto&& hash_of) {
      for (std::uint32_t from = 0; from < in.size(); from += kPrefetchedRecords) {
        ProcessSome(in, hash_of, from, std::min(in.size() - from, kPrefetchedRecords));
      }
    });
    collector_.Finish();
  }
  bool FireDue([[maybe_unused]] std::uint32_t& count) override {
    if constexpr (kTimed) {
      return timer_calls_.Fire(this->timers(), this->function_, collector_, count);
    } else {
      return true;
    }
  }

  template <class HashOf>
  void ProcessSome(Batch<T>& in, HashOf& hash_of, std::uint32_t from, std::uint32_t count) {
    std::uint64_t hashes[kPrefetchedRecords];
    for (std::uint32_t i = 0; i < count; ++i) hashes[i] = hash_of(from + i);
    for (const auto& [name, table] : this->backend().tables()) table->PrefetchBlock(hashes, count);
    ForEachRecord(
        this->context_, in, from, from + count,
        [&](std::uint32_t i) { ProcessOne(in[i], in.timestamp(i), hashes[i - from]); },
        [](std::uint32_t) {});
  }
  void ProcessOne(T& record, std::int64_t timestamp, std::uint64_t hash) {
    ProcessCall<F> call{this->function_};
    collector_.SetTimestamp(timestamp);
    process_context_.SetTimestamp(timestamp);
    if constexpr (kReadsOnly) {
      const Key& key = this->KeyOf(record);
      process_context_.SetKey(key, hash);
      call(std::as_const(record), process_context_, collector_);
    } else {
      key_ = this->KeyOf(record);
      process_context_.SetKey(key_, hash);
      CallOnRecord(call, record, process_context_, collector_);
    }
  }

  Collector<U> collector_;
  KeyedProcessContext<Key> process_context_;
  TimerCalls<Key, U> timer_calls_;
  Key key_{};  // its memory is used again
};

}  // namespace weir::internal
