// Waiting in tests for what other threads do.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace weir::test {

// How long anything may take on a slow and busy machine; who waits longer waits for ever.
inline constexpr std::chrono::seconds kDeadline{60};

// Waits for something that other threads make true, without a condition variable to wait on.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace weir::test
