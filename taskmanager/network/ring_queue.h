// RingQueue: a first-in, first-out queue that keeps its memory. std::deque allocates and frees a
// block every few elements; here a queue of steady length never allocates.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace weir::network {

// T is default constructible and movable; a popped slot holds a moved-from T.
template <class T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // Not on an empty queue.
  T& front() { return slots_[first_]; }
  T& back() { return slots_[(first_ + size_ - 1) & (slots_.size() - 1)]; }

  void PushBack(T value) {
    if (size_ == slots_.size()) Grow();
    slots_[(first_ + size_) & (slots_.size() - 1)] = std::move(value);
    ++size_;
  }

  // Not on an empty queue.
  T PopFront() {
    T value = std::move(slots_[first_]);
    first_ = (first_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }

 private:
  // The number of slots is a power of two.
  void Grow() {
    std::vector<T> larger(slots_.empty() ? 4 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) {
      larger[i] = std::move(slots_[(first_ + i) & (slots_.size() - 1)]);
    }
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> slots_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weir::network
