#include "taskmanager/network/buffer_pool.h"

#include <utility>

namespace weir::network {

Bytes BufferPool::Take() {
  {
    MutexLock lock(mutex_);
    if (!kept_.empty()) {
      Bytes bytes = std::move(kept_.back());
      kept_.pop_back();
      return bytes;
    }
  }
  Bytes bytes;
  bytes.reserve(kBufferSize);
  return bytes;
}

void BufferPool::Return(Bytes bytes) {
  if (bytes.capacity() < kBufferSize) return;
  MutexLock lock(mutex_);
  if (kept_.size() < most_kept_) kept_.push_back(std::move(bytes));
}

void BufferPool::ReturnAll(std::vector<Bytes>& bytes) {
  {
    MutexLock lock(mutex_);
    for (Bytes& each : bytes) {
      if (each.capacity() < kBufferSize || kept_.size() >= most_kept_) continue;
      kept_.push_back(std::move(each));
    }
  }
  bytes.clear();
}

std::size_t BufferPool::kept() const {
  MutexLock lock(mutex_);
  return kept_.size();
}

}  // namespace weir::network
