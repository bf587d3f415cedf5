// Which keys have something in a window: what it takes to fire a window without timers. An index of
// a table of keyed state, made again from it when that is restored. The task's thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace weir::internal {

// Keys in no order. Grows by chunks, the first of which begins small, as most windows of most jobs
// have few keys.
template <class K>
class KeyList {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  void Add(const K& key) {
    if (size_ == capacity_) Grow();
    chunks_[size_ / kChunk][size_ % kChunk] = key;
    ++size_;
  }
  // Of the last `back` ones, counted from 0.
  const K& FromEnd(std::size_t back) const {
    const std::size_t index = size_ - 1 - back;
    return chunks_[index / kChunk][index % kChunk];
  }
  K TakeLast() {
    --size_;
    K key = std::move(chunks_[size_ / kChunk][size_ % kChunk]);
    if (size_ % kChunk == 0) {
      chunks_.pop_back();
      capacity_ = size_;
    }
    return key;
  }

 private:
  static constexpr std::size_t kFirstCapacity = 8;
  static constexpr std::size_t kChunk = 256;

  void Grow() {
    if (capacity_ >= kChunk) {
      chunks_.push_back(std::make_unique<K[]>(kChunk));
      capacity_ += kChunk;
      return;
    }
    const std::size_t larger = std::max(kFirstCapacity, 2 * capacity_);
    auto first = std::make_unique<K[]>(larger);
    if (chunks_.empty()) chunks_.emplace_back();
    std::move(chunks_[0].get(), chunks_[0].get() + size_, first.get());
    chunks_[0] = std::move(first);
    capacity_ = larger;
  }

  std::vector<std::unique_ptr<K[]>> chunks_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// By window, each with the keys that have not fired yet and those that have and are kept for late
// records.
template <class K>
class WindowKeys {
 public:
  struct Keys {
    KeyList<K> waiting;
    KeyList<K> fired;
  };
  using Windows = std::map<std::int64_t, Keys>;

  Keys& At(std::int64_t start_ms) {
    if (last_ == nullptr || last_start_ms_ != start_ms) {
      last_ = &windows_[start_ms];
      last_start_ms_ = start_ms;
    }
    return *last_;
  }
  Windows& windows() { return windows_; }
  void Erase(typename Windows::iterator window) {
    windows_.erase(window);
    last_ = nullptr;
  }

 private:
  Windows windows_;
  Keys* last_ = nullptr;  // that At() gave
  std::int64_t last_start_ms_ = 0;
};

}  // namespace weir::internal
