// Process on a stream, keyed or not, with another one that is broadcast.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <weir/broadcast_function.h>
#include <weir/collector.h>
#include <weir/internal/operators/timed_two_input_operator.h>
#include <weir/internal/operators/two_input_operator.h>
#include <weir/internal/record_errors.h>
#include <weir/state.h>

namespace weir::internal {

// How CoOperator calls a BroadcastFunction.
class BroadcastCalls {
 public:
  static constexpr bool kHasSideOutputs = true;
  explicit BroadcastCalls(const OperatorContext& context) : reading_(context), writing_(context) {}
  void SetWatermark(Watermark watermark) {
    reading_.SetWatermark(watermark.timestamp_ms);
    writing_.SetWatermark(watermark.timestamp_ms);
  }
  template <std::uint32_t kNumber, class F, class T, class U>
  void Call(F& function, const T& record, std::int64_t timestamp_ms, Collector<U>& out) {
    if constexpr (kNumber == 0) {
      reading_.SetBroadcastStates(function.broadcast_states);
      reading_.SetTimestamp(timestamp_ms);
      function.function.ProcessElement(record, reading_, out);
    } else {
      writing_.SetBroadcastStates(function.broadcast_states);
      writing_.SetTimestamp(timestamp_ms);
      function.function.ProcessBroadcastElement(record, writing_, out);
    }
  }

 private:
  ReadOnlyBroadcastContext reading_;
  BroadcastContext writing_;
};

// A broadcast record is of no key: never called.
struct UnkeyedSelector {};

template <class A, class B, class U, class F, class KeySelector>
class KeyedBroadcastOperator final
    : public TimedTwoInputOperator<A, B, U, BroadcastFunction<F>, KeySelector, UnkeyedSelector,
                                   NoNamespace> {
 public:
  using Base = TimedTwoInputOperator<A, B, U, BroadcastFunction<F>, KeySelector, UnkeyedSelector,
                                     NoNamespace>;
  using Key = typename Base::Key;
  static constexpr bool kHasSideOutputs = true;
  static constexpr bool kHandlesErrors = true;
  static constexpr bool kTimed = HasBroadcastOnTimer<F, Key, U>;

  KeyedBroadcastOperator(const OperatorContext& context, const typename Base::Prototype& prototype,
                         Input<U>& output)
      : Base(context, prototype, output),
        collector_(context, output),
        reading_(context),
        writing_(context),
        timer_context_(context) {
    BindStates<Key>(function(), this->backend());
    reading_.SetBroadcastStates(this->function_.broadcast_states);
    writing_.SetBroadcastStates(this->function_.broadcast_states);
    writing_.SetKeyedState(this->backend(), reading_);
    timer_context_.SetBroadcastStates(this->function_.broadcast_states);
    if constexpr (kTimed) {
      reading_.SetTimers(&this->timers());
      timer_context_.SetTimers(&this->timers());
    }
  }

  // For StreamNode::state_names.
  static std::vector<std::string> KeyedStateNames(F& function) {
    std::vector<std::string> names = StateNamesOf(function);
    if constexpr (kTimed) {
      names.emplace_back(KeyedTimers<Key, NoNamespace>::kEventTimeTable);
      names.emplace_back(KeyedTimers<Key, NoNamespace>::kProcessingTimeTable);
    }
    return names;
  }

 private:
  F& function() { return this->function_.function; }

  void Process1(Batch<A>& in) override {
    this->context_.Enter();
    reading_.SetWatermark(this->current_watermark_ms());
    CleanUpStates<Key>(function(), reading_.processing_time_ms(), in.size());
    const auto& key_of = this->template selector<0>();
    WithKeyHashes<Key>(this->context_, this->backend(), key_of, in, [&](auto&& hash_of) {
      const auto process = [&](std::uint32_t i) {
        const A& record = in[i];
        const Key& key = key_of(record);
        collector_.SetTimestamp(in.timestamp(i));
        reading_.SetTimestamp(in.timestamp(i));
        reading_.SetKey(key, hash_of(i));
        function().ProcessElement(record, reading_, collector_);
      };
      ForEachRecord(this->context_, in, 0, in.size(), process, [](std::uint32_t) {});
    });
    collector_.Finish();
  }
  void Process2(Batch<B>& in) override {
    this->context_.Enter();
    writing_.SetWatermark(this->current_watermark_ms());
    const auto process = [&](std::uint32_t i) {
      collector_.SetTimestamp(in.timestamp(i));
      writing_.SetTimestamp(in.timestamp(i));
      const B& record = in[i];
      function().ProcessBroadcastElement(record, writing_, collector_);
    };
    ForEachRecord(this->context_, in, 0, in.size(), process, [](std::uint32_t) {});
    collector_.Finish();
  }
  bool FireDue([[maybe_unused]] std::uint32_t& count) override {
    if constexpr (kTimed) {
      this->context_.Enter();
      timer_context_.SetWatermark(this->current_watermark_ms());
      const bool done = this->timers().Fire(count, [&](TimeDomain domain, const auto& timer) {
        timer_context_.SetKey(timer.key, timer.key_hash);
        timer_context_.SetTimestamp(timer.time_ms);
        timer_context_.SetTimeDomain(domain);
        collector_.SetTimestamp(domain == TimeDomain::kEventTime ? timer.time_ms : kNoTimestamp);
        function().OnTimer(timer.time_ms, timer_context_, collector_);
      });
      collector_.Finish();
      return done;
    } else {
      return true;
    }
  }

  Collector<U> collector_;
  KeyedReadOnlyBroadcastContext<Key> reading_;
  KeyedBroadcastContext<Key> writing_;
  KeyedBroadcastOnTimerContext<Key> timer_context_;
};

}  // namespace weir::internal
