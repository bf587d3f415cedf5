#include "common/manual_event_loop.h"

#include <algorithm>
#include <utility>

namespace weir {

bool ManualEventLoop::RunOne() {
  std::optional<std::function<void()>> function;
  {
    MutexLock lock(mutex_);
    function = queue_.TakeNext(clock_.MonotonicNanos());
  }
  if (!function) return false;
  (*function)();
  return true;
}

std::size_t ManualEventLoop::RunUntilIdle() {
  std::size_t count = 0;
  while (RunOne()) ++count;
  return count;
}

std::size_t ManualEventLoop::AdvanceTo(std::int64_t monotonic_ns) {
  std::size_t count = RunUntilIdle();
  for (;;) {
    const std::optional<std::int64_t> due_ns = NextDueNanos();
    const std::int64_t next_ns = due_ns ? std::min(*due_ns, monotonic_ns) : monotonic_ns;
    const std::int64_t now_ns = clock_.MonotonicNanos();
    if (next_ns > now_ns) clock_.AdvanceNanos(next_ns - now_ns);
    count += RunUntilIdle();
    if (next_ns >= monotonic_ns) return count;
  }
}

std::optional<std::int64_t> ManualEventLoop::NextDueNanos() {
  MutexLock lock(mutex_);
  return queue_.NextDueNanos();
}

bool ManualEventLoop::Idle() {
  MutexLock lock(mutex_);
  const std::optional<std::int64_t> due_ns = queue_.NextDueNanos();
  return !queue_.HasPosted() && (!due_ns || *due_ns > clock_.MonotonicNanos());
}

void ManualEventLoop::Post(std::function<void()> function) {
  MutexLock lock(mutex_);
  queue_.Post(std::move(function));
}

TimerId ManualEventLoop::Schedule(std::int64_t delay_ms, std::function<void()> function) {
  MutexLock lock(mutex_);
  return queue_.Schedule(DueNanos(clock_.MonotonicNanos(), delay_ms), std::move(function));
}

bool ManualEventLoop::Cancel(TimerId timer) {
  std::function<void()> canceled;
  MutexLock lock(mutex_);
  canceled = queue_.Cancel(timer);
  return canceled != nullptr;
}

}  // namespace weir
