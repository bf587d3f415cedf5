#include "taskmanager/task/wake_signal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weir::task {

namespace {

void Pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

void WakeSignal::Wake() {
  // Under the mutex, so that the waiter is either before its check or inside the wait.
  MutexLock lock(mutex_);
  woken_.SignalAll();
}

void WakeSignal::Wait(std::uint32_t spins, std::int64_t timeout_ms) {
  for (std::uint32_t i = 0; i < spins; ++i) {
    if (raised()) return;
    Pause();
  }
  MutexLock lock(mutex_);
  std::uint32_t expected = kNone;
  if (!state_.compare_exchange_strong(expected, kWaiting, std::memory_order_acq_rel)) return;
  while (state_.load(std::memory_order_acquire) == kWaiting) {
    if (timeout_ms < 0) {
      woken_.Wait(mutex_);
    } else if (!woken_.WaitFor(mutex_, timeout_ms)) {
      expected = kWaiting;
      state_.compare_exchange_strong(expected, kNone, std::memory_order_acq_rel);
      return;
    }
  }
}

}  // namespace weir::task
