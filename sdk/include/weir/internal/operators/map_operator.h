// Map and MapInto: one record in, one out, into the slots of the operator's own block.
#pragma once

#include <algorithm>
#include <cstdint>

#include <weir/internal/operators/one_input_operator.h>

namespace weir::internal {

// A block that is filled from an input block, pushed, and used again. `assign(slot, record)` runs
// user code for each record.
template <class T, class U>
class MappedBlock {
 public:
  template <class Assign>
  void Run(const OperatorContext& context, Batch<T>& in, Input<U>& output, Assign&& assign) {
    const std::uint32_t size = in.size();
    for (std::uint32_t i = 0; i < size;) {
      const std::uint32_t end = std::min(size, i + block_.capacity());
      context.Enter();
      for (; i < end; ++i) assign(block_.Next(in.timestamp(i)), in[i]);
      output.Push(block_);
      block_.Clear();
    }
  }

 private:
  Batch<U> block_{BlockCapacity<U>()};
};

template <class T, class U, class F>
class MapOperator final : public OneInputOperator<T, U, F> {
 public:
  using OneInputOperator<T, U, F>::OneInputOperator;
  void Push(Batch<T>& in) override {
    mapped_.Run(this->context_, in, this->output_,
                [this](U& slot, T& record) { slot = CallOnRecord(this->function_, record); });
  }

 private:
  MappedBlock<T, U> mapped_;
};

template <class T, class U, class F>
class MapIntoOperator final : public OneInputOperator<T, U, F> {
 public:
  using OneInputOperator<T, U, F>::OneInputOperator;
  void Push(Batch<T>& in) override {
    mapped_.Run(this->context_, in, this->output_,
                [this](U& slot, const T& record) { this->function_(record, slot); });
  }

 private:
  MappedBlock<T, U> mapped_;
};

}  // namespace weir::internal
