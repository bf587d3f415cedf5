#include "taskmanager/task/ready_list.h"

#include <utility>

namespace weir::task {

ReadyList::ReadyList(std::uint32_t channel_count, std::shared_ptr<TaskMailbox> mailbox)
    : mailbox_(std::move(mailbox)), nodes_(channel_count) {
  for (std::uint32_t i = 0; i < channel_count; ++i) nodes_[i].channel = i;
}

void ReadyList::Signal(std::uint32_t channel) {
  Node& node = nodes_[channel];
  // Read and written in one, so that of this and Release() the later one sees what the other did.
  if (node.listed.exchange(true, std::memory_order_acq_rel)) return;
  node.next = arrived_.load(std::memory_order_relaxed);
  while (!arrived_.compare_exchange_weak(node.next, &node, std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
  }
  mailbox_->NotifyAvailable();
}

std::optional<std::uint32_t> ReadyList::Take() {
  if (arrived_.load(std::memory_order_relaxed) != nullptr) {
    Node* newest = arrived_.exchange(nullptr, std::memory_order_acq_rel);
    Node* oldest = nullptr;
    while (newest != nullptr) {
      Node* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    for (; oldest != nullptr; oldest = oldest->next) line_.push_back(oldest->channel);
  }
  if (line_.empty()) return std::nullopt;
  const std::uint32_t channel = line_.front();
  line_.pop_front();
  return channel;
}

void ReadyList::Release(std::uint32_t channel) {
  nodes_[channel].listed.exchange(false, std::memory_order_acq_rel);
}

}  // namespace weir::task
