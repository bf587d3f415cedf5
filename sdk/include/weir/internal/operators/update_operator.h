// Update: changes the records where they are; the same block goes on.
#pragma once

#include <cstdint>

#include <weir/internal/operators/one_input_operator.h>

namespace weir::internal {

template <class T, class F>
class UpdateOperator final : public OneInputOperator<T, T, F> {
 public:
  using OneInputOperator<T, T, F>::OneInputOperator;
  void Push(Batch<T>& in) override {
    this->context_.Enter();
    const std::uint32_t size = in.size();
    for (std::uint32_t i = 0; i < size; ++i) this->function_(in[i]);
    this->output_.Push(in);
  }
};

}  // namespace weir::internal
