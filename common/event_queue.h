// EventQueue: what an event loop has to run and in which order. No thread, no clock, no lock: the
// loops add those, and so all of them keep the same order (common/event_loop.h).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/event_loop.h"

namespace weir {

// When a timer of this delay is due; delays below zero are zero, those above a century are a
// century (so that no sum overflows).
std::int64_t DueNanos(std::int64_t now_ns, std::int64_t delay_ms);

class EventQueue {
 public:
  void Post(std::function<void()> function);

  // `due_ns` on the clock whose readings TakeNext is given.
  TimerId Schedule(std::int64_t due_ns, std::function<void()> function);

  // Returns the timer's function, to be destroyed outside the caller's lock; empty if it was not
  // waiting. What is scheduled must not be empty.
  std::function<void()> Cancel(TimerId timer);

  // Removes what has to run next at `now_ns`; none when no function is posted and no timer is due.
  std::optional<std::function<void()>> TakeNext(std::int64_t now_ns);

  // When the earliest timer is due; none without timers.
  std::optional<std::int64_t> NextDueNanos() const;

  bool HasPosted() const { return !posted_.empty(); }

  // Empties the queue and hands over what was in it, to be destroyed outside the caller's lock.
  EventQueue TakeAll();

 private:
  using TimerKey = std::pair<std::int64_t, TimerId>;  // due time, then order of scheduling

  std::deque<std::function<void()>> posted_;
  std::map<TimerKey, std::function<void()>> timers_;
  std::unordered_map<TimerId, std::int64_t> due_of_timer_;
  TimerId last_timer_ = kNoTimer;
  bool timer_ran_last_ = false;
};

}  // namespace weir
