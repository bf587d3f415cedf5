#include "taskmanager/task/remote_output_channel.h"

#include <algorithm>
#include <utility>

#include "taskmanager/task/task_outputs.h"

namespace weir::task {

using network::kBufferSize;

namespace {

// Emptied batches that a channel keeps: one that is filled, one that follows.
constexpr std::size_t kRecycledBatches = 2;
// Buffers that leave together under load.
constexpr std::uint32_t kBuffersPerPush = 4;
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
  while (SendPieces()) {
    if (queue_.empty()) {
      if (flush_wanted_ && SendOpen()) {
        flush_wanted_ = false;
        Push();
      }
      break;
    }
    if (queue_.front().batch != nullptr ? !EncodeFront() : !SendFrontControl()) break;
  }
  AnnounceBacklog();
  const bool drained = queue_.empty() && !flush_wanted_ && !open_full_;
  // What waits for credit waits for what is before it, too.
  if (!drained) Push();
  return drained;
}

void RemoteOutputChannel::Push() {
  if (std::exchange(unpushed_, 0) == 0) return;
  sender_->Push();
}

void RemoteOutputChannel::PushIfMany() {
  if (++unpushed_ >= kBuffersPerPush) {
    Push();
  } else {
    outputs_.NoteUnpushed(*this);
  }
}

bool RemoteOutputChannel::WantFlush() {
  flush_wanted_ = open_used_ > 0 || unpushed_ > 0 || !queue_.empty();
  return flush_wanted_;
}

void RemoteOutputChannel::SendWhole(std::unique_ptr<internal::AnyBatch> batch) {
  queue_.PushBatch(std::move(batch));
  Drain();
}

bool RemoteOutputChannel::TrySendControl(const internal::ControlElement& element) {
  const auto* watermark = std::get_if<internal::Watermark>(&element);
  if (watermark != nullptr && open_used_ > 0) {
    open_watermark_ = *watermark;
    return true;
  }
  if (!SendOpen()) return false;
  sender_->SendControl(element);
  ++unpushed_;
  Push();
  return true;
}

bool RemoteOutputChannel::SendFrontControl() {
  if (!TrySendControl(queue_.front().control)) return false;
  PopHeld();
  return true;
}

bool RemoteOutputChannel::EncodeFront() {
  if (open_full_ && !SendOpen()) return false;
  if (open_used_ == 0) OpenBuffer();
  const internal::AnyBatch& batch = *queue_.front().batch;
  const std::size_t limit = kBufferSize - margin_;
  const std::uint32_t first = next_record_;
  const std::size_t before = open_used_;
  next_record_ = type_.Encode(batch, first, limit, open_, open_used_);
  encoded_records_ += next_record_ - first;
  encoded_bytes_ += open_used_ - before;
  if (open_used_ > kBufferSize) {
    // The last record is too long for the rest of the buffer. Its batch counts as held back until
    // the pieces are gone.
    margin_ = std::max(margin_, std::min(open_used_ - limit, kMaximumMargin));
    pieces_ = CloseBuffer();
    pieces_sent_ = 0;
    CheckRecordSize();
    return true;
  }
  open_full_ = next_record_ < batch.size() || open_used_ >= limit;
  if (next_record_ == batch.size()) RecycleFront();
  const bool too_many = outputs_.open_buffers() > TaskOutputs::kMostOpenBuffers;
  if (open_full_ || too_many) SendOpen();
  return true;
}

void RemoteOutputChannel::OpenBuffer() {
  open_ = sender_->TakeEmptyBytes();
  ++outputs_.open_buffers();
}

network::Bytes RemoteOutputChannel::CloseBuffer() {
  --outputs_.open_buffers();
  open_.resize(std::exchange(open_used_, 0));
  open_full_ = false;
  return std::exchange(open_, network::Bytes());
}

bool RemoteOutputChannel::SendOpen() {
  if (open_used_ == 0) return true;
  if (sender_->credits() == 0) return false;
  outputs_.bytes_out().Increment(open_used_);
  network::Bytes bytes = CloseBuffer();
  announced_backlog_ = BuffersHeld();
  sender_->Send({.bytes = std::move(bytes)}, announced_backlog_);
  SendOpenWatermark();
  PushIfMany();
  return true;
}

void RemoteOutputChannel::SendOpenWatermark() {
  if (!open_watermark_) return;
  sender_->SendControl(*open_watermark_);
  open_watermark_.reset();
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
    PushIfMany();
    if (continues) continue;
    pieces_ = network::Bytes();
    pieces_sent_ = 0;
    SendOpenWatermark();
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
  std::uint64_t buffers = (bytes + kBufferSize - 1) / kBufferSize;
  if (buffers == 0 && queue_.batch_count() > 0) buffers = 1;
  if (open_full_ || (flush_wanted_ && open_used_ > 0)) ++buffers;
  return static_cast<std::uint32_t>(buffers);
}

void RemoteOutputChannel::AnnounceBacklog() {
  const std::uint32_t backlog = BuffersHeld();
  if (backlog == announced_backlog_) return;
  announced_backlog_ = backlog;
  sender_->AnnounceBacklog(backlog);
}

}  // namespace weir::task
