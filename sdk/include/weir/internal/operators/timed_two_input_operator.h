// What operators on two keyed streams share: keyed state, timers, the watermark of both inputs.
// Always the head of a chain. The counterpart of TimedKeyedOperator, whose rules are the same: a
// derived class handles blocks in Process1() and Process2(), and timers in FireDue().
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <weir/internal/operators/function_operator.h>
#include <weir/internal/operators/keyed_operator.h>
#include <weir/internal/operators/two_input_operator.h>
#include <weir/internal/state/keyed_state_backend.h>
#include <weir/internal/timers/keyed_timers.h>
#include <weir/internal/timers/timer_gate.h>

namespace weir::internal {

// A user function with the selectors of the streams it is for.
template <class F, class FirstSelector, class SecondSelector>
struct KeyedCoPrototype {
  static constexpr bool kWrapsFunction = true;
  F function;
  FirstSelector first_selector;
  SecondSelector second_selector;
};

template <class A, class B, class U, class F, class FirstSelector, class SecondSelector, class N>
class TimedTwoInputOperator : public FunctionOperator<F> {
 public:
  using Key = std::remove_cvref_t<std::invoke_result_t<const FirstSelector&, const A&>>;
  using Prototype = KeyedCoPrototype<F, FirstSelector, SecondSelector>;

  TimedTwoInputOperator(const OperatorContext& context, const Prototype& prototype,
                        Input<U>& output)
      : FunctionOperator<F>(context, prototype.function),
        output_(output),
        first_selector_(prototype.first_selector),
        second_selector_(prototype.second_selector),
        backend_(context.chain->runtime().task(),
                 context.chain->keyed_stores(context.operator_index)),
        timers_(context, backend_),
        gate_(context) {}

  KeyedStateBackend& keyed_state() { return backend_; }
  KeyedStateBackend* keyed_state_backend() final { return &backend_; }

  Status Open() override {
    timers_.Open();
    return FunctionOperator<F>::Open();
  }
  AnyInput* input(std::uint32_t number) override {
    if (number == 0) return &first_;
    return &second_;
  }
  void EndInput(std::uint32_t number) override {
    WaitOrCall([this, number] { Publish(watermark_.End(number)); });
  }
  Status OnProcessingTime(std::int64_t now_ms) override {
    timers_.AdvanceProcessingTime(now_ms);
    gate_.Close();
    Pass();
    return Status::Ok();
  }
  Status FireTimers() override {
    Pass();
    return Status::Ok();
  }
  Result<bool> Finish() override {
    timers_.Finish();
    return true;
  }

  // For the inputs.
  template <std::uint32_t kNumber, class T>
  void PushNumbered(Batch<T>& in) {
    // A chain takes no input while timers are due, and nothing in a step is in front of its head.
    while (gate_.closed()) Pass();
    if constexpr (kNumber == 0) {
      Process1(in);
    } else {
      Process2(in);
    }
  }
  void InputWatermark(std::uint32_t number, Watermark watermark) {
    WaitOrCall([this, number, watermark] { Publish(watermark_.Update(number, watermark)); });
  }
  void InputStatus(std::uint32_t number, WatermarkStatus status) {
    WaitOrCall([this, number, status] { Publish(watermark_.SetIdle(number, status.idle)); });
  }

 protected:
  virtual void Process1(Batch<A>& in) = 0;
  virtual void Process2(Batch<B>& in) = 0;
  virtual bool FireDue(std::uint32_t& count) = 0;

  KeyedStateBackend& backend() { return backend_; }
  KeyedTimers<Key, N>& timers() { return timers_; }
  std::int64_t current_watermark_ms() const { return timers_.current_watermark_ms(); }
  // The selector of the input number.
  template <std::uint32_t kNumber>
  const auto& selector() const {
    if constexpr (kNumber == 0) {
      return first_selector_;
    } else {
      return second_selector_;
    }
  }

  Input<U>& output_;

 private:
  void Pass() {
    gate_.Pass([this](std::uint32_t& count) { return FireDue(count); });
  }
  template <class Element>
  void WaitOrCall(Element element) {
    if (!gate_.closed()) {
      element();
      Pass();
    } else if (gate_.Wait(element)) {
      while (gate_.closed()) Pass();
    }
  }
  // Active before the watermark, idle behind it.
  void Publish(bool advanced) {
    const bool idle = watermark_.idle();
    const bool was_idle = std::exchange(idle_, idle);
    if (was_idle && !idle) output_.OnWatermarkStatus({false});
    const bool becomes_idle = !was_idle && idle;
    if (!advanced) {
      if (becomes_idle) output_.OnWatermarkStatus({true});
      return;
    }
    const Watermark watermark = watermark_.minimum();
    timers_.AdvanceWatermark(watermark.timestamp_ms);
    gate_.Close([this, watermark, becomes_idle] {
      output_.OnWatermark(watermark);
      if (becomes_idle) output_.OnWatermarkStatus({true});
    });
  }

  const FirstSelector first_selector_;
  const SecondSelector second_selector_;
  KeyedStateBackend backend_;
  KeyedTimers<Key, N> timers_;
  TimerGate gate_;
  CombinedWatermark watermark_;
  bool idle_ = false;
  NumberedInput<A, TimedTwoInputOperator, 0> first_{*this};
  NumberedInput<B, TimedTwoInputOperator, 1> second_{*this};
};

}  // namespace weir::internal
