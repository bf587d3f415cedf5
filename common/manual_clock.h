// ManualClock: a clock that stands still until somebody moves it. For tests and the simulation.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/clock.h"

namespace weir {

// Reads and advances from any thread. Both readings move together, until SetWallMillis parts them
// (to play an administrator who sets the wall clock).
class ManualClock final : public Clock {
 public:
  ManualClock() = default;
  ManualClock(std::int64_t monotonic_ns, std::int64_t wall_ms)
      : monotonic_ns_(monotonic_ns), wall_ns_(wall_ms * 1'000'000) {}

  std::int64_t MonotonicNanos() const override { return monotonic_ns_.load(); }
  std::int64_t WallMillis() const override { return wall_ns_.load() / 1'000'000; }

  void AdvanceNanos(std::int64_t nanos) {
    monotonic_ns_.fetch_add(nanos);
    wall_ns_.fetch_add(nanos);
  }
  void AdvanceMillis(std::int64_t millis) { AdvanceNanos(millis * 1'000'000); }
  void SetWallMillis(std::int64_t wall_ms) { wall_ns_.store(wall_ms * 1'000'000); }

 private:
  std::atomic<std::int64_t> monotonic_ns_{0};
  std::atomic<std::int64_t> wall_ns_{0};
};

}  // namespace weir
