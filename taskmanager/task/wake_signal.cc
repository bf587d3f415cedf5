#include "taskmanager/task/wake_signal.h"

#include "common/futex.h"

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
  FutexWakeOne(state_);
}

void WakeSignal::Wait(std::uint32_t spins, std::int64_t timeout_ms) {
  for (std::uint32_t i = 0; i < spins; ++i) {
    if (raised()) return;
    Pause();
  }
  std::uint32_t expected = kNone;
  if (!state_.compare_exchange_strong(expected, kWaiting, std::memory_order_acq_rel)) return;
  do {
    FutexWait(state_, kWaiting, timeout_ms);
    // With a limit the caller looks for work again, whatever ended the sleep.
  } while (timeout_ms < 0 && state_.load(std::memory_order_acquire) == kWaiting);
  expected = kWaiting;
  state_.compare_exchange_strong(expected, kNone, std::memory_order_acq_rel);
}

}  // namespace weir::task
