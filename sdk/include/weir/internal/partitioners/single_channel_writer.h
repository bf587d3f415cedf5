// Forward, global, and every other partitioning that has one channel to choose from.
#pragma once

#include <cstdint>

#include <weir/internal/record_writer.h>

namespace weir::internal {

// All records go to the first channel; the others, if any (global), get control elements only.
template <class T>
class SingleChannelWriter final : public RecordWriter<T> {
 public:
  using RecordWriter<T>::RecordWriter;
  void Push(Batch<T>& block) override { this->AppendBlock(this->channel(0), block); }
};

}  // namespace weir::internal
