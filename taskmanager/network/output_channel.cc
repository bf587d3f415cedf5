#include "taskmanager/network/output_channel.h"

#include <cassert>
#include <utility>

#include "common/text.h"
#include "taskmanager/network/control_coalescing.h"

namespace weir::network {

OutputChannel::OutputChannel(const ChannelIdentity& identity, std::string target_worker_id,
                             SenderEvents events, std::shared_ptr<NetworkMailbox> mailbox,
                             std::shared_ptr<BufferPool> buffers)
    : identity_(identity),
      target_worker_id_(std::move(target_worker_id)),
      events_(std::move(events)),
      mailbox_(std::move(mailbox)),
      buffers_(std::move(buffers)) {}

bool OutputChannel::StandInLine() {
  return !failed_ && !std::exchange(in_line_, true);
}

void OutputChannel::Send(Buffer buffer, std::uint32_t backlog) {
  assert(buffer.bytes.size() <= kBufferSize);
  {
    MutexLock lock(mutex_);
    if (failed_) return;  // the task hears of it by on_failure
    [[maybe_unused]] const bool had_credit = credit_.Spend();
    assert(had_credit);
    visible_credits_.store(credit_.credits(), std::memory_order_release);
    credit_.SetBacklog(backlog);
    queue_.PushBack(std::move(buffer));
  }
}

void OutputChannel::AnnounceBacklog(std::uint32_t backlog) {
  {
    MutexLock lock(mutex_);
    credit_.SetBacklog(backlog);
    if (!credit_.needs_announcement() || !StandInLine()) return;
  }
  PushToMailbox();
}

void OutputChannel::SendControl(const internal::ControlElement& element) {
  {
    MutexLock lock(mutex_);
    if (failed_) return;
    if (!queue_.empty() && CoalesceControl(queue_.back(), element)) return;
    queue_.PushBack(element);
  }
}

void OutputChannel::Push() {
  {
    MutexLock lock(mutex_);
    if ((queue_.empty() && !credit_.needs_announcement()) || !StandInLine()) return;
  }
  PushToMailbox();
}

Bytes OutputChannel::TakeEmptyBytes() {
  return buffers_->Take();
}

void OutputChannel::Close() {
  gate_.Close();
  {
    MutexLock lock(mutex_);
    closed_ = true;
    if (!StandInLine()) return;
  }
  PushToMailbox();
}

void OutputChannel::Take(std::size_t most, Outgoing& out) {
  assert(out.items.empty());
  MutexLock lock(mutex_);
  while (!queue_.empty() && out.items.size() < most) out.items.push_back(queue_.PopFront());
  out.backlog = credit_.TakeAnnouncement();
  out.more = !queue_.empty();
  out.closed = closed_ && !out.more;
  in_line_ = out.more;
}

Status OutputChannel::OnGrant(std::uint32_t credit) {
  {
    MutexLock lock(mutex_);
    const bool had_none = credit_.credits() == 0;
    WEIR_RETURN_IF_ERROR(credit_.OnGrant(credit));
    visible_credits_.store(credit_.credits(), std::memory_order_release);
    if (!had_none) return Status();
  }
  gate_.Run([this] {
    if (events_.on_credit) events_.on_credit();
  });
  return Status();
}

void OutputChannel::Fail(const Status& status) {
  {
    MutexLock lock(mutex_);
    if (std::exchange(failed_, true)) return;
    while (!queue_.empty()) queue_.PopFront();
  }
  gate_.Run([this, &status] {
    if (events_.on_failure) {
      events_.on_failure(status.WithContext(Concat("output channel ", identity_.channel)));
    }
  });
}

namespace {

class ChannelByteSender final : public ByteSender {
 public:
  explicit ChannelByteSender(std::shared_ptr<OutputChannel> channel)
      : channel_(std::move(channel)) {}
  ~ChannelByteSender() override { channel_->Close(); }

  std::uint32_t credits() const override { return channel_->credits(); }
  void Send(Buffer buffer, std::uint32_t backlog) override {
    channel_->Send(std::move(buffer), backlog);
  }
  void AnnounceBacklog(std::uint32_t backlog) override { channel_->AnnounceBacklog(backlog); }
  void SendControl(const internal::ControlElement& element) override {
    channel_->SendControl(element);
  }
  void Push() override { channel_->Push(); }
  Bytes TakeEmptyBytes() override { return channel_->TakeEmptyBytes(); }
  std::uint64_t bytes_sent() const override { return channel_->bytes_sent(); }

 private:
  const std::shared_ptr<OutputChannel> channel_;
};

}  // namespace

std::unique_ptr<ByteSender> MakeByteSender(std::shared_ptr<OutputChannel> channel) {
  return std::make_unique<ChannelByteSender>(std::move(channel));
}

}  // namespace weir::network
