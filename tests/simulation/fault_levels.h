// How bad things are at present. Everything that takes time or may fail in a simulation asks here.
#pragma once

#include <cstdint>

#include "tests/simulation/simulated_time.h"

namespace weir::simulation {

struct FaultLevels {
  // Off: nothing fails and everything is quick.
  bool on = false;
  std::int64_t message_ms = 5;      // a message takes up to this long
  std::int64_t stalls_of_1000 = 5;  // messages that take up to a second
  std::int64_t disk_ms = 10;        // an operation of a pool or of the JobManager's disk
  std::int64_t slow_of_1000 = 20;   // those that take up to two seconds
  std::int64_t call_of_1000 = 2;    // turns of a slot that a user call takes up to a second of
  std::int64_t disk_errors_of_10000 = 5;
  std::int64_t snapshot_errors_of_1000 = 5;

  std::int64_t Message(SimulatedTime& time) const {
    if (!on) return time.Below(kMilli);
    if (time.Chance(stalls_of_1000, 1000)) return time.Below(1'000 * kMilli);
    return time.Below(message_ms * kMilli + 1);
  }
  std::int64_t Disk(SimulatedTime& time) const {
    if (!on) return time.Below(2 * kMilli);
    if (time.Chance(slow_of_1000, 1000)) return time.Below(2'000 * kMilli);
    return time.Below(disk_ms * kMilli + 1);
  }
  std::int64_t Turn(SimulatedTime& time) const {
    if (on && time.Chance(call_of_1000, 1000)) return time.Below(1'000 * kMilli);
    return time.Below(500 * kMicro);
  }
};

}  // namespace weir::simulation
