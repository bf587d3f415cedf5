// A slot: some tasks and a baton. Whichever thread holds the baton steps the tasks in turn,
// downstream ones first, so that a batch is consumed while it is in the cache.
//
// A task is stepped at most once per round. A call that overflows parks (task_runner.h): its thread
// keeps its stack, another one goes on with the round where it was and grants the baton back, in
// turn, when the call may resume. So no task waits for more than one turn of each other task, and a
// turn is a step, or what a resumed call does until it is out of room or of time (yield interval).
//
// When a round made no progress the holder looks for wake-ups for a moment, then sleeps. A slot
// without tasks has no thread.
//
// Thread rules: everything is private to the holder of the baton, whose hand-over goes through
// mutex_, except what mutex_ guards and the wake signal. Slots are owned by shared pointers: their
// threads hold one.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "taskmanager/task/baton.h"
#include "taskmanager/task/slot_page.h"
#include "taskmanager/task/task.h"
#include "taskmanager/task/task_runner.h"
#include "taskmanager/task/thread_pool.h"
#include "taskmanager/task/wake_signal.h"

namespace weir::task {

class Slot final : public TaskRunner, public std::enable_shared_from_this<Slot> {
 public:
  // `pool` and `clock` live longer. `entry` (may be null) shows what the slot runs.
  Slot(ThreadPool& pool, const Clock& clock, SlotPageEntry* entry,
       std::uint32_t spins_before_sleep);

  // Raised by whoever has something for one of the tasks.
  const std::shared_ptr<WakeSignal>& wake() const { return wake_; }

  Status Add(std::shared_ptr<Task> task) override;
  Status Park(ParkedCall& call) override;
  bool RunsOthers() const override { return seats_.size() > 1; }

 private:
  // A thread that waits for the baton.
  struct Waiter {
    enum class Fate : std::uint8_t { kWaiting, kHolds, kDismissed };
    CondVar changed;
    Fate fate = Fate::kWaiting;
  };
  struct Frame {
    ParkedCall* call = nullptr;
    Waiter waiter;
  };
  struct Seat {
    std::shared_ptr<Task> task;
    Frame* frame = nullptr;  // while its call is parked
  };

  void Run();
  // One step, one grant or the end of a round. False: the calling thread has lost the baton for
  // good and leaves.
  bool Turn();
  void StepTask(const std::shared_ptr<Task>& task);
  bool Grant(Seat& seat);
  bool EndRound();
  void AcceptTasks();
  bool LeaveIfEmpty();
  void Sleep();
  void Remove(const Task& task);
  bool ParkAlone(ParkedCall& call);
  void Settle(Waiter& waiter, Waiter::Fate fate) WEIR_REQUIRES(mutex_);

  ThreadPool& pool_;
  const Clock& clock_;
  SlotPageEntry* const entry_;
  const std::uint32_t spins_before_sleep_;
  const std::shared_ptr<WakeSignal> wake_;

  // Belong to the holder of the baton.
  std::vector<Seat> seats_;  // by vertex, the last one first
  std::size_t cursor_ = 0;   // whose turn is next in this round, whatever thread goes on with it
  bool progress_ = false;    // in this round
  std::int64_t now_ns_ = 0;  // the last reading of the clock

  std::atomic<bool> has_incoming_{false};
  Mutex mutex_;
  Baton baton_ WEIR_GUARDED_BY(mutex_);
  Waiter* spare_ WEIR_GUARDED_BY(mutex_) = nullptr;
  std::vector<std::shared_ptr<Task>> incoming_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::task
