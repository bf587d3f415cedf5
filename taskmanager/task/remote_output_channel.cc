#include "taskmanager/task/remote_output_channel.h"

#include <algorithm>
#include <utility>

#include "taskmanager/task/task_outputs.h"

namespace weir::task {

using network::kBufferSize;

namespace {

// Emptied batches that a channel keeps: one that is filled, one that follows.
constexpr std::size_t kRecycledBatches = 2;
// Largest part of a buffer that is left empty to avoid cutting records.
constexpr std::size_t kMaximumMargin = kBufferSize / 4;

}  // namespace

RemoteOutputChannel::RemoteOutputChannel(TaskOutputs& outputs, const internal::ChannelType& type,
                                         std::unique_ptr<network::ByteSender> sender,
                                         std::size_t maximum_record_bytes, std::string description)
    : QueuedOutputChannel(outputs),
      type_(type),
      sender_(std::move(sender)),
      maximum_record_bytes_(maximum_record_bytes),
      description_(std::move(description)) {}

std::unique_ptr<internal::AnyBatch> RemoteOutputChannel::TakeRecycled() {
  if (recycled_.empty()) return nullptr;
  std::unique_ptr<internal::AnyBatch> batch = std::move(recycled_.back());
  recycled_.pop_back();
  return batch;
}

bool RemoteOutputChannel::Drain() {
  while (SendPieces() && !queue_.empty()) {
    if (queue_.front().batch == nullptr) {
      sender_->SendControl(queue_.front().control);
      PopHeld();
    } else if (sender_->credits() > 0) {
      EncodeAndSend();
    } else {
      break;
    }
  }
  AnnounceBacklog();
  return queue_.empty();
}

void RemoteOutputChannel::SendWhole(std::unique_ptr<internal::AnyBatch> batch) {
  queue_.PushBatch(std::move(batch));
  EncodeAndSend();
}

bool RemoteOutputChannel::TrySendControl(const internal::ControlElement& element) {
  sender_->SendControl(element);
  return true;
}

void RemoteOutputChannel::EncodeAndSend() {
  network::Bytes bytes = sender_->TakeEmptyBytes();
  bytes.clear();
  const std::size_t limit = kBufferSize - margin_;
  while (!queue_.empty() && queue_.front().batch != nullptr && bytes.size() < limit) {
    const internal::AnyBatch& batch = *queue_.front().batch;
    const std::uint32_t first = next_record_;
    const std::size_t before = bytes.size();
    next_record_ = type_.Encode(batch, first, limit, bytes);
    encoded_records_ += next_record_ - first;
    encoded_bytes_ += bytes.size() - before;
    if (bytes.size() > kBufferSize) {
      // The last record is too long for the rest of the buffer. Its batch counts as held back until
      // the pieces are gone.
      margin_ = std::max(margin_, std::min(bytes.size() - limit, kMaximumMargin));
      pieces_ = std::move(bytes);
      pieces_sent_ = 0;
      CheckRecordSize();
      return;
    }
    if (next_record_ < batch.size()) break;
    RecycleFront();
  }
  outputs_.bytes_out().Increment(bytes.size());
  announced_backlog_ = BuffersHeld();
  sender_->Send({.bytes = std::move(bytes)}, announced_backlog_);
}

bool RemoteOutputChannel::SendPieces() {
  if (pieces_.empty()) return true;
  while (sender_->credits() > 0) {
    const std::size_t size = std::min(kBufferSize, pieces_.size() - pieces_sent_);
    network::Bytes bytes = sender_->TakeEmptyBytes();
    const auto first = pieces_.begin() + static_cast<std::ptrdiff_t>(pieces_sent_);
    bytes.assign(first, first + static_cast<std::ptrdiff_t>(size));
    pieces_sent_ += size;
    const bool continues = pieces_sent_ < pieces_.size();
    outputs_.bytes_out().Increment(size);
    announced_backlog_ = BuffersHeld();
    sender_->Send({.bytes = std::move(bytes), .continues = continues}, announced_backlog_);
    if (continues) continue;
    pieces_ = network::Bytes();
    pieces_sent_ = 0;
    if (next_record_ == queue_.front().batch->size()) RecycleFront();
    return true;
  }
  return false;
}

void RemoteOutputChannel::RecycleFront() {
  std::unique_ptr<internal::AnyBatch> batch = PopHeld();
  next_record_ = 0;
  if (recycled_.size() >= kRecycledBatches) return;
  batch->Clear();
  recycled_.push_back(std::move(batch));
}

void RemoteOutputChannel::CheckRecordSize() {
  // Whole records stand before the long one, but no more than a buffer of them.
  if (pieces_.size() <= maximum_record_bytes_ + kBufferSize) return;
  outputs_.host().FailTask(Status(StatusCode::kResourceExhausted,
                                  description_ + ": a record needs more than " +
                                      std::to_string(maximum_record_bytes_) +
                                      " bytes, the largest that may be sent",
                                  ErrorDomain::kUser, RetryHint::kNoRetry));
}

std::uint32_t RemoteOutputChannel::BuffersHeld() const {
  std::uint64_t bytes = pieces_.size() - pieces_sent_;
  const std::uint64_t records = queue_.record_count() - next_record_;
  if (encoded_records_ > 0) bytes += records * encoded_bytes_ / encoded_records_;
  const std::uint64_t buffers = (bytes + kBufferSize - 1) / kBufferSize;
  if (buffers == 0) return queue_.batch_count() > 0 ? 1 : 0;
  return static_cast<std::uint32_t>(buffers);
}

void RemoteOutputChannel::AnnounceBacklog() {
  const std::uint32_t backlog = BuffersHeld();
  if (backlog == announced_backlog_) return;
  announced_backlog_ = backlog;
  sender_->AnnounceBacklog(backlog);
}

}  // namespace weir::task
