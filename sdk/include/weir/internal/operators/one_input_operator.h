// What operators with one input, one output and one user function share.
#pragma once

#include <cstdint>
#include <utility>

#include <weir/internal/checkpointed_function.h>
#include <weir/internal/function_traits.h>
#include <weir/internal/input.h>
#include <weir/internal/operator.h>

namespace weir::internal {

// Derived classes implement Push(). Watermarks and status pass through.
template <class T, class U, class F>
class OneInputOperator : public Operator, public Input<T> {
 public:
  OneInputOperator(const OperatorContext& context, const F& prototype, Input<U>& output)
      : context_(context), function_(prototype), output_(output) {}

  Status InitializeState(const OperatorStateSnapshot* restored) override {
    WEIR_RETURN_IF_ERROR(CheckAllRestored(restored, OperatorStateNamesOf(function_)));
    return InitializeFunctionState(function_, context_.chain->runtime(), restored);
  }
  Status SnapshotState(std::uint64_t checkpoint_id, OperatorStateSnapshot& out) override {
    return SnapshotFunctionState(function_, checkpoint_id, out);
  }
  Status OnCheckpointEnd(std::uint64_t checkpoint_id, bool complete) override {
    return NotifyFunction(function_, checkpoint_id, complete);
  }
  Status Open() override { return OpenFunction(function_, context_.chain->runtime()); }
  AnyInput* input(std::uint32_t) override { return this; }
  Status Close() override { return CloseFunction(function_); }

  void OnWatermark(Watermark watermark) override { output_.OnWatermark(watermark); }
  void OnWatermarkStatus(WatermarkStatus status) override { output_.OnWatermarkStatus(status); }

 protected:
  const OperatorContext context_;
  F function_;
  Input<U>& output_;
};

}  // namespace weir::internal
