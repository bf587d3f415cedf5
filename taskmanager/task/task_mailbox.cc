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

void TaskMailbox::MarkMail() {
  has_mail_.store(!ordered_.empty() || !ends_.empty() || announced_, std::memory_order_release);
}

void TaskMailbox::Post(CoordinatorEvent event) {
  {
    MutexLock lock(mutex_);
    ordered_.emplace_back(std::move(event));
    MarkMail();
  }
  wake_->Raise();
}

bool TaskMailbox::Trigger(const internal::Barrier& barrier) {
  {
    MutexLock lock(mutex_);
    if (!takes_triggers_) return false;
    ordered_.emplace_back(barrier);
    MarkMail();
  }
  wake_->Raise();
  return true;
}

void TaskMailbox::Announce(const internal::Barrier& barrier) {
  {
    MutexLock lock(mutex_);
    announced_ = barrier;
    MarkMail();
  }
  wake_->Raise();
}

void TaskMailbox::Post(const CheckpointEnd& end) {
  {
    MutexLock lock(mutex_);
    if (!end.complete) {
      std::erase_if(ordered_, [&](const Ordered& mail) {
        const auto* trigger = std::get_if<internal::Barrier>(&mail);
        return trigger != nullptr && trigger->checkpoint_id == end.checkpoint_id;
      });
      if (announced_ && announced_->checkpoint_id == end.checkpoint_id) announced_.reset();
    }
    ends_.push_back(end);
    MarkMail();
  }
  wake_->Raise();
}

void TaskMailbox::NotifySaved() {
  wake_->Raise();
}

std::optional<CheckpointEnd> TaskMailbox::TakeCheckpointEnd() {
  MutexLock lock(mutex_);
  if (ends_.empty()) return std::nullopt;
  const CheckpointEnd end = ends_.front();
  ends_.pop_front();
  MarkMail();
  return end;
}

std::optional<internal::Barrier> TaskMailbox::TakeAnnounced(std::uint64_t newest) {
  MutexLock lock(mutex_);
  if (!announced_ || announced_->checkpoint_id > newest) return std::nullopt;
  const std::optional<internal::Barrier> announced = std::exchange(announced_, std::nullopt);
  MarkMail();
  return announced;
}

std::optional<TaskMailbox::Ordered> TaskMailbox::TakeOrdered(bool takes_triggers) {
  MutexLock lock(mutex_);
  if (ordered_.empty()) return std::nullopt;
  if (!takes_triggers && std::holds_alternative<internal::Barrier>(ordered_.front())) {
    return std::nullopt;
  }
  Ordered mail = std::move(ordered_.front());
  ordered_.pop_front();
  MarkMail();
  return mail;
}

std::vector<internal::Barrier> TaskMailbox::CloseTriggers() {
  MutexLock lock(mutex_);
  takes_triggers_ = false;
  std::vector<internal::Barrier> triggers;
  for (const Ordered& mail : ordered_) {
    if (const auto* trigger = std::get_if<internal::Barrier>(&mail)) triggers.push_back(*trigger);
  }
  return triggers;
}

Status TaskMailbox::failure() const {
  MutexLock lock(mutex_);
  return failure_;
}

}  // namespace weir::task
