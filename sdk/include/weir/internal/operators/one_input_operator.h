// What operators with one input, one output and one user function share.
#pragma once

#include <cstdint>

#include <weir/internal/input.h>
#include <weir/internal/operators/function_operator.h>

namespace weir::internal {

// Derived classes implement Push(). Watermarks and status pass through.
template <class T, class U, class F>
class OneInputOperator : public FunctionOperator<F>, public Input<T> {
 public:
  OneInputOperator(const OperatorContext& context, const F& prototype, Input<U>& output)
      : FunctionOperator<F>(context, prototype), output_(output) {}

  AnyInput* input(std::uint32_t) override { return this; }

  void OnWatermark(Watermark watermark) override { output_.OnWatermark(watermark); }
  void OnWatermarkStatus(WatermarkStatus status) override { output_.OnWatermarkStatus(status); }

 protected:
  Input<U>& output_;
};

}  // namespace weir::internal
