// ThreadEventLoop: an event loop with a thread of its own. What the servers use.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "common/clock.h"
#include "common/event_loop.h"
#include "common/event_queue.h"
#include "common/mutex.h"

namespace weir {

// Start and Stop are called by the owner, from one thread at a time. What is posted or scheduled
// before Start runs after it.
class ThreadEventLoop final : public EventLoop {
 public:
  // `name` is the thread's name in debuggers and `top` (the kernel keeps 15 characters). `clock`
  // decides when timers are due and outlives the loop. With a clock that does not follow real time,
  // a timer that has become due is noticed at the next Post.
  explicit ThreadEventLoop(std::string name, Clock& clock = SystemClock());
  // Stops.
  ~ThreadEventLoop() override;

  // Once.
  void Start();

  // Lets the function that is running end, runs nothing more and joins the thread. What still waits
  // is destroyed, here. Later calls do nothing. Not from the loop's own thread (aborts: it cannot
  // wait for itself).
  void Stop();

  void Post(std::function<void()> function) override;
  TimerId Schedule(std::int64_t delay_ms, std::function<void()> function) override;
  bool Cancel(TimerId timer) override;
  bool InLoopThread() const override;

 private:
  void Run();

  const std::string name_;
  Clock& clock_;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_{};
  Mutex mutex_;
  CondVar changed_;
  EventQueue queue_ WEIR_GUARDED_BY(mutex_);
  bool stopped_ WEIR_GUARDED_BY(mutex_) = false;
};

}  // namespace weir
