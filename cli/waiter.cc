#include "cli/waiter.h"

#include <cerrno>
#include <ctime>

namespace weir::cli {

SignalWaiter::SignalWaiter() {
  ::sigemptyset(&signals_);
  ::sigaddset(&signals_, SIGINT);
  ::sigaddset(&signals_, SIGTERM);
}

SignalWaiter::~SignalWaiter() {
  if (holding_) ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

void SignalWaiter::HoldInterrupts() {
  if (holding_) return;
  holding_ = true;
  ::pthread_sigmask(SIG_BLOCK, &signals_, &previous_);
}

bool SignalWaiter::Wait(std::int64_t duration_ms) {
  HoldInterrupts();
  timespec duration = {.tv_sec = duration_ms / 1000, .tv_nsec = duration_ms % 1000 * 1'000'000};
  while (true) {
    int signal = ::sigtimedwait(&signals_, nullptr, &duration);
    if (signal >= 0) return false;
    if (errno != EINTR) return true;  // EAGAIN: the time has passed
  }
}

}  // namespace weir::cli
