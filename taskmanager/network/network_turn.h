// NetworkTurn: the right to touch what belongs to the network: connections, credits, whose turn it
// is to write. One thread at a time has it, the reactor's or a task's.
//
// A task that has something to send takes the turn if it is free and writes to the socket itself:
// no other thread has to be woken for that. If it is taken, whoever has it looks for mail at its
// end. So a task never waits for a turn; only the reactor's thread does.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "common/futex.h"

namespace weir::network {

class NetworkTurn {
 public:
  // `on_mail` runs within a turn, on any thread, after each Signal().
  explicit NetworkTurn(std::function<void()> on_mail) : on_mail_(std::move(on_mail)) {}

  // The reactor's thread: waits for the turn, runs `work`, then what was signaled meanwhile. Does
  // nothing after Stop().
  template <class Work>
  void Run(const Work& work) {
    Lock();
    if (!stopped_) work();
    Unlock();
    if (HasMail()) ServeMail();
  }

  // Any thread, also within a turn: there is mail. It is served by this thread now, or by the one
  // that has the turn.
  void Signal() {
    mail_.exchange(1, std::memory_order_acq_rel);
    ServeMail();
  }

  // Waits for a turn that is being had; after that neither work nor mail runs. Not within a turn.
  void Stop() {
    Lock();
    stopped_ = true;
    Unlock();
  }

 private:
  static constexpr std::uint32_t kFree = 0;
  static constexpr std::uint32_t kTaken = 1;
  static constexpr std::uint32_t kWaitedFor = 2;  // taken, and a thread sleeps

  bool TryLock() {
    std::uint32_t expected = kFree;
    return state_.compare_exchange_strong(expected, kTaken, std::memory_order_acq_rel);
  }
  void Lock() {
    if (TryLock()) return;
    while (state_.exchange(kWaitedFor, std::memory_order_acq_rel) != kFree) {
      FutexWait(state_, kWaitedFor, -1);
    }
  }
  void Unlock() {
    if (state_.exchange(kFree, std::memory_order_acq_rel) == kWaitedFor) FutexWakeOne(state_);
  }
  // Read and written in one: of this, after Unlock(), and the exchange in Signal(), before
  // TryLock(), the later one sees what the other did, so that no mail stays behind.
  bool HasMail() { return mail_.fetch_or(0, std::memory_order_acq_rel) != 0; }
  void ServeMail() {
    do {
      if (!TryLock()) return;
      if (mail_.exchange(0, std::memory_order_acq_rel) != 0 && !stopped_) on_mail_();
      Unlock();
    } while (HasMail());
  }

  const std::function<void()> on_mail_;
  alignas(64) std::atomic<std::uint32_t> state_{kFree};
  std::atomic<std::uint32_t> mail_{0};
  bool stopped_ = false;  // within a turn
};

}  // namespace weir::network
