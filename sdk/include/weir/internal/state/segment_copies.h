// Copies of segments on their way from the task, which made them before its first write after a
// barrier, to the thread that saves them; and the recycled memory for more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace weir::internal {

// The content of a segment: its slots as they were in memory, or its entries serialized.
struct SegmentCopy {
  struct Part {
    std::uint32_t key_group = 0;
    std::uint32_t entries = 0;
    std::size_t bytes = 0;
  };
  std::vector<std::byte> slots;
  std::uint32_t slot_count = 0;
  std::uint32_t depth = 0;
  std::uint64_t first_tag = 0;
  std::vector<std::byte> bytes;
  std::vector<Part> parts;  // of `bytes`, in order
};

// Any thread. Locked once for a segment, only while a snapshot runs.
class SegmentCopies {
 public:
  // A recycled copy or a new one; its content is unspecified.
  std::unique_ptr<SegmentCopy> TakeRecycled() {
    {
      const std::lock_guard lock(mutex_);
      if (!recycled_.empty()) return Pop(recycled_);
    }
    return std::make_unique<SegmentCopy>();
  }
  void Recycle(std::unique_ptr<SegmentCopy> copy) {
    const std::lock_guard lock(mutex_);
    recycled_.push_back(std::move(copy));
  }

  void Enqueue(std::unique_ptr<SegmentCopy> copy) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(copy));
  }
  // Null: none waits.
  std::unique_ptr<SegmentCopy> Dequeue() {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() ? nullptr : Pop(waiting_);
  }

  // A snapshot is over: what still waits is not wanted, and of the recycled memory a part is kept.
  void Trim(std::size_t kept) {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    if (recycled_.size() > kept) recycled_.resize(kept);
  }

 private:
  using List = std::vector<std::unique_ptr<SegmentCopy>>;
  static std::unique_ptr<SegmentCopy> Pop(List& list) {
    std::unique_ptr<SegmentCopy> last = std::move(list.back());
    list.pop_back();
    return last;
  }

  std::mutex mutex_;
  List waiting_;
  List recycled_;
};

}  // namespace weir::internal
