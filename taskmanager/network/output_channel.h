// OutputChannel: the sending end of one channel, between the task's thread and the network's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/mutex.h"
#include "taskmanager/network/buffer_pool.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/call_gate.h"
#include "taskmanager/network/credit_sender.h"
#include "taskmanager/network/network_mailbox.h"
#include "taskmanager/network/ring_queue.h"

namespace weir::network {

// The queue holds only what may go out at once (buffers with a credit, control elements): so no
// channel can stand in another's way on the connection.
class OutputChannel : public std::enable_shared_from_this<OutputChannel> {
 public:
  using Item = std::variant<Buffer, internal::ControlElement>;

  OutputChannel(const ChannelIdentity& identity, std::string target_worker_id, SenderEvents events,
                std::shared_ptr<NetworkMailbox> mailbox, std::shared_ptr<BufferPool> buffers);

  const ChannelIdentity& identity() const { return identity_; }
  const std::string& target_worker_id() const { return target_worker_id_; }
  std::uint32_t credits() const { return visible_credits_.load(std::memory_order_acquire); }
  std::uint64_t bytes_sent() const { return bytes_sent_.load(std::memory_order_relaxed); }

  // ---- the task's thread: as ByteSender says ----
  void Send(Buffer buffer, std::uint32_t backlog);
  void AnnounceBacklog(std::uint32_t backlog);
  void SendControl(const internal::ControlElement& element);
  void Push();
  Bytes TakeEmptyBytes();
  // Nothing more comes. What is queued still goes out. No call-back runs after it returns.
  void Close();

  // ---- within a turn (network_turn.h) ----
  struct Outgoing {
    std::vector<Item> items;
    std::optional<std::uint32_t> backlog;  // to be announced behind the items
    bool more = false;                     // there is more to take: stay in line
    bool closed = false;                   // nothing comes after this
  };
  // Takes up to `most` items into `out`, whose vector must be empty.
  void Take(std::size_t most, Outgoing& out);
  Status OnGrant(std::uint32_t credit);
  // Ends the channel: drops what is queued, tells the task. Only the first call does anything.
  void Fail(const Status& status);
  void CountSent(std::size_t bytes) { bytes_sent_.fetch_add(bytes, std::memory_order_relaxed); }

 private:
  // Stands in line with the network's thread from now on; true: the caller must push it there.
  bool StandInLine() WEIR_REQUIRES(mutex_);
  void PushToMailbox() { mailbox_->Push(shared_from_this()); }

  const ChannelIdentity identity_;
  const std::string target_worker_id_;
  const SenderEvents events_;
  const std::shared_ptr<NetworkMailbox> mailbox_;
  const std::shared_ptr<BufferPool> buffers_;
  CallGate gate_;
  std::atomic<std::uint32_t> visible_credits_{0};
  std::atomic<std::uint64_t> bytes_sent_{0};

  Mutex mutex_;
  RingQueue<Item> queue_ WEIR_GUARDED_BY(mutex_);
  CreditSender credit_ WEIR_GUARDED_BY(mutex_);
  bool in_line_ WEIR_GUARDED_BY(mutex_) = false;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
  bool failed_ WEIR_GUARDED_BY(mutex_) = false;
};

// The handle that the task holds.
std::unique_ptr<ByteSender> MakeByteSender(std::shared_ptr<OutputChannel> channel);

}  // namespace weir::network
