#include "taskmanager/task/local_channel.h"

#include <bit>
#include <cassert>
#include <utility>

namespace weir::task {

namespace {

// The batch that the sender fills, the one that waits in a parked Write() and the one that is read.
constexpr std::uint32_t kFilledAndRead = 3;

}  // namespace

LocalChannel::LocalChannel(std::uint32_t credits, std::uint32_t overdraft_limit,
                           std::shared_ptr<ReadyList> ready, std::uint32_t ready_index,
                           std::shared_ptr<TaskMailbox> producer)
    : credits_(credits),
      ready_(std::move(ready)),
      ready_index_(ready_index),
      producer_(std::move(producer)),
      mask_(std::bit_ceil(std::uint64_t{credits} + kControlRoom) - 1),
      ring_(mask_ + 1),
      recycled_(credits + overdraft_limit + kFilledAndRead) {}

LocalChannel::~LocalChannel() = default;

bool LocalChannel::HasCredit() {
  if (CreditNow()) return true;
  // Of this and the consumer's look at the flag, the later one sees what the other did.
  producer_waits_.exchange(true, std::memory_order_acq_rel);
  return CreditNow();
}

bool LocalChannel::HasControlRoom() {
  if (ControlRoomNow()) return true;
  producer_waits_.exchange(true, std::memory_order_acq_rel);
  return ControlRoomNow();
}

void LocalChannel::Push(std::unique_ptr<internal::AnyBatch> batch) {
  assert(CreditNow());
  NextEntry().batch = std::move(batch);
  ++pushed_batches_;
  Publish();
}

void LocalChannel::PushControl(const internal::ControlElement& element) {
  assert(ControlRoomNow());
  NextEntry().control = element;
  ++pushed_controls_;
  Publish();
}

void LocalChannel::Publish() {
  published_.store(pushed_batches_ + pushed_controls_, std::memory_order_release);
  ready_->Signal(ready_index_);
}

std::uint32_t LocalChannel::BatchesUnderWay() const {
  return static_cast<std::uint32_t>(pushed_batches_ -
                                    popped_batches_.load(std::memory_order_relaxed));
}

std::unique_ptr<internal::AnyBatch> LocalChannel::TakeRecycled() {
  const std::uint64_t taken = taken_back_.load(std::memory_order_relaxed);
  if (taken == given_back_.load(std::memory_order_acquire)) return nullptr;
  std::unique_ptr<internal::AnyBatch> batch = std::move(recycled_[taken % recycled_.size()]);
  taken_back_.store(taken + 1, std::memory_order_release);
  return batch;
}

bool LocalChannel::HasElement() const {
  return popped_ != published_.load(std::memory_order_acquire);
}

bool LocalChannel::Pop(InputElement& element) {
  if (!HasElement()) return false;
  Entry& entry = ring_[popped_ & mask_];
  ++popped_;
  element.batch = std::move(entry.batch);
  if (element.batch != nullptr) {
    popped_batches_.store(popped_batches_.load(std::memory_order_relaxed) + 1,
                          std::memory_order_release);
  } else {
    element.control = entry.control;
    popped_controls_.store(popped_controls_.load(std::memory_order_relaxed) + 1,
                           std::memory_order_release);
  }
  if (producer_waits_.exchange(false, std::memory_order_acq_rel)) producer_->NotifyAvailable();
  return true;
}

void LocalChannel::Recycle(std::unique_ptr<internal::AnyBatch> batch) {
  const std::uint64_t given = given_back_.load(std::memory_order_relaxed);
  if (given - taken_back_.load(std::memory_order_acquire) == recycled_.size()) return;
  recycled_[given % recycled_.size()] = std::move(batch);
  given_back_.store(given + 1, std::memory_order_release);
}

bool LocalOutputChannel::Drain() {
  while (!queue_.empty()) {
    if (queue_.front().batch != nullptr) {
      if (!channel_->HasCredit()) return false;
      channel_->Push(PopHeld());
    } else {
      if (!channel_->HasControlRoom()) return false;
      const internal::ControlElement element = queue_.front().control;
      PopHeld();
      channel_->PushControl(element);
    }
  }
  return true;
}

bool LocalOutputChannel::TrySendControl(const internal::ControlElement& element) {
  if (!channel_->HasControlRoom()) return false;
  channel_->PushControl(element);
  return true;
}

}  // namespace weir::task
