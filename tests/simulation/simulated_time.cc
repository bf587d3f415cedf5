#include "tests/simulation/simulated_time.h"

#include <algorithm>

namespace weir::simulation {

void SimulatedTime::After(std::int64_t delay_ns, std::function<void()> function) {
  events_.push_back({.due_ns = now_ns() + std::max<std::int64_t>(delay_ns, 0),
                     .number = next_number_++,
                     .function = std::move(function)});
  std::push_heap(events_.begin(), events_.end(), Later());
}

bool SimulatedTime::RunNext(std::int64_t until_ns) {
  if (events_.empty() || events_.front().due_ns > until_ns) {
    clock_.AdvanceNanos(std::max<std::int64_t>(until_ns - now_ns(), 0));
    return false;
  }
  std::pop_heap(events_.begin(), events_.end(), Later());
  const Event event = std::move(events_.back());
  events_.pop_back();
  clock_.AdvanceNanos(event.due_ns - now_ns());
  event.function();
  return true;
}

void SimulatedLoop::Post(std::function<void()> function) {
  if (latency_) {
    busy_until_ns_ = std::max(busy_until_ns_, time_.now_ns()) + latency_();
  } else {
    busy_until_ns_ = time_.now_ns();
  }
  time_.After(busy_until_ns_ - time_.now_ns(),
              [alive = std::weak_ptr(timers_), function = std::move(function)] {
                if (!alive.expired()) function();
              });
}

TimerId SimulatedLoop::Schedule(std::int64_t delay_ms, std::function<void()> function) {
  const TimerId timer = ++last_timer_;
  timers_->emplace(timer, std::move(function));
  time_.After(delay_ms * kMilli, [timer, weak = std::weak_ptr(timers_)] {
    const auto timers = weak.lock();
    if (timers == nullptr) return;
    const auto node = timers->extract(timer);
    if (!node.empty()) node.mapped()();
  });
  return timer;
}

bool SimulatedLoop::Cancel(TimerId timer) {
  return timers_->erase(timer) > 0;
}

}  // namespace weir::simulation
