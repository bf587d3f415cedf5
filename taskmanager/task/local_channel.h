// A channel between two tasks of one process: batches are handed over as they are, never
// serialized.
//
// A bounded ring with one producer and one consumer. A batch needs one of `credits`; control
// elements have room of their own in the ring, and what finds none waits, merged, in the sender's
// queue. Emptied batches go back through a second ring, so that in steady state nothing is
// allocated. Bounds: at most `credits` batches are under way and credits + 2 wait to be filled
// again.
//
// Thread rules: producer methods from the sending task's thread, consumer methods from the
// receiving task's; both may change their thread between two steps (the baton's mutex orders that).
// The consumer is signaled through its ready list, only when the channel is not in it already; the
// producer only when it found no credit.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/internal/control_element.h>

#include "taskmanager/task/input_channel.h"
#include "taskmanager/task/queued_output_channel.h"
#include "taskmanager/task/ready_list.h"
#include "taskmanager/task/task_mailbox.h"

namespace weir::task {

class LocalChannel {
 public:
  LocalChannel(std::uint32_t credits, std::uint32_t overdraft_limit,
               std::shared_ptr<ReadyList> ready, std::uint32_t ready_index,
               std::shared_ptr<TaskMailbox> producer);
  ~LocalChannel();
  LocalChannel(const LocalChannel&) = delete;
  LocalChannel& operator=(const LocalChannel&) = delete;

  // Producer. When these say false, the producer's mailbox is notified once that has changed.
  bool HasCredit();
  bool HasControlRoom();
  // Needs credit, or room.
  void Push(std::unique_ptr<internal::AnyBatch> batch);
  void PushControl(const internal::ControlElement& element);
  std::uint32_t BatchesUnderWay() const;
  std::unique_ptr<internal::AnyBatch> TakeRecycled();

  // Consumer.
  bool HasElement() const;
  bool Pop(InputElement& element);
  void Recycle(std::unique_ptr<internal::AnyBatch> batch);

 private:
  struct Entry {
    std::unique_ptr<internal::AnyBatch> batch;
    internal::ControlElement control;
  };
  static constexpr std::uint32_t kControlRoom = 8;

  bool CreditNow() const {
    return pushed_batches_ - popped_batches_.load(std::memory_order_acquire) < credits_;
  }
  bool ControlRoomNow() const {
    return pushed_controls_ - popped_controls_.load(std::memory_order_acquire) < kControlRoom;
  }
  Entry& NextEntry() { return ring_[(pushed_batches_ + pushed_controls_) & mask_]; }
  void Publish();

  const std::uint32_t credits_;
  const std::shared_ptr<ReadyList> ready_;
  const std::uint32_t ready_index_;
  const std::shared_ptr<TaskMailbox> producer_;
  const std::uint64_t mask_;
  std::vector<Entry> ring_;
  std::vector<std::unique_ptr<internal::AnyBatch>> recycled_;

  // Each side's words on a cache line of their own.
  alignas(64) std::atomic<std::uint64_t> published_{0};  // by the producer: elements pushed
  std::uint64_t pushed_batches_ = 0;
  std::uint64_t pushed_controls_ = 0;
  std::atomic<std::uint64_t> taken_back_{0};  // by the producer: recycled batches taken
  alignas(64) std::atomic<std::uint64_t> popped_batches_{0};  // by the consumer
  std::atomic<std::uint64_t> popped_controls_{0};
  std::uint64_t popped_ = 0;
  std::atomic<std::uint64_t> given_back_{0};
  alignas(64) std::atomic<bool> producer_waits_{false};
};

class LocalOutputChannel final : public QueuedOutputChannel {
 public:
  LocalOutputChannel(TaskOutputs& outputs, std::shared_ptr<LocalChannel> channel)
      : QueuedOutputChannel(outputs), channel_(std::move(channel)) {}

  bool HasCredit() const override { return queue_.empty() && channel_->HasCredit(); }
  std::uint32_t Backlog() const override {
    return channel_->BatchesUnderWay() + queue_.batch_count();
  }
  std::unique_ptr<internal::AnyBatch> TakeRecycled() override { return channel_->TakeRecycled(); }
  bool Drain() override;
  bool TakesWholeBatch() override { return channel_->HasCredit(); }

 protected:
  void SendWhole(std::unique_ptr<internal::AnyBatch> batch) override {
    channel_->Push(std::move(batch));
  }
  bool TrySendControl(const internal::ControlElement& element) override;

 private:
  const std::shared_ptr<LocalChannel> channel_;
};

class LocalInputChannel final : public InputChannel {
 public:
  explicit LocalInputChannel(std::shared_ptr<LocalChannel> channel)
      : channel_(std::move(channel)) {}

  bool HasElement() const override { return channel_->HasElement(); }
  Result<bool> Pop(InputElement& element) override { return channel_->Pop(element); }
  void Recycle(std::unique_ptr<internal::AnyBatch> batch) override {
    channel_->Recycle(std::move(batch));
  }

 private:
  const std::shared_ptr<LocalChannel> channel_;
};

}  // namespace weir::task
