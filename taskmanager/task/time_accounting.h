// How long a task was busy, idle and back-pressured.
//
// Between two readings of the clock (one per step) the task was in one condition: whatever its last
// step came to. So the three add up to the time since it began to run. Written by the thread that
// runs the task; read by any thread, which also counts the time since the last reading.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace weir::task {

enum class TimeUse : std::uint8_t { kBusy = 0, kIdle = 1, kBackPressured = 2 };

class TimeAccounting {
 public:
  struct Times {
    std::int64_t busy_ms = 0;
    std::int64_t idle_ms = 0;
    std::int64_t back_pressured_ms = 0;
  };

  // The task begins to run; waits for its first step.
  void Begin(std::int64_t now_ns) { Publish(now_ns, TimeUse::kIdle, true); }
  // The time since the last call was used for `use`; from now on the task is doing `next`.
  void Account(std::int64_t now_ns, TimeUse use, TimeUse next);
  // As Account, for what was announced as next.
  void Switch(std::int64_t now_ns, TimeUse next) {
    Account(now_ns, static_cast<TimeUse>(current_.load(std::memory_order_relaxed)), next);
  }
  // The task has ended: time stands still.
  void End(std::int64_t now_ns);

  // Any thread.
  Times Read(std::int64_t now_ns) const;

 private:
  void Publish(std::int64_t now_ns, TimeUse next, bool runs);

  // Odd while the words below are written (a sequence lock).
  std::atomic<std::uint32_t> sequence_{0};
  std::array<std::atomic<std::int64_t>, 3> used_ns_{};
  std::atomic<std::int64_t> since_ns_{0};
  std::atomic<std::uint8_t> current_{static_cast<std::uint8_t>(TimeUse::kIdle)};
  std::atomic<bool> runs_{false};
};

}  // namespace weir::task
