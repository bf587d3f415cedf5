// All outgoing channels of a task and their common overdraft.
//
// Bounds: at most max(1, overdraft limit) batches wait in all channels of the task together, beside
// those that have credit and the one a parked Write() holds in its hands; control elements are
// bounded by batches (output_queue.h).
//
// Called by the task's thread only.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/internal/channel.h>
#include <weir/runtime_context.h>
#include <weir/status.h>

#include "taskmanager/task/queued_output_channel.h"

namespace weir::task {

// What the outputs ask of whoever runs the task.
class OutputHost {
 public:
  virtual ~OutputHost() = default;
  // True after a cancel or an error: what is written is dropped.
  virtual bool dropping() const = 0;
  // Parks until `channel` takes a whole batch or RoomAfterWait(), or the task drops.
  virtual void WaitForRoom(QueuedOutputChannel& channel) = 0;
  // A batch was written: a good place to let other tasks run when the step has taken long.
  virtual void AfterWrite() = 0;
  // The task fails when the present call returns; what is written until then is dropped.
  virtual void FailTask(Status status) = 0;
};

class TaskOutputs {
 public:
  TaskOutputs(OutputHost& host, std::uint32_t overdraft_limit)
      : host_(host), limit_(overdraft_limit > 0 ? overdraft_limit : 1) {}

  void AddOutput(std::vector<std::unique_ptr<QueuedOutputChannel>> channels);

  std::uint32_t output_count() const { return static_cast<std::uint32_t>(outputs_.size()); }
  std::uint32_t channel_count(std::uint32_t output) const {
    return static_cast<std::uint32_t>(outputs_[output].size());
  }
  QueuedOutputChannel& channel(std::uint32_t output, std::uint32_t channel) {
    return *outputs_[output][channel];
  }

  // Moves what is held back as far as credit goes. True: no batch is held back, the task may take
  // input.
  bool Drain();
  // Whether nothing at all is held back.
  bool empty() const { return listed_.empty(); }
  // Into every channel. Behind its end of input a channel takes barriers only.
  void WriteControl(const internal::ControlElement& element);
  // Drops what is held back and the channels themselves.
  void Close();

  OutputHost& host() { return host_; }
  bool HasRoom() const { return held_batches_ < limit_; }
  // More than one batch, so that a parked call that is resumed gets some work done.
  bool RoomAfterWait() const { return held_batches_ <= limit_ / 2; }
  std::uint32_t held_batches() const { return held_batches_; }

  // Buffers that remote channels keep open although they could send them: with a large fan-out
  // those of a task would cost more memory than full buffers are worth.
  static constexpr std::uint32_t kMostOpenBuffers = 32;
  std::uint32_t& open_buffers() { return open_buffers_; }
  // A channel keeps something to let it leave with more: only until the task is blocked.
  void NoteUnpushed(QueuedOutputChannel& channel);

  // Statistics: written here, read by any thread.
  Counter& records_out() { return records_out_; }
  Counter& bytes_out() { return bytes_out_; }
  const Counter& records_out() const { return records_out_; }
  const Counter& bytes_out() const { return bytes_out_; }
  // The last watermark that was written to any channel.
  std::int64_t watermark_ms() const { return watermark_ms_.load(std::memory_order_relaxed); }

 private:
  friend class QueuedOutputChannel;
  void List(QueuedOutputChannel& channel);
  void PushAll();

  OutputHost& host_;
  const std::uint32_t limit_;
  std::vector<std::vector<std::unique_ptr<QueuedOutputChannel>>> outputs_;
  std::vector<QueuedOutputChannel*> listed_;    // hold something back
  std::vector<QueuedOutputChannel*> unpushed_;  // may be pushed meanwhile
  std::uint32_t held_batches_ = 0;
  std::uint32_t open_buffers_ = 0;
  Counter records_out_;
  Counter bytes_out_;
  std::atomic<std::int64_t> watermark_ms_{internal::Watermark().timestamp_ms};
};

// Records that a batch of an output with so many channels may hold: with a large fan-out the partly
// filled batches of an output share `budget_records`.
std::uint32_t BatchCapacity(std::uint32_t channel_count, std::uint32_t budget_records);
// Batches that one of so many channels of an output may have under way within the process: `most`,
// or fewer (at least 2: one is filled while one is read) where all of them together had too many.
std::uint32_t LocalCredits(std::uint32_t channel_count, std::uint32_t most);

}  // namespace weir::task
