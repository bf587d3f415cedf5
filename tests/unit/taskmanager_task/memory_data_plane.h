// The network as a fake: channels between workers are queues in memory with credits that come back
// at random (seeded), late but always.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "taskmanager/network/byte_channel.h"

namespace weir::task {

struct MemoryChannel {
  std::mutex mutex;
  std::deque<network::Received> elements;
  std::uint32_t credits = 0;
  std::uint32_t owed_credits = 0;  // popped, not given back yet
  std::uint32_t backlog = 0;
  std::uint32_t largest_queue = 0;
  bool sender_open = false;
  std::mt19937 random;
  network::SenderEvents sender;
  network::ReceiverEvents receiver;
};

class MemoryNetwork {
 public:
  MemoryNetwork(unsigned seed, std::uint32_t most_credits)
      : random_(seed), most_credits_(most_credits) {}

  std::shared_ptr<MemoryChannel> Channel(std::uint32_t number) {
    const std::lock_guard lock(mutex_);
    auto& channel = channels_[number];
    if (channel == nullptr) {
      channel = std::make_shared<MemoryChannel>();
      channel->random.seed(random_());
      channel->credits = 1 + random_() % most_credits_;
    }
    return channel;
  }
  std::uint32_t most_credits() const { return most_credits_; }

 private:
  std::mutex mutex_;
  std::mt19937 random_;
  const std::uint32_t most_credits_;
  std::map<std::uint32_t, std::shared_ptr<MemoryChannel>> channels_;
};

class MemorySender final : public network::ByteSender {
 public:
  explicit MemorySender(std::shared_ptr<MemoryChannel> channel) : channel_(std::move(channel)) {}
  std::uint32_t credits() const override {
    const std::lock_guard lock(channel_->mutex);
    return channel_->credits;
  }
  void Send(network::Buffer buffer, std::uint32_t backlog) override {
    if (buffer.bytes.size() > network::kBufferSize || buffer.bytes.empty()) std::abort();
    {
      const std::lock_guard lock(channel_->mutex);
      if (channel_->credits-- == 0) std::abort();
      channel_->backlog = backlog;
    }
    sent_ += buffer.bytes.size();
    Push({std::move(buffer)});
  }
  void AnnounceBacklog(std::uint32_t backlog) override {
    const std::lock_guard lock(channel_->mutex);
    channel_->backlog = backlog;
  }
  void SendControl(const internal::ControlElement& element) override { Push({element}); }
  void Push() override {}
  network::Bytes TakeEmptyBytes() override { return {}; }
  std::uint64_t bytes_sent() const override { return sent_; }

 private:
  void Push(network::Received element) {
    bool was_empty;
    {
      const std::lock_guard lock(channel_->mutex);
      was_empty = channel_->elements.empty();
      channel_->elements.push_back(std::move(element));
      channel_->largest_queue =
          std::max(channel_->largest_queue, static_cast<std::uint32_t>(channel_->elements.size()));
    }
    if (was_empty && channel_->receiver.on_element) channel_->receiver.on_element();
  }

  const std::shared_ptr<MemoryChannel> channel_;
  std::atomic<std::uint64_t> sent_{0};
};

class MemoryReceiver final : public network::ByteReceiver {
 public:
  explicit MemoryReceiver(std::shared_ptr<MemoryChannel> channel) : channel_(std::move(channel)) {}
  bool HasElement() const override {
    const std::lock_guard lock(channel_->mutex);
    return !channel_->elements.empty();
  }
  std::optional<network::Received> Pop() override {
    std::optional<network::Received> element;
    bool granted_first = false;
    {
      const std::lock_guard lock(channel_->mutex);
      if (channel_->elements.empty()) return std::nullopt;
      element = std::move(channel_->elements.front());
      channel_->elements.pop_front();
      if (std::holds_alternative<network::Buffer>(element->element)) ++channel_->owed_credits;
      if (channel_->elements.empty() || channel_->random() % 3 == 0) {
        granted_first = channel_->credits == 0 && channel_->owed_credits > 0;
        channel_->credits += std::exchange(channel_->owed_credits, 0);
      }
    }
    if (granted_first && channel_->sender.on_credit) channel_->sender.on_credit();
    return element;
  }
  void Recycle(network::Bytes) override {}
  std::uint64_t bytes_received() const override { return 0; }

 private:
  const std::shared_ptr<MemoryChannel> channel_;
};

class MemoryDataPlane final : public network::DataPlane {
 public:
  explicit MemoryDataPlane(MemoryNetwork& network) : network_(network) {}

  // From now on registering or opening fails.
  void Break() { broken_ = true; }

  Result<std::unique_ptr<network::ByteReceiver>> RegisterInput(
      const network::ChannelIdentity& identity, const std::string&,
      network::ReceiverEvents events) override {
    auto channel = network_.Channel(identity.channel);
    channel->receiver = std::move(events);
    return std::unique_ptr<network::ByteReceiver>(
        std::make_unique<MemoryReceiver>(std::move(channel)));
  }
  Result<std::unique_ptr<network::ByteSender>> OpenOutput(const network::ChannelIdentity& identity,
                                                          const network::PeerAddress& target,
                                                          network::SenderEvents events) override {
    if (broken_) return Status::Unavailable("no way to worker " + target.worker_id);
    auto channel = network_.Channel(identity.channel);
    channel->sender = std::move(events);
    return std::unique_ptr<network::ByteSender>(std::make_unique<MemorySender>(std::move(channel)));
  }
  void AddConnection(int, const std::string&) override {}

 private:
  MemoryNetwork& network_;
  bool broken_ = false;
};

}  // namespace weir::task
