// Who copies a segment for a snapshot: whoever comes first, and the other one waits.
//
//   unclaimed --TryBegin--> being copied --Finish--> done        (for the snapshot numbered
//   `epoch`)
//
// A segment is unclaimed for every epoch above the last one that it was done for, so starting a
// snapshot costs one increment. The two parties are the task, before it first writes to a segment
// after the barrier, and a saver thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir::internal {

class SegmentClaim {
 public:
  // True: the caller copies the segment, or decides that there is nothing to copy, and calls
  // Finish(). False: somebody else does or did. Epochs start at 1 and grow.
  bool TryBegin(std::uint32_t epoch) {
    std::uint32_t seen = state_.load(std::memory_order_acquire);
    while (seen < Copying(epoch)) {
      if (state_.compare_exchange_weak(seen, Copying(epoch), std::memory_order_acquire)) {
        return true;
      }
    }
    return false;
  }
  void Finish(std::uint32_t epoch) {
    state_.store(Done(epoch), std::memory_order_release);
    state_.notify_all();
  }
  bool IsDone(std::uint32_t epoch) const {
    return state_.load(std::memory_order_acquire) >= Done(epoch);
  }
  // After TryBegin() said no: returns when the copy exists. As long as copying 32 KiB takes.
  void WaitUntilDone(std::uint32_t epoch) const {
    std::uint32_t seen = state_.load(std::memory_order_acquire);
    while (seen < Done(epoch)) {
      state_.wait(seen, std::memory_order_acquire);
      seen = state_.load(std::memory_order_acquire);
    }
  }

 private:
  static std::uint32_t Copying(std::uint32_t epoch) { return 2 * epoch; }
  static std::uint32_t Done(std::uint32_t epoch) { return 2 * epoch + 1; }

  std::atomic<std::uint32_t> state_{0};
};

}  // namespace weir::internal
