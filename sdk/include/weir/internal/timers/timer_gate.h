// Lets an operator fire a burst of timers a part at a time: while the gate is closed, whatever
// comes to the operator waits, in order, and goes on when the last due timer has fired. So a
// watermark leaves the operator behind everything that its timers emitted, and no record overtakes
// a timer.
//
// The chain takes no input meanwhile (Chain::timers_due()); what may still come is the rest of the
// step that began the burst: a status behind the watermark, the next blocks of a batch.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

#include <weir/internal/operator.h>

namespace weir::internal {

// Timers that are fired in one step: some tenths of a millisecond for small functions.
inline constexpr std::uint32_t kTimersPerStep = 1024;

// The task's thread.
class TimerGate {
 public:
  explicit TimerGate(const OperatorContext& context) : context_(context) {}

  // What comes now must wait.
  bool closed() const { return closed_ || !waiting_.empty(); }
  // `element` handles what came; it may Close() the gate again. True: there are too many; then call
  // Pass() until the gate is open.
  bool Wait(std::function<void()> element) {
    waiting_.push_back(std::move(element));
    return waiting_.size() >= kMaximumWaiting;
  }
  // Timers became due. `then` is called when they have been fired, before what waits.
  void Close(std::function<void()> then) {
    closed_ = true;
    then_ = std::move(then);
  }
  void Close() { closed_ = true; }

  // Lets pass what may: fire(count) fires due timers, looking at `count` at most, which it reduces,
  // and returns true when none is due any more. One step's share.
  template <class Fire>
  void Pass(Fire&& fire) {
    std::uint32_t count = kTimersPerStep;
    while (closed()) {
      if (closed_) {
        if (!fire(count)) break;
        closed_ = false;
        if (then_) std::exchange(then_, nullptr)();
      } else {
        const std::function<void()> element = std::move(waiting_.front());
        waiting_.pop_front();
        element();
      }
    }
    context_.SetTimersDue(closed());
  }

 private:
  // What a step brings behind a burst is a few elements; but a function that emits without end may
  // be in front of an operator that makes watermarks of it.
  static constexpr std::size_t kMaximumWaiting = 256;

  const OperatorContext context_;
  bool closed_ = false;
  std::function<void()> then_;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace weir::internal
