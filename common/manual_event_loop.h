// ManualEventLoop: an event loop that runs only when told to, on the caller's thread. For tests and
// the simulation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include "common/event_loop.h"
#include "common/event_queue.h"
#include "common/manual_clock.h"
#include "common/mutex.h"

namespace weir {

// The thread that constructs it is the loop's thread: it alone calls RunOne, RunUntilIdle,
// AdvanceTo and AdvanceBy. Several loops may share a clock: ask each for NextDueNanos, move the
// clock to the least, run each until idle.
class ManualEventLoop final : public EventLoop {
 public:
  // `clock` outlives the loop.
  explicit ManualEventLoop(ManualClock& clock)
      : clock_(clock), thread_id_(std::this_thread::get_id()) {}

  // Runs the next function, if one is posted or due at the clock's present reading; returns whether
  // it did.
  bool RunOne();

  // Runs until nothing is posted or due, also what gets posted meanwhile. Returns how many
  // functions ran. The clock does not move.
  std::size_t RunUntilIdle();

  // Runs until idle, then moves the clock from one timer to the next and runs each at exactly its
  // due time, up to and including `monotonic_ns`, where the clock then stands. Returns how many
  // functions ran.
  std::size_t AdvanceTo(std::int64_t monotonic_ns);
  std::size_t AdvanceBy(std::int64_t millis) {
    return AdvanceTo(clock_.MonotonicNanos() + millis * 1'000'000);
  }

  // When the earliest timer is due; none without timers.
  std::optional<std::int64_t> NextDueNanos();
  // Whether nothing is posted and no timer is due now.
  bool Idle();

  void Post(std::function<void()> function) override;
  TimerId Schedule(std::int64_t delay_ms, std::function<void()> function) override;
  bool Cancel(TimerId timer) override;
  bool InLoopThread() const override { return std::this_thread::get_id() == thread_id_; }

 private:
  ManualClock& clock_;
  const std::thread::id thread_id_;
  Mutex mutex_;
  EventQueue queue_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir
