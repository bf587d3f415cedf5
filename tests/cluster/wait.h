// Waiting for what other processes do: asks again and again until a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

namespace weir::cluster_test {

// Whether `done` became true before `timeout` passed. It is asked at least twice, the last time
// after the deadline, and `pause` apart.
inline bool WaitFor(std::chrono::milliseconds timeout, const std::function<bool()>& done,
                    std::chrono::microseconds pause = std::chrono::milliseconds(10)) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (done()) return true;
    std::this_thread::sleep_for(pause);
  }
  return done();
}

inline std::int64_t MillisSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start)
      .count();
}

}  // namespace weir::cluster_test
