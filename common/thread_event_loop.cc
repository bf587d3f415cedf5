#include "common/thread_event_loop.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <pthread.h>

namespace weir {

ThreadEventLoop::ThreadEventLoop(std::string name, Clock& clock)
    : name_(std::move(name)), clock_(clock) {}

ThreadEventLoop::~ThreadEventLoop() {
  Stop();
}

void ThreadEventLoop::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ThreadEventLoop::Stop() {
  if (InLoopThread()) {
    std::fprintf(stderr, "event loop '%s' was stopped from its own thread\n", name_.c_str());
    std::abort();
  }
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  // Destroying a function can post again, so not under the lock.
  EventQueue dropped;
  {
    MutexLock lock(mutex_);
    dropped = queue_.TakeAll();
  }
}

void ThreadEventLoop::Post(std::function<void()> function) {
  MutexLock lock(mutex_);
  // The parameter outlives the lock, so what is dropped is destroyed after it.
  if (stopped_) return;
  queue_.Post(std::move(function));
  changed_.SignalOne();
}

TimerId ThreadEventLoop::Schedule(std::int64_t delay_ms, std::function<void()> function) {
  const std::int64_t due_ns = DueNanos(clock_.MonotonicNanos(), delay_ms);
  MutexLock lock(mutex_);
  if (stopped_) return kNoTimer;
  const TimerId timer = queue_.Schedule(due_ns, std::move(function));
  changed_.SignalOne();
  return timer;
}

bool ThreadEventLoop::Cancel(TimerId timer) {
  std::function<void()> canceled;
  MutexLock lock(mutex_);
  canceled = queue_.Cancel(timer);
  return canceled != nullptr;
}

bool ThreadEventLoop::InLoopThread() const {
  return thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

void ThreadEventLoop::Run() {
  thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
  for (;;) {
    std::optional<std::function<void()>> function;
    {
      MutexLock lock(mutex_);
      while (!stopped_) {
        const std::int64_t now_ns = clock_.MonotonicNanos();
        function = queue_.TakeNext(now_ns);
        if (function) break;
        const std::optional<std::int64_t> due_ns = queue_.NextDueNanos();
        if (due_ns) {
          // The remaining time by the loop's clock, waited for on the machine's.
          changed_.WaitUntil(mutex_, SystemClock().MonotonicNanos() + (*due_ns - now_ns));
        } else {
          changed_.Wait(mutex_);
        }
      }
      if (stopped_) break;
    }
    (*function)();
  }
  // Nobody may take a later thread, which can get the same id, for this one.
  thread_id_.store(std::thread::id(), std::memory_order_relaxed);
}

}  // namespace weir
