// Clock: where the engine gets its time from, so that tests and the simulation can decide what time
// it is.
//
// Time-outs, intervals and leases are measured on the monotonic clock, which no administrator can
// set back. The wall clock is for what people and other systems read. Nothing else in the engine
// asks for the time.
#pragma once

#include <cstdint>

namespace weir {

class Clock {
 public:
  virtual ~Clock() = default;

  // Nanoseconds since an arbitrary moment; never goes back. Any thread.
  virtual std::int64_t MonotonicNanos() const = 0;

  // Milliseconds since 1970-01-01 UTC; can jump either way. Any thread.
  virtual std::int64_t WallMillis() const = 0;

  std::int64_t MonotonicMillis() const { return MonotonicNanos() / 1'000'000; }
};

// The machine's clocks. The object lives until the process ends. MonotonicNanos is
// std::chrono::steady_clock, so that CondVar::WaitUntil takes what it returns.
Clock& SystemClock();

}  // namespace weir
