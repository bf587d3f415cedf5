// Wakes a slot's thread. Cheap to raise while the slot is awake: one atomic exchange.
//
// The waiter clears the signal, looks at everything that may have work, and waits; a signal raised
// after the clearing makes Wait() return at once, so nothing is missed (an event count).
#pragma once

#include <atomic>
#include <cstdint>

namespace weir::task {

class WakeSignal {
 public:
  // Any thread.
  void Raise() {
    if (state_.exchange(kRaised, std::memory_order_acq_rel) == kWaiting) Wake();
  }
  bool raised() const { return state_.load(std::memory_order_relaxed) == kRaised; }

  // The waiter's. What was written before a Raise() that this clears can be seen after it.
  void Clear() {
    if (raised()) state_.exchange(kNone, std::memory_order_acq_rel);
  }
  // Spins up to `spins` turns, then sleeps until a Raise() after the last Clear(), at most
  // `timeout_ms` (negative: no limit).
  void Wait(std::uint32_t spins, std::int64_t timeout_ms);

 private:
  static constexpr std::uint32_t kNone = 0;
  static constexpr std::uint32_t kRaised = 1;
  static constexpr std::uint32_t kWaiting = 2;

  void Wake();

  // What the waiter sleeps on.
  std::atomic<std::uint32_t> state_{kNone};
};

}  // namespace weir::task
