// Map and MapInto: one record in, one out, into the slots of the operator's own block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <weir/internal/operators/one_input_operator.h>
#include <weir/internal/record_errors.h>

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
      const std::uint32_t count = std::min(size - i, block_.capacity());
      context.Enter();
      block_.Claim(count);
      std::copy_n(in.timestamps() + i, count, block_.timestamps());
      U* const slots = block_.records();
      T* const records = in.records() + i;
      ForEachRecord(
          context, in, i, i + count,
          [&](std::uint32_t at) { assign(slots[at - i], records[at - i]); },
          [&](std::uint32_t at) { rejected_.push_back(at - i); });
      i += count;
      if (!rejected_.empty()) {
        RemoveRecords(block_, rejected_);
        rejected_.clear();
      }
      if (!block_.empty()) output.Push(block_);
      block_.Clear();
    }
  }

 private:
  Batch<U> block_{BlockCapacity<U>()};
  std::vector<std::uint32_t> rejected_;  // of block_, while it is filled
};

template <class T, class U, class F>
class MapOperator final : public OneInputOperator<T, U, F> {
 public:
  static constexpr bool kHandlesErrors = true;
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
  static constexpr bool kHandlesErrors = true;
  using OneInputOperator<T, U, F>::OneInputOperator;
  void Push(Batch<T>& in) override {
    mapped_.Run(this->context_, in, this->output_,
                [this](U& slot, const T& record) { this->function_(record, slot); });
  }

 private:
  MappedBlock<T, U> mapped_;
};

}  // namespace weir::internal
