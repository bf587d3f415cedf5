// Inside a chain: what a block is pushed into.
//
// Thread rules: the task's thread. One virtual call per block. The callee may change the records of
// the block, move them out and truncate it; the caller clears it afterwards.
#pragma once

#include <algorithm>
#include <cstdint>

#include <weir/internal/batch.h>
#include <weir/internal/control_element.h>

namespace weir::internal {

// The untyped half: watermarks pass through, and a batch of a channel comes in.
class AnyInput {
 public:
  AnyInput() = default;
  AnyInput(const AnyInput&) = delete;
  AnyInput& operator=(const AnyInput&) = delete;
  virtual ~AnyInput() = default;

  // A batch of the input's own type, up to a channel's capacity: pushed in blocks. The batch keeps
  // its size; what is in its slots afterwards is unspecified.
  virtual void PushBatch(AnyBatch& batch) = 0;
  virtual void OnWatermark(Watermark watermark) = 0;
  virtual void OnWatermarkStatus(WatermarkStatus status) = 0;
};

template <class T>
class Input : public AnyInput {
 public:
  // A block: not empty, at most BlockCapacity<T>() records.
  virtual void Push(Batch<T>& block) = 0;

  void PushBatch(AnyBatch& any) final {
    auto& batch = static_cast<Batch<T>&>(any);
    const WindowEnd end{batch, batch.size()};
    for (std::uint32_t from = 0; from < end.size; from += BlockCapacity<T>()) {
      batch.SetWindow(from, std::min(end.size - from, BlockCapacity<T>()));
      Push(batch);
    }
  }

 private:
  // Also when a user function throws: the batch goes back to its sender.
  struct WindowEnd {
    Batch<T>& batch;
    const std::uint32_t size;
    ~WindowEnd() { batch.SetWindow(0, size); }
  };
};

}  // namespace weir::internal
