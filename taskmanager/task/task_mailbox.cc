#include "taskmanager/task/task_mailbox.h"

#include <utility>

namespace weir::task {

void TaskMailbox::NotifyAvailable() {
  notified_.store(true, std::memory_order_release);
  wake_->Raise();
}

void TaskMailbox::Cancel() {
  canceled_.store(true, std::memory_order_release);
  wake_->Raise();
}

void TaskMailbox::Fail(Status status) {
  {
    MutexLock lock(mutex_);
    if (failure_.ok()) failure_ = std::move(status);
  }
  failed_.store(true, std::memory_order_release);
  wake_->Raise();
}

void TaskMailbox::Post(CoordinatorEvent event) {
  {
    MutexLock lock(mutex_);
    events_.push_back(std::move(event));
    has_events_.store(true, std::memory_order_release);
  }
  wake_->Raise();
}

std::optional<CoordinatorEvent> TaskMailbox::TakeEvent() {
  MutexLock lock(mutex_);
  if (events_.empty()) return std::nullopt;
  CoordinatorEvent event = std::move(events_.front());
  events_.pop_front();
  has_events_.store(!events_.empty(), std::memory_order_release);
  return event;
}

Status TaskMailbox::failure() const {
  MutexLock lock(mutex_);
  return failure_;
}

}  // namespace weir::task
