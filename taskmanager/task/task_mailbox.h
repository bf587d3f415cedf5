// What other threads want of a task: the only thing of it they touch.
//
// Everything here may be called from any thread, also after the task has ended; call-backs of the
// network and of user code keep it alive. The task takes its mail between two steps.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/status.h>

#include "common/mutex.h"
#include "taskmanager/task/task_description.h"
#include "taskmanager/task/wake_signal.h"

namespace weir::task {

// Whether a checkpoint became complete, or never will.
struct CheckpointEnd {
  std::uint64_t checkpoint_id = 0;
  bool complete = false;
  bool operator==(const CheckpointEnd&) const = default;
};

class TaskMailbox final : public internal::Availability {
 public:
  // What must be done in the order in which it came: what a coordinator sends after it was
  // snapshotted for a checkpoint belongs behind that checkpoint's barrier.
  using Ordered = std::variant<CoordinatorEvent, internal::Barrier>;

  // `wake` is raised whenever there is something for the task.
  explicit TaskMailbox(std::shared_ptr<WakeSignal> wake) : wake_(std::move(wake)) {}

  // A reader, a sink writer or a channel has something for the task, or room.
  void NotifyAvailable() override;
  // Emits drop from now on; the task ends at its next step.
  void Cancel();
  // Something outside the task's thread went wrong (a connection was lost). The first one counts.
  void Fail(Status status);
  // Events of coordinators, and triggers of checkpoints, in order.
  void Post(CoordinatorEvent event);
  // False: the task has ended and takes no triggers.
  bool Trigger(const internal::Barrier& barrier);
  // Overtakes events and triggers: the checkpoint does not wait for barriers. The newest counts.
  void Announce(const internal::Barrier& barrier);
  // Overtakes events and triggers. An aborted checkpoint's trigger or announcement that still waits
  // is dropped.
  void Post(const CheckpointEnd& end);
  // The frozen state of the task is written, or will not be.
  void NotifySaved();

  bool canceled() const { return canceled_.load(std::memory_order_acquire); }
  bool failed() const { return failed_.load(std::memory_order_acquire); }

  // The task's thread only.
  // Whether NotifyAvailable() was called since the last time.
  bool TakeNotified() {
    return notified_.load(std::memory_order_relaxed) &&
           notified_.exchange(false, std::memory_order_acq_rel);
  }
  // Whether there is anything to take below.
  bool HasMail() const { return has_mail_.load(std::memory_order_acquire); }
  std::optional<CheckpointEnd> TakeCheckpointEnd();
  // Of a checkpoint up to `newest`.
  std::optional<internal::Barrier> TakeAnnounced(std::uint64_t newest);
  // The next in order. Without `takes_triggers` a trigger stays, and what is behind it.
  std::optional<Ordered> TakeOrdered(bool takes_triggers);
  // From now on Trigger() says false. Those that wait.
  std::vector<internal::Barrier> CloseTriggers();
  Status failure() const;

 private:
  void MarkMail() WEIR_REQUIRES(mutex_);

  const std::shared_ptr<WakeSignal> wake_;
  std::atomic<bool> notified_{false};
  std::atomic<bool> canceled_{false};
  std::atomic<bool> failed_{false};
  std::atomic<bool> has_mail_{false};
  mutable Mutex mutex_;
  std::deque<Ordered> ordered_ WEIR_GUARDED_BY(mutex_);
  std::deque<CheckpointEnd> ends_ WEIR_GUARDED_BY(mutex_);
  std::optional<internal::Barrier> announced_ WEIR_GUARDED_BY(mutex_);
  bool takes_triggers_ WEIR_GUARDED_BY(mutex_) = true;
  Status failure_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::task
