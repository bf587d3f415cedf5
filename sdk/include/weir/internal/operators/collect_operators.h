// FlatMap and Process: any number of records out for one in, through a Collector.
#pragma once

#include <cstdint>

#include <weir/collector.h>
#include <weir/functions.h>
#include <weir/internal/operators/one_input_operator.h>
#include <weir/internal/record_errors.h>

namespace weir::internal {

template <class T, class U, class F>
class FlatMapOperator final : public OneInputOperator<T, U, F> {
 public:
  static constexpr bool kHandlesErrors = true;

  FlatMapOperator(const OperatorContext& context, const F& prototype, Input<U>& output)
      : OneInputOperator<T, U, F>(context, prototype, output), collector_(context, output) {}

  void Push(Batch<T>& in) override {
    this->context_.Enter();
    ForEachRecord(
        this->context_, in, 0, in.size(),
        [&](std::uint32_t i) {
          collector_.SetTimestamp(in.timestamp(i));
          CallOnRecord(this->function_, in[i], collector_);
        },
        [](std::uint32_t) {});
    collector_.Finish();
  }

 private:
  Collector<U> collector_;
};

template <class T, class U, class F>
class ProcessOperator final : public OneInputOperator<T, U, F> {
 public:
  static constexpr bool kHandlesErrors = true;
  static constexpr bool kHasSideOutputs = true;

  ProcessOperator(const OperatorContext& context, const F& prototype, Input<U>& output)
      : OneInputOperator<T, U, F>(context, prototype, output),
        collector_(context, output),
        process_context_(context) {}

  void Push(Batch<T>& in) override {
    this->context_.Enter();
    ProcessCall<F> call{this->function_};
    ForEachRecord(
        this->context_, in, 0, in.size(),
        [&](std::uint32_t i) {
          collector_.SetTimestamp(in.timestamp(i));
          process_context_.SetTimestamp(in.timestamp(i));
          CallOnRecord(call, in[i], process_context_, collector_);
        },
        [](std::uint32_t) {});
    collector_.Finish();
  }
  void OnWatermark(Watermark watermark) override {
    process_context_.SetWatermark(watermark.timestamp_ms);
    this->output_.OnWatermark(watermark);
  }

 private:
  Collector<U> collector_;
  ProcessContext process_context_;
};

}  // namespace weir::internal
