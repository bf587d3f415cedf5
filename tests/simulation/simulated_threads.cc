#include "tests/simulation/simulated_threads.h"

#include <algorithm>
#include <utility>

namespace weir::simulation {

using task::StepOutcome;
using task::Task;

class SimulatedThreads::Slot final : public task::TaskRunner,
                                     public std::enable_shared_from_this<Slot> {
 public:
  explicit Slot(SimulatedThreads& threads)
      : threads_(threads), wake_(std::make_shared<task::WakeSignal>()) {}

  const std::shared_ptr<task::WakeSignal>& wake() const { return wake_; }
  const std::vector<std::shared_ptr<Task>>& tasks() const { return tasks_; }

  Status Add(std::shared_ptr<Task> task) override {
    tasks_.push_back(std::move(task));
    wake_->Raise();
    return Status::Ok();
  }
  // There is one stack. The simulated job emits less at a time than an overdraft holds.
  Status Park(task::ParkedCall&) override {
    return Status::Internal("a task of the simulation parked");
  }
  bool RunsOthers() const override { return false; }

  void WakeIfRaised() {
    if (!turn_scheduled_ && wake_->raised()) ScheduleTurn(threads_.speeds_.turn());
  }

  // A step of each task, in any order.
  void Turn() {
    wake_->Clear();
    std::vector<std::shared_ptr<Task>> order = tasks_;
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(
          order[i - 1],
          order[static_cast<std::size_t>(threads_.time_.Below(static_cast<std::int64_t>(i)))]);
    }
    bool progress = false;
    for (const std::shared_ptr<Task>& task : order) progress |= Step(task);
    if (progress) {
      ScheduleTurn(threads_.speeds_.turn());
    } else {
      ScheduleTimer();
    }
  }

  // Steps until all have ended. Only where all are canceled.
  void RunOut() {
    while (!tasks_.empty()) Step(tasks_.back());
  }

 private:
  bool Step(std::shared_ptr<Task> task) {
    const void* const before = std::exchange(threads_.stepping_, task.get());
    const StepOutcome outcome = task->Step(nullptr, threads_.time_.now_ns());
    if (outcome == StepOutcome::kDone) {
      std::erase(tasks_, task);
      task->Retire();
    }
    threads_.stepping_ = before;
    return outcome == StepOutcome::kProgress || outcome == StepOutcome::kDone;
  }

  void ScheduleTurn(std::int64_t delay_ns) {
    turn_scheduled_ = true;
    const std::uint64_t turn = ++turn_;
    threads_.time_.After(delay_ns, [weak = weak_from_this(), turn] {
      const auto self = weak.lock();
      if (self == nullptr || self->turn_ != turn) return;
      self->turn_scheduled_ = false;
      self->Turn();
    });
  }

  // A turn by the clock alone; one that is raised for comes before it.
  void ScheduleTimer() {
    std::optional<std::int64_t> due_ns;
    for (const std::shared_ptr<Task>& task : tasks_) {
      const std::optional<std::int64_t> wake_ns = task->next_wake_ns();
      if (wake_ns && (!due_ns || *wake_ns < *due_ns)) due_ns = wake_ns;
    }
    if (!due_ns) return;
    const std::uint64_t turn = ++turn_;
    threads_.time_.After(std::max<std::int64_t>(*due_ns - threads_.time_.now_ns(), kMicro),
                         [weak = weak_from_this(), turn] {
                           const auto self = weak.lock();
                           if (self != nullptr && self->turn_ == turn) self->Turn();
                         });
  }

  SimulatedThreads& threads_;
  const std::shared_ptr<task::WakeSignal> wake_;
  std::vector<std::shared_ptr<Task>> tasks_;
  bool turn_scheduled_ = false;
  std::uint64_t turn_ = 0;  // the last that was scheduled; earlier ones do not take place
};

SimulatedThreads::SimulatedThreads(SimulatedTime& time, WorkerSpeeds speeds)
    : time_(time), speeds_(std::move(speeds)) {}

SimulatedThreads::~SimulatedThreads() = default;

Status SimulatedThreads::Run(std::function<void()> work) {
  const std::uint64_t number = ++last_work_;
  work_[number] = {.task = stepping_, .function = std::move(work)};
  if (ending_) return Status::Ok();
  time_.After(speeds_.pooled_work(), [this, alive = std::weak_ptr(alive_), number] {
    if (!alive.expired()) RunDue(number);
  });
  return Status::Ok();
}

void SimulatedThreads::RunDue(std::uint64_t number) {
  const auto due = work_.find(number);
  if (due == work_.end()) return;
  const void* const task = due->second.task;
  // What the task gave before comes first.
  for (auto next = work_.begin(); next != work_.end() && next->first <= number;) {
    if (next->first != number && (task == nullptr || next->second.task != task)) {
      ++next;
      continue;
    }
    const Work work = std::move(next->second);
    next = work_.erase(next);
    const void* const before = std::exchange(stepping_, work.task);
    work.function();
    stepping_ = before;
  }
}

task::TaskThreads::SlotThread SimulatedThreads::MakeSlot() {
  auto slot = std::make_shared<Slot>(*this);
  std::erase_if(slots_, [](const std::weak_ptr<Slot>& other) { return other.expired(); });
  slots_.push_back(slot);
  return {.runner = slot, .wake = slot->wake()};
}

void SimulatedThreads::Wake() {
  for (const std::weak_ptr<Slot>& weak : slots_) {
    if (const auto slot = weak.lock()) slot->WakeIfRaised();
  }
}

void SimulatedThreads::EndAll() {
  ending_ = true;
  const auto run_work = [this] {
    while (!work_.empty()) RunDue(work_.begin()->first);
  };
  // Chains that are being opened come to their slots.
  run_work();
  for (const std::weak_ptr<Slot>& weak : slots_) {
    const auto slot = weak.lock();
    if (slot == nullptr) continue;
    for (const std::shared_ptr<Task>& task : slot->tasks()) task->Cancel();
    slot->RunOut();
  }
  run_work();
}

}  // namespace weir::simulation
