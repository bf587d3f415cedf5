#include "taskmanager/network/floating_pool.h"

#include <algorithm>

namespace weir::network {

void FloatingPool::Want(Key channel) {
  if (waiting_.insert(channel).second) queue_.push_back(channel);
}

void FloatingPool::Forget(Key channel) {
  if (waiting_.erase(channel) == 0) return;
  queue_.erase(std::find(queue_.begin(), queue_.end(), channel));
}

std::optional<FloatingPool::Key> FloatingPool::GiveOne() {
  if (available_ == 0 || queue_.empty()) return std::nullopt;
  const Key channel = queue_.front();
  queue_.pop_front();
  waiting_.erase(channel);
  --available_;
  return channel;
}

}  // namespace weir::network
