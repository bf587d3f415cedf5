// InputChannel: the receiving end of one channel, between the network's thread and the task's.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "common/mutex.h"
#include "taskmanager/network/buffer_pool.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/call_gate.h"
#include "taskmanager/network/network_mailbox.h"
#include "taskmanager/network/ring_queue.h"

namespace weir::network {

// Popped buffers are noticed when the next buffer is delivered. The task reports them itself only
// when they make half of the exclusive credits: then the sender may be out of credit, and nothing
// more might come. (Without anything granted or queued, what is not reported, less than half of
// the exclusive buffers, leaves more than half of all buffers returned, which are then granted.)
class InputChannel : public std::enable_shared_from_this<InputChannel> {
 public:
  InputChannel(const ChannelIdentity& identity, std::string source_worker_id, ReceiverEvents events,
               std::shared_ptr<NetworkMailbox> mailbox, std::shared_ptr<BufferPool> buffers);

  const ChannelIdentity& identity() const { return identity_; }
  const std::string& source_worker_id() const { return source_worker_id_; }
  std::uint64_t bytes_received() const { return bytes_received_.load(std::memory_order_relaxed); }

  // ---- the task's thread: as ByteReceiver says ----
  bool HasElement() const { return size_.load(std::memory_order_acquire) > 0; }
  std::optional<Received> Pop();
  void Recycle(Bytes bytes) { buffers_->Return(std::move(bytes)); }
  // The task wants no more. What is queued is dropped. No call-back runs after it returns.
  void Close();

  // ---- within a turn (network_turn.h) ----
  // Returns how many buffers the task popped since they were last taken note of.
  std::uint32_t Deliver(Buffer buffer);
  // ResourceExhausted when too many control elements wait already: a sender that works in good
  // order cannot get there.
  Status Deliver(const internal::ControlElement& element);
  struct News {
    std::uint32_t popped = 0;  // buffers since they were last taken note of
    bool closed = false;
  };
  News TakeNews();
  // How many of its buffers nobody else gets. Before the sender is granted any.
  void SetExclusive(std::uint32_t buffers) {
    report_threshold_.store(std::max<std::uint32_t>(1, buffers / 2), std::memory_order_relaxed);
  }
  // Only the first part of it: what the task has not reported yet.
  std::uint32_t TakePopped();
  // Tells the task. Elements that are queued stay. Only the first call does anything.
  void Fail(const Status& status);

 private:
  using Item = std::variant<Buffer, internal::ControlElement>;
  // True: the queue was empty before.
  bool Push(Item item) WEIR_REQUIRES(mutex_);
  void TellTask();
  void PushToMailbox() { mailbox_->Push(shared_from_this()); }

  const ChannelIdentity identity_;
  const std::string source_worker_id_;
  std::atomic<std::uint32_t> report_threshold_{1};
  const ReceiverEvents events_;
  const std::shared_ptr<NetworkMailbox> mailbox_;
  const std::shared_ptr<BufferPool> buffers_;
  CallGate gate_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> bytes_received_{0};
  bool failed_ = false;  // network's thread only

  Mutex mutex_;
  RingQueue<Item> queue_ WEIR_GUARDED_BY(mutex_);
  std::size_t controls_ WEIR_GUARDED_BY(mutex_) = 0;  // control elements in queue_
  std::uint32_t popped_ WEIR_GUARDED_BY(mutex_) = 0;
  bool in_line_ WEIR_GUARDED_BY(mutex_) = false;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
};

// The handle that the task holds.
std::unique_ptr<ByteReceiver> MakeByteReceiver(std::shared_ptr<InputChannel> channel);

}  // namespace weir::network
