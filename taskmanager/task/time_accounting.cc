#include "taskmanager/task/time_accounting.h"

#include <algorithm>

namespace weir::task {

void TimeAccounting::Account(std::int64_t now_ns, TimeUse use, TimeUse next) {
  if (!runs_.load(std::memory_order_relaxed)) return;
  const std::uint32_t sequence = sequence_.load(std::memory_order_relaxed);
  sequence_.store(sequence + 1, std::memory_order_relaxed);
  std::atomic<std::int64_t>& used = used_ns_[static_cast<std::size_t>(use)];
  const std::int64_t passed = now_ns - since_ns_.load(std::memory_order_relaxed);
  // Releases, so that none of them is seen before the odd number.
  used.store(used.load(std::memory_order_relaxed) + std::max<std::int64_t>(passed, 0),
             std::memory_order_release);
  since_ns_.store(now_ns, std::memory_order_release);
  current_.store(static_cast<std::uint8_t>(next), std::memory_order_release);
  sequence_.store(sequence + 2, std::memory_order_release);
}

void TimeAccounting::Publish(std::int64_t now_ns, TimeUse next, bool runs) {
  const std::uint32_t sequence = sequence_.load(std::memory_order_relaxed);
  sequence_.store(sequence + 1, std::memory_order_relaxed);
  since_ns_.store(now_ns, std::memory_order_release);
  current_.store(static_cast<std::uint8_t>(next), std::memory_order_release);
  runs_.store(runs, std::memory_order_release);
  sequence_.store(sequence + 2, std::memory_order_release);
}

void TimeAccounting::End(std::int64_t now_ns) {
  Switch(now_ns, TimeUse::kIdle);
  Publish(now_ns, TimeUse::kIdle, false);
}

TimeAccounting::Times TimeAccounting::Read(std::int64_t now_ns) const {
  std::array<std::int64_t, 3> used{};
  for (;;) {
    const std::uint32_t before = sequence_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < used.size(); ++i)
      used[i] = used_ns_[i].load(std::memory_order_acquire);
    const std::int64_t since = since_ns_.load(std::memory_order_acquire);
    const std::uint8_t current = current_.load(std::memory_order_acquire);
    const bool runs = runs_.load(std::memory_order_acquire);
    if (before % 2 != 0 || sequence_.load(std::memory_order_acquire) != before) continue;
    if (runs) used[current] += std::max<std::int64_t>(now_ns - since, 0);
    break;
  }
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  return {.busy_ms = used[0] / kNanosPerMilli,
          .idle_ms = used[1] / kNanosPerMilli,
          .back_pressured_ms = used[2] / kNanosPerMilli};
}

}  // namespace weir::task
