#include "taskmanager/task/slot.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::task {

Slot::Slot(ThreadPool& pool, const Clock& clock, SlotPageEntry* entry,
           std::uint32_t spins_before_sleep)
    : pool_(pool),
      clock_(clock),
      entry_(entry),
      spins_before_sleep_(spins_before_sleep),
      wake_(std::make_shared<WakeSignal>()) {}

Status Slot::Add(std::shared_ptr<Task> task) {
  Baton::Effect effect;
  {
    MutexLock lock(mutex_);
    incoming_.push_back(task);
    has_incoming_.store(true, std::memory_order_release);
    effect = baton_.Start();
  }
  wake_->Raise();
  if (effect != Baton::Effect::kStartThread) return Status::Ok();
  const Status started = pool_.Run([self = shared_from_this()] { self->Run(); });
  if (started.ok()) return started;
  MutexLock lock(mutex_);
  baton_.StartFailed();
  std::erase(incoming_, task);
  return started;
}

void Slot::Run() {
  {
    MutexLock lock(mutex_);
    baton_.Arrive();
  }
  now_ns_ = clock_.MonotonicNanos();
  while (Turn()) {
  }
}

bool Slot::Turn() {
  if (cursor_ >= seats_.size()) return EndRound();
  Seat& seat = seats_[cursor_++];
  if (seat.frame == nullptr) {
    // A copy: while the step is parked the seats may change.
    const std::shared_ptr<Task> task = seat.task;
    StepTask(task);
    return true;
  }
  if (!seat.frame->call->MayResume()) return true;
  progress_ = true;
  return Grant(seat);
}

void Slot::StepTask(const std::shared_ptr<Task>& task) {
  const StepOutcome outcome = task->Step(entry_, now_ns_);
  switch (outcome) {
    case StepOutcome::kProgress:
      progress_ = true;
      break;
    case StepOutcome::kDone:
      progress_ = true;
      Remove(*task);
      task->Retire();
      now_ns_ = clock_.MonotonicNanos();
      return;
    case StepOutcome::kIdle:
    case StepOutcome::kBlocked:
      break;
  }
  now_ns_ = task->stepped_ns();
}

void Slot::Remove(const Task& task) {
  const auto seat = std::find_if(seats_.begin(), seats_.end(),
                                 [&](const Seat& other) { return other.task.get() == &task; });
  if (static_cast<std::size_t>(seat - seats_.begin()) < cursor_) --cursor_;
  seats_.erase(seat);
}

bool Slot::EndRound() {
  if (has_incoming_.load(std::memory_order_acquire)) AcceptTasks();
  cursor_ = 0;
  if (seats_.empty() && LeaveIfEmpty()) return false;
  if (!progress_) Sleep();
  progress_ = false;
  // Before the tasks are looked at again: what is raised from here on is seen by the next Sleep().
  wake_->Clear();
  return true;
}

void Slot::AcceptTasks() {
  MutexLock lock(mutex_);
  has_incoming_.store(false, std::memory_order_release);
  for (std::shared_ptr<Task>& task : incoming_) seats_.push_back({.task = std::move(task)});
  incoming_.clear();
  // Vertices are in topological order.
  std::sort(seats_.begin(), seats_.end(), [](const Seat& left, const Seat& right) {
    return left.task->attempt() > right.task->attempt();
  });
  progress_ = true;
}

bool Slot::LeaveIfEmpty() {
  MutexLock lock(mutex_);
  if (!incoming_.empty()) return false;
  const Baton::Effect effect = baton_.Leave();
  if (effect == Baton::Effect::kDismissSpare) {
    Settle(*std::exchange(spare_, nullptr), Waiter::Fate::kDismissed);
  }
  return true;
}

void Slot::Sleep() {
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  std::optional<std::int64_t> deadline_ns;
  for (const Seat& seat : seats_) {
    if (seat.frame != nullptr) continue;
    const std::optional<std::int64_t> wake_ns = seat.task->next_wake_ns();
    if (wake_ns && (!deadline_ns || *wake_ns < *deadline_ns)) deadline_ns = wake_ns;
  }
  std::int64_t timeout_ms = -1;
  if (deadline_ns) {
    timeout_ms = std::max<std::int64_t>((*deadline_ns - now_ns_) / kNanosPerMilli + 1, 1);
  }
  wake_->Wait(spins_before_sleep_, timeout_ms);
  now_ns_ = clock_.MonotonicNanos();
}

void Slot::Settle(Waiter& waiter, Waiter::Fate fate) {
  waiter.fate = fate;
  waiter.changed.SignalOne();
}

bool Slot::Grant(Seat& seat) {
  MutexLock lock(mutex_);
  Frame& frame = *std::exchange(seat.frame, nullptr);
  const Baton::Effect effect = baton_.Grant();
  Settle(frame.waiter, Waiter::Fate::kHolds);
  if (effect == Baton::Effect::kLeave) return false;
  Waiter self;
  spare_ = &self;
  while (self.fate == Waiter::Fate::kWaiting) self.changed.Wait(mutex_);
  return self.fate == Waiter::Fate::kHolds;
}

bool Slot::ParkAlone(ParkedCall& call) {
  // With nobody else to run there is no need for another thread.
  while (seats_.size() == 1 && !has_incoming_.load(std::memory_order_acquire)) {
    wake_->Clear();
    if (call.MayResume()) return true;
    wake_->Wait(spins_before_sleep_, -1);
  }
  return false;
}

Status Slot::Park(ParkedCall& call) {
  if (ParkAlone(call)) return Status::Ok();
  const auto seat = std::find_if(seats_.begin(), seats_.end(), [&](const Seat& other) {
    return &other.task->context() == &call;
  });
  Frame frame{.call = &call};
  Baton::Effect effect;
  // What the call waits for may be there already: it is looked at before anybody sleeps.
  progress_ = true;
  {
    MutexLock lock(mutex_);
    seat->frame = &frame;
    effect = baton_.Park();
    if (effect == Baton::Effect::kWakeSpare) {
      Settle(*std::exchange(spare_, nullptr), Waiter::Fate::kHolds);
    }
  }
  if (effect == Baton::Effect::kStartThread) {
    const Status started = pool_.Run([self = shared_from_this()] { self->Run(); });
    if (!started.ok()) {
      MutexLock lock(mutex_);
      baton_.StartFailed();
      seat->frame = nullptr;
      return started;
    }
  }
  MutexLock lock(mutex_);
  while (frame.waiter.fate == Waiter::Fate::kWaiting) frame.waiter.changed.Wait(mutex_);
  return Status::Ok();
}

}  // namespace weir::task
