#include "common/event_queue.h"

#include <algorithm>

namespace weir {

std::int64_t DueNanos(std::int64_t now_ns, std::int64_t delay_ms) {
  constexpr std::int64_t kCenturyMs = INT64_C(36525) * 24 * 3600 * 1000;
  return now_ns + std::clamp<std::int64_t>(delay_ms, 0, kCenturyMs) * 1'000'000;
}

void EventQueue::Post(std::function<void()> function) {
  posted_.push_back(std::move(function));
}

TimerId EventQueue::Schedule(std::int64_t due_ns, std::function<void()> function) {
  const TimerId timer = ++last_timer_;
  timers_.emplace(TimerKey(due_ns, timer), std::move(function));
  due_of_timer_.emplace(timer, due_ns);
  return timer;
}

std::function<void()> EventQueue::Cancel(TimerId timer) {
  const auto due = due_of_timer_.find(timer);
  if (due == due_of_timer_.end()) return nullptr;
  auto node = timers_.extract(TimerKey(due->second, timer));
  due_of_timer_.erase(due);
  return std::move(node.mapped());
}

std::optional<std::function<void()>> EventQueue::TakeNext(std::int64_t now_ns) {
  const bool timer_due = !timers_.empty() && timers_.begin()->first.first <= now_ns;
  if (timer_due && (posted_.empty() || !timer_ran_last_)) {
    timer_ran_last_ = true;
    auto node = timers_.extract(timers_.begin());
    due_of_timer_.erase(node.key().second);
    return std::move(node.mapped());
  }
  timer_ran_last_ = false;
  if (posted_.empty()) return std::nullopt;
  std::function<void()> function = std::move(posted_.front());
  posted_.pop_front();
  return function;
}

std::optional<std::int64_t> EventQueue::NextDueNanos() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

EventQueue EventQueue::TakeAll() {
  EventQueue taken;
  std::swap(taken.posted_, posted_);
  std::swap(taken.timers_, timers_);
  std::swap(taken.due_of_timer_, due_of_timer_);
  return taken;
}

}  // namespace weir
