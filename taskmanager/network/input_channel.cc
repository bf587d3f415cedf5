#include "taskmanager/network/input_channel.h"

#include <utility>

#include "common/text.h"
#include "taskmanager/network/control_coalescing.h"

namespace weir::network {
namespace {
// Barriers and changes of status between which watermarks pass; there are a handful at a time.
constexpr std::size_t kMostControls = 64 * 1024;
}  // namespace

InputChannel::InputChannel(const ChannelIdentity& identity, std::string source_worker_id,
                           ReceiverEvents events, std::shared_ptr<NetworkMailbox> mailbox,
                           std::shared_ptr<BufferPool> buffers)
    : identity_(identity),
      source_worker_id_(std::move(source_worker_id)),
      events_(std::move(events)),
      mailbox_(std::move(mailbox)),
      buffers_(std::move(buffers)) {}

std::optional<Received> InputChannel::Pop() {
  if (!HasElement()) return std::nullopt;
  Received received;
  {
    MutexLock lock(mutex_);
    received.element = queue_.PopFront();
    size_.store(queue_.size(), std::memory_order_release);
    if (std::holds_alternative<Buffer>(received.element)) {
      ++popped_;
    } else {
      --controls_;
    }
    if (popped_ < report_threshold_.load(std::memory_order_relaxed)) return received;
    if (std::exchange(in_line_, true)) return received;
  }
  PushToMailbox();
  return received;
}

void InputChannel::Close() {
  gate_.Close();
  {
    MutexLock lock(mutex_);
    closed_ = true;
    size_.store(0, std::memory_order_release);
    while (!queue_.empty()) {
      Item item = queue_.PopFront();
      if (auto* buffer = std::get_if<Buffer>(&item)) buffers_->Return(std::move(buffer->bytes));
    }
    if (std::exchange(in_line_, true)) return;
  }
  PushToMailbox();
}

bool InputChannel::Push(Item item) {
  const bool was_empty = queue_.empty();
  queue_.PushBack(std::move(item));
  size_.store(queue_.size(), std::memory_order_release);
  return was_empty;
}

void InputChannel::TellTask() {
  gate_.Run([this] {
    if (events_.on_element) events_.on_element();
  });
}

std::uint32_t InputChannel::Deliver(Buffer buffer) {
  bytes_received_.fetch_add(buffer.bytes.size(), std::memory_order_relaxed);
  std::uint32_t popped = 0;
  {
    MutexLock lock(mutex_);
    popped = std::exchange(popped_, 0);
    if (closed_) {
      buffers_->Return(std::move(buffer.bytes));
      return popped;
    }
    if (!Push(std::move(buffer))) return popped;
  }
  TellTask();
  return popped;
}

Status InputChannel::Deliver(const internal::ControlElement& element) {
  {
    MutexLock lock(mutex_);
    if (closed_ || (!queue_.empty() && CoalesceControl(queue_.back(), element))) return Status();
    if (controls_ == kMostControls) {
      return Status(StatusCode::kResourceExhausted,
                    Concat("more than ", kMostControls, " control elements wait"));
    }
    ++controls_;
    if (!Push(element)) return Status();
  }
  TellTask();
  return Status();
}

std::uint32_t InputChannel::TakePopped() {
  MutexLock lock(mutex_);
  return std::exchange(popped_, 0);
}

InputChannel::News InputChannel::TakeNews() {
  MutexLock lock(mutex_);
  in_line_ = false;
  return {std::exchange(popped_, 0), closed_};
}

void InputChannel::Fail(const Status& status) {
  if (std::exchange(failed_, true)) return;
  gate_.Run([this, &status] {
    if (events_.on_failure) {
      events_.on_failure(status.WithContext(Concat("input channel ", identity_.channel)));
    }
  });
}

namespace {

class ChannelByteReceiver final : public ByteReceiver {
 public:
  explicit ChannelByteReceiver(std::shared_ptr<InputChannel> channel)
      : channel_(std::move(channel)) {}
  ~ChannelByteReceiver() override { channel_->Close(); }

  bool HasElement() const override { return channel_->HasElement(); }
  std::optional<Received> Pop() override { return channel_->Pop(); }
  void Recycle(Bytes bytes) override { channel_->Recycle(std::move(bytes)); }
  std::uint64_t bytes_received() const override { return channel_->bytes_received(); }

 private:
  const std::shared_ptr<InputChannel> channel_;
};

}  // namespace

std::unique_ptr<ByteReceiver> MakeByteReceiver(std::shared_ptr<InputChannel> channel) {
  return std::make_unique<ChannelByteReceiver>(std::move(channel));
}

}  // namespace weir::network
