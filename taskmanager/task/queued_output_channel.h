// What all outgoing channels have in common: the order of batches and control elements, the
// overdraft and the promise of Write() (weir/internal/channel.h).
//
// Called by the task's thread only.
#pragma once

#include <cstdint>
#include <memory>

#include <weir/internal/channel.h>

#include "taskmanager/task/output_queue.h"

namespace weir::task {

class TaskOutputs;

class QueuedOutputChannel : public internal::OutputChannel {
 public:
  // `outputs` counts the overdraft of the whole task and lives longer.
  explicit QueuedOutputChannel(TaskOutputs& outputs) : outputs_(outputs) {}

  void Write(std::unique_ptr<internal::AnyBatch> batch) final;
  void WriteControl(const internal::ControlElement& element) final;
  void Flush() final;

  // Moves what is held back as far as credit goes. True: nothing is held back any more.
  virtual bool Drain() = 0;
  // Whether a batch would leave at once and whole.
  virtual bool TakesWholeBatch() = 0;
  bool holds_back() const { return !queue_.empty(); }
  // What was sent but is kept to leave with more leaves now.
  virtual void Push() {}

 protected:
  // Both are called with an empty queue only. SendWhole() after TakesWholeBatch() said true.
  virtual void SendWhole(std::unique_ptr<internal::AnyBatch> batch) = 0;
  // False: there is no room now.
  virtual bool TrySendControl(const internal::ControlElement& element) = 0;
  // From now on Drain() keeps nothing that has credit. False: it never does.
  virtual bool WantFlush() { return false; }
  // Removes the front element of the queue, keeps the task's count, hands out its batch (or null).
  std::unique_ptr<internal::AnyBatch> PopHeld();

  OutputQueue queue_;
  TaskOutputs& outputs_;

 private:
  friend class TaskOutputs;

  // The task knows that there is something to drain here.
  bool listed_ = false;
  bool ended_ = false;
  bool unpushed_noted_ = false;
};

}  // namespace weir::task
