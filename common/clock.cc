#include "common/clock.h"

#include <chrono>

namespace weir {

namespace {

class RealClock final : public Clock {
 public:
  std::int64_t MonotonicNanos() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  std::int64_t WallMillis() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace

Clock& SystemClock() {
  // Never destroyed: threads may read it while the process ends.
  static Clock& clock = *new RealClock();
  return clock;
}

}  // namespace weir
