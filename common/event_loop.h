// EventLoop: one thread that owns some state and runs everything that touches it, one piece after
// the other.
//
// It is the control thread of the JobManager and of the TaskManager: RPC and HTTP threads only post
// to it. What runs in it neither blocks nor throws (an exception ends the process).
//
// Order, the same in every implementation (common/event_queue.h): posted functions run in the order
// in which they were posted; timers run by due time, those of equal due time in the order in which
// they were scheduled; while both are waiting, a due timer and a posted function take turns, so
// neither starves the other.
#pragma once

#include <cstdint>
#include <functional>

namespace weir {

// Names a scheduled timer. Never given twice by one loop; 0 names none.
using TimerId = std::uint64_t;
inline constexpr TimerId kNoTimer = 0;

class EventLoop {
 public:
  virtual ~EventLoop() = default;

  // Has the loop run `function` after everything posted so far. Any thread, the loop's own
  // included. Dropped (and destroyed) when the loop has been stopped.
  virtual void Post(std::function<void()> function) = 0;

  // Has the loop run `function` once, `delay_ms` from now by the loop's clock (at once if not
  // positive, yet never inside this call). Any thread.
  virtual TimerId Schedule(std::int64_t delay_ms, std::function<void()> function) = 0;

  // Takes a timer back and returns whether it was still waiting. False: it has run, is running, was
  // canceled or never was. Called in the loop's thread, it is certain that the function will not
  // run afterwards. Any thread; kNoTimer is allowed.
  virtual bool Cancel(TimerId timer) = 0;

  // Whether the caller may touch what the loop owns.
  virtual bool InLoopThread() const = 0;
};

}  // namespace weir
