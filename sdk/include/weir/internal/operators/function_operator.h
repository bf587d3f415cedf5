// What operators with a user function share: its life and its operator state.
#pragma once

#include <cstdint>

#include <weir/internal/checkpointed_function.h>
#include <weir/internal/function_traits.h>
#include <weir/internal/operator.h>

namespace weir::internal {

// Holds the attempt's own copy of the function.
template <class F>
class FunctionOperator : public Operator {
 public:
  FunctionOperator(const OperatorContext& context, const F& prototype)
      : context_(context), function_(prototype) {}

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
  Status Close() override { return CloseFunction(function_); }

 protected:
  const OperatorContext context_;
  F function_;
};

}  // namespace weir::internal
