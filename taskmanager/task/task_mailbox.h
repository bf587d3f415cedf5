// What other threads want of a task: the only thing of it they touch.
//
// Everything here may be called from any thread, also after the task has ended; call-backs of the
// network and of user code keep it alive. The task takes its mail between two steps.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>

#include <weir/internal/chain.h>
#include <weir/status.h>

#include "common/mutex.h"
#include "taskmanager/task/task_description.h"
#include "taskmanager/task/wake_signal.h"

namespace weir::task {

class TaskMailbox final : public internal::Availability {
 public:
  // `wake` is raised whenever there is something for the task.
  explicit TaskMailbox(std::shared_ptr<WakeSignal> wake) : wake_(std::move(wake)) {}

  // A reader, a sink writer or a channel has something for the task, or room.
  void NotifyAvailable() override;
  // Emits drop from now on; the task ends at its next step.
  void Cancel();
  // Something outside the task's thread went wrong (a connection was lost). The first one counts.
  void Fail(Status status);
  // Events of coordinators, in order.
  void Post(CoordinatorEvent event);

  bool canceled() const { return canceled_.load(std::memory_order_acquire); }
  bool failed() const { return failed_.load(std::memory_order_acquire); }

  // The task's thread only.
  // Whether NotifyAvailable() was called since the last time.
  bool TakeNotified() {
    return notified_.load(std::memory_order_relaxed) &&
           notified_.exchange(false, std::memory_order_acq_rel);
  }
  bool HasEvents() const { return has_events_.load(std::memory_order_acquire); }
  std::optional<CoordinatorEvent> TakeEvent();
  Status failure() const;

 private:
  const std::shared_ptr<WakeSignal> wake_;
  std::atomic<bool> notified_{false};
  std::atomic<bool> canceled_{false};
  std::atomic<bool> failed_{false};
  std::atomic<bool> has_events_{false};
  mutable Mutex mutex_;
  std::deque<CoordinatorEvent> events_ WEIR_GUARDED_BY(mutex_);
  Status failure_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::task
