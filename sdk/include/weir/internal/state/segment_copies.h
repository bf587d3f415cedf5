// Copies of entries on their way from the task, which made them before its first write after a
// barrier, to the thread that saves them; and the recycled memory for more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <weir/internal/state/keyed_table.h>
#include <weir/status.h>

namespace weir::internal {

// The slots of a segment as they were in memory, or serialized entries of any segments.
struct SegmentCopy {
  // Entries of one key group, one behind the other.
  struct Part {
    std::uint32_t key_group = 0;
    std::uint32_t entries = 0;
    std::size_t bytes = 0;
  };
  std::unique_ptr<std::byte[]> slots;
  std::uint32_t slot_count = 0;
  std::uint64_t first_tag = 0;
  std::vector<std::byte> bytes;  // those from `used` on are room
  std::size_t used = 0;
  std::vector<Part> parts;  // of `bytes`, in order

  void Clear() {
    slot_count = 0;
    used = 0;
    parts.clear();
  }
};
using SegmentCopyList = std::vector<std::unique_ptr<SegmentCopy>>;

// Writes what was serialized, each key group once.
Status WriteByKeyGroup(const SegmentCopyList& copies, StateWriter& writer);

// Any thread. Locked once for a segment, or for 256 KiB of entries, only while a snapshot runs.
class SegmentCopies {
 public:
  // An empty copy.
  std::unique_ptr<SegmentCopy> Take() {
    std::unique_ptr<SegmentCopy> taken;
    {
      const std::lock_guard lock(mutex_);
      if (!recycled_.empty()) {
        taken = std::move(recycled_.back());
        recycled_.pop_back();
      }
    }
    if (!taken) return std::make_unique<SegmentCopy>();
    taken->Clear();
    return taken;
  }
  // Frees what there is enough of: savers call it, as the task may not pay for so much memory.
  void Recycle(SegmentCopyList copies) {
    const std::lock_guard lock(mutex_);
    while (!copies.empty() && recycled_.size() < kKept) {
      recycled_.push_back(std::move(copies.back()));
      copies.pop_back();
    }
  }

  void Enqueue(std::unique_ptr<SegmentCopy> copy) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(copy));
  }
  // All that wait, up to kTogether; none if fewer than `least` do.
  SegmentCopyList Dequeue(std::size_t least) {
    SegmentCopyList taken;
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < least) return taken;
    while (!waiting_.empty() && taken.size() < kTogether) {
      taken.push_back(std::move(waiting_.back()));
      waiting_.pop_back();
    }
    return taken;
  }

  // A snapshot is over: what still waits is not wanted.
  void Forget() {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }

  // Copies that are saved together, so that pieces of key groups are not too small: 4 MiB.
  static constexpr std::size_t kTogether = 16;

 private:
  static constexpr std::size_t kKept = 16;

  std::mutex mutex_;
  SegmentCopyList waiting_;
  SegmentCopyList recycled_;
};

}  // namespace weir::internal
