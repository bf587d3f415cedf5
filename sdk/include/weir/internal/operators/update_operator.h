// Update: changes the records where they are; the same block goes on.
#pragma once

#include <cstdint>
#include <vector>

#include <weir/internal/operators/one_input_operator.h>
#include <weir/internal/record_errors.h>

namespace weir::internal {

template <class T, class F>
class UpdateOperator final : public OneInputOperator<T, T, F> {
 public:
  using OneInputOperator<T, T, F>::OneInputOperator;
  static constexpr bool kHandlesErrors = true;

  void Push(Batch<T>& in) override {
    this->context_.Enter();
    ForEachRecord(
        this->context_, in, 0, in.size(), [&](std::uint32_t i) { this->function_(in[i]); },
        [this](std::uint32_t i) { rejected_.push_back(i); });
    if (!rejected_.empty()) {
      RemoveRecords(in, rejected_);
      rejected_.clear();
      if (in.empty()) return;
    }
    this->output_.Push(in);
  }

 private:
  std::vector<std::uint32_t> rejected_;  // of the block under way
};

}  // namespace weir::internal
