// Who may read the entries of a segment for a snapshot: one party at a time.
//
//   unclaimed --TryBegin/Hold--> held --Finish--> done            (for the snapshot numbered
//   `epoch`)
//                     ^           |
//                     +-- free <--+ Release
//
// A segment is unclaimed for every epoch above the last one that it was done for, so starting a
// snapshot costs one increment. The two parties are the task, before it first writes to an entry or
// a segment after the barrier, and a saver thread, which lets go every few entries.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir::internal {

class SegmentClaim {
 public:
  // True: the caller has the segment until Release() or Finish(). False: somebody else has, or it
  // is done. Epochs start at 1 and grow.
  bool TryBegin(std::uint32_t epoch) {
    std::uint32_t seen = state_.load(std::memory_order_acquire);
    while (seen < Held(epoch)) {
      if (state_.compare_exchange_weak(seen, Held(epoch), std::memory_order_acquire)) return true;
    }
    return false;
  }
  // As TryBegin(), but waits while somebody else has it: as long as copying some 16 KiB, or an
  // entry that is larger, takes. False: it is done.
  bool Hold(std::uint32_t epoch) {
    while (!TryBegin(epoch)) {
      if (IsDone(epoch)) return false;
      state_.wait(Held(epoch), std::memory_order_acquire);
    }
    return true;
  }
  // There is more to copy, by whoever holds it next.
  void Release(std::uint32_t epoch) { Leave(Free(epoch)); }
  void Finish(std::uint32_t epoch) { Leave(Done(epoch)); }
  bool IsDone(std::uint32_t epoch) const {
    return state_.load(std::memory_order_acquire) >= Done(epoch);
  }

 private:
  static std::uint32_t Free(std::uint32_t epoch) { return 3 * epoch; }
  static std::uint32_t Held(std::uint32_t epoch) { return 3 * epoch + 1; }
  static std::uint32_t Done(std::uint32_t epoch) { return 3 * epoch + 2; }
  void Leave(std::uint32_t state) {
    state_.store(state, std::memory_order_release);
    state_.notify_all();
  }

  std::atomic<std::uint32_t> state_{0};
};

// Lets go of a claim that was got, whatever is thrown meanwhile.
class ClaimHolder {
 public:
  ClaimHolder(SegmentClaim& claim, std::uint32_t epoch, bool finishes)
      : claim_(claim), epoch_(epoch), finishes_(finishes) {}
  ClaimHolder(const ClaimHolder&) = delete;
  ClaimHolder& operator=(const ClaimHolder&) = delete;
  ~ClaimHolder() { finishes_ ? claim_.Finish(epoch_) : claim_.Release(epoch_); }
  // Nothing is left to copy.
  void Finish() { finishes_ = true; }

 private:
  SegmentClaim& claim_;
  const std::uint32_t epoch_;
  bool finishes_;
};

}  // namespace weir::internal
