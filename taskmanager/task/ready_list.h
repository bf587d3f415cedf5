// The incoming channels of one task that have something to read, in the order in which they got it:
// taking the next one costs the same for 2 channels and for 2000, and none starves.
//
// Senders and the network's thread signal a channel; the task takes channels. A channel is in the
// list at most once. Whoever finds it in the list already need not wake anybody: the task looks at
// the channel again before it lets it go.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "taskmanager/task/task_mailbox.h"

namespace weir::task {

class ReadyList {
 public:
  // `mailbox` is notified when a channel enters the list.
  ReadyList(std::uint32_t channel_count, std::shared_ptr<TaskMailbox> mailbox);

  // Any thread, after it made an element visible: the channel has something.
  void Signal(std::uint32_t channel);

  // The task's thread only.
  // The channel whose turn it is. It must be given to Requeue() or Release().
  std::optional<std::uint32_t> Take();
  // It has more: to the end of the line.
  void Requeue(std::uint32_t channel) { line_.push_back(channel); }
  // It seems empty. The caller looks once more afterwards and signals it if it is not.
  void Release(std::uint32_t channel);

 private:
  struct Node {
    std::atomic<bool> listed{false};
    Node* next = nullptr;
    std::uint32_t channel = 0;
  };

  const std::shared_ptr<TaskMailbox> mailbox_;
  std::vector<Node> nodes_;
  std::atomic<Node*> arrived_{nullptr};  // newest first
  std::deque<std::uint32_t> line_;
};

}  // namespace weir::task
