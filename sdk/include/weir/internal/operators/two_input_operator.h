// Operators with two inputs (Connect): always the head of a chain. The watermark is the minimum of
// both inputs; an input that is idle or has ended does not hold it back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include <weir/collector.h>
#include <weir/internal/input.h>
#include <weir/internal/operators/function_operator.h>
#include <weir/internal/record_errors.h>
#include <weir/process_context.h>

namespace weir::internal {

// The minimum over two inputs, as Flink's CombinedWatermarkStatus. An input that has ended or had
// the maximum watermark counts no more; where the other is idle, it alone decides when it is back.
// When all that is left is idle, what the last active one held back is released.
class CombinedWatermark {
 public:
  // Each returns true when minimum() has grown.
  bool Update(std::uint32_t input, Watermark watermark) {
    if (watermark.timestamp_ms == kMaximumWatermark) return End(input);
    inputs_[input].timestamp_ms = std::max(inputs_[input].timestamp_ms, watermark.timestamp_ms);
    return Advance();
  }
  bool SetIdle(std::uint32_t input, bool idle) {
    inputs_[input].idle = idle;
    return Advance();
  }
  bool End(std::uint32_t input) {
    inputs_[input].ended = true;
    return Advance();
  }
  Watermark minimum() const { return minimum_; }
  // All inputs are idle or ended, and at least one is idle.
  bool idle() const {
    const auto resting = [](const State& input) { return input.idle && !input.ended; };
    const auto active = [](const State& input) { return !input.idle && !input.ended; };
    return !active(inputs_[0]) && !active(inputs_[1]) &&
           (resting(inputs_[0]) || resting(inputs_[1]));
  }

 private:
  struct State {
    std::int64_t timestamp_ms = Watermark().timestamp_ms;
    bool idle = false;
    bool ended = false;
  };
  bool Advance() {
    std::int64_t lowest_active = kMaximumWatermark;  // which is right if all have ended
    std::int64_t highest_idle = Watermark().timestamp_ms;
    for (const State& input : inputs_) {
      if (input.ended) continue;
      if (input.idle) {
        highest_idle = std::max(highest_idle, input.timestamp_ms);
      } else {
        lowest_active = std::min(lowest_active, input.timestamp_ms);
      }
    }
    const std::int64_t combined = idle() ? highest_idle : lowest_active;
    if (combined <= minimum_.timestamp_ms) return false;
    minimum_.timestamp_ms = combined;
    return true;
  }

  State inputs_[2];
  Watermark minimum_;
};

// One of the two inputs, handing over to the operator.
template <class T, class Owner, std::uint32_t kNumber>
class NumberedInput final : public Input<T> {
 public:
  explicit NumberedInput(Owner& owner) : owner_(owner) {}
  void Push(Batch<T>& block) override { owner_.template PushNumbered<kNumber>(block); }
  void OnWatermark(Watermark watermark) override { owner_.InputWatermark(kNumber, watermark); }
  void OnWatermarkStatus(WatermarkStatus status) override { owner_.InputStatus(kNumber, status); }

 private:
  Owner& owner_;
};

// How CoOperator calls a function. F has Map1(const A&) and Map2(const B&), both giving U.
struct CoMapCalls {
  static constexpr bool kHasSideOutputs = false;
  explicit CoMapCalls(const OperatorContext&) {}
  void SetWatermark(Watermark) {}
  template <std::uint32_t kNumber, class F, class T, class U>
  void Call(F& function, T& record, std::int64_t, Collector<U>& out) {
    if constexpr (kNumber == 0) {
      out.Next() = function.Map1(record);
    } else {
      out.Next() = function.Map2(record);
    }
  }
};
// F has FlatMap1(const A&, Collector<U>&) and FlatMap2(const B&, Collector<U>&).
struct CoFlatMapCalls {
  static constexpr bool kHasSideOutputs = false;
  explicit CoFlatMapCalls(const OperatorContext&) {}
  void SetWatermark(Watermark) {}
  template <std::uint32_t kNumber, class F, class T, class U>
  void Call(F& function, T& record, std::int64_t, Collector<U>& out) {
    if constexpr (kNumber == 0) {
      function.FlatMap1(record, out);
    } else {
      function.FlatMap2(record, out);
    }
  }
};

// F has ProcessElement1(const A&, ProcessContext&, Collector<U>&), and ProcessElement2 with B.
class CoProcessCalls {
 public:
  static constexpr bool kHasSideOutputs = true;
  explicit CoProcessCalls(const OperatorContext& context) : process_context_(context) {}
  void SetWatermark(Watermark watermark) { process_context_.SetWatermark(watermark.timestamp_ms); }
  template <std::uint32_t kNumber, class F, class T, class U>
  void Call(F& function, T& record, std::int64_t timestamp_ms, Collector<U>& out) {
    process_context_.SetTimestamp(timestamp_ms);
    if constexpr (kNumber == 0) {
      function.ProcessElement1(record, process_context_, out);
    } else {
      function.ProcessElement2(record, process_context_, out);
    }
  }

 private:
  ProcessContext process_context_;
};

template <class A, class B, class U, class F, class Calls>
class CoOperator final : public FunctionOperator<F> {
 public:
  static constexpr bool kHasSideOutputs = Calls::kHasSideOutputs;
  static constexpr bool kHandlesErrors = true;

  CoOperator(const OperatorContext& context, const F& prototype, Input<U>& output)
      : FunctionOperator<F>(context, prototype),
        output_(output),
        collector_(context, output),
        calls_(context) {}

  AnyInput* input(std::uint32_t number) override {
    if (number == 0) return &first_;
    return &second_;
  }
  void EndInput(std::uint32_t number) override { Publish(watermark_.End(number)); }

  template <std::uint32_t kNumber, class T>
  void PushNumbered(Batch<T>& in) {
    this->context_.Enter();
    const auto call = [&](std::uint32_t i) {
      collector_.SetTimestamp(in.timestamp(i));
      calls_.template Call<kNumber>(this->function_, in[i], in.timestamp(i), collector_);
    };
    ForEachRecord(this->context_, in, 0, in.size(), call, [](std::uint32_t) {});
    collector_.Finish();
  }
  void InputWatermark(std::uint32_t number, Watermark watermark) {
    Publish(watermark_.Update(number, watermark));
  }
  void InputStatus(std::uint32_t number, WatermarkStatus status) {
    Publish(watermark_.SetIdle(number, status.idle));
  }

 private:
  // Active before the watermark, idle behind it.
  void Publish(bool advanced) {
    const bool idle = watermark_.idle();
    if (idle_ && !idle) output_.OnWatermarkStatus({false});
    if (advanced) {
      calls_.SetWatermark(watermark_.minimum());
      output_.OnWatermark(watermark_.minimum());
    }
    if (!idle_ && idle) output_.OnWatermarkStatus({true});
    idle_ = idle;
  }

  Input<U>& output_;
  Collector<U> collector_;
  Calls calls_;
  CombinedWatermark watermark_;
  bool idle_ = false;
  NumberedInput<A, CoOperator, 0> first_{*this};
  NumberedInput<B, CoOperator, 1> second_{*this};
};

}  // namespace weir::internal
