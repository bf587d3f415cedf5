// Pacer: how fast a test source or sink may go, and whether it may go at all. A thread of its own
// looks at the gate (a file that the test makes and removes) and hands out the budget, so that the
// task's thread never blocks.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <unistd.h>

#include <weir/internal/chain.h>

namespace weir::cluster_test {

struct Pace {
  std::int64_t records_per_second = 0;  // 0: as fast as it goes
  std::string stop_file;                // empty: none; while it exists nothing may go
  std::string end_file;                 // empty: none; once it exists ended() is true
};

class Pacer {
 public:
  Pacer(Pace pace, std::shared_ptr<internal::Availability> availability)
      : pace_(std::move(pace)), availability_(std::move(availability)), budget_(Allowance(kTick)) {
    if (!pace_.stop_file.empty() && Exists(pace_.stop_file)) budget_ = 0;
    if (pace_.records_per_second == 0 && pace_.stop_file.empty() && pace_.end_file.empty()) return;
    thread_ = std::thread([this] { Run(); });
  }
  ~Pacer() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  // Whether one more record may go now; if not, the availability is notified when it may.
  bool Take() {
    if (!thread_.joinable()) return true;
    std::int64_t left = budget_.load(std::memory_order_relaxed);
    while (left > 0) {
      if (budget_.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  bool ended() const { return ended_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::chrono::milliseconds kTick{5};
  // What was not used is kept for this long: a short hold-up does not lower the rate.
  static constexpr std::chrono::milliseconds kKept{100};
  static constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max() / 2;

  static bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }
  std::int64_t Allowance(std::chrono::nanoseconds time) const {
    if (pace_.records_per_second == 0) return kUnlimited;
    const double seconds = std::chrono::duration<double>(time).count();
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>(static_cast<double>(pace_.records_per_second) * seconds));
  }

  void Run() {
    auto last = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kTick, [this] { return closed_; })) {
      const auto now = std::chrono::steady_clock::now();
      if (!pace_.end_file.empty() && Exists(pace_.end_file)) ended_ = true;
      if (!pace_.stop_file.empty() && Exists(pace_.stop_file)) {
        budget_ = 0;
      } else {
        const std::int64_t more = Allowance(now - last);
        std::int64_t left = budget_.load(std::memory_order_relaxed);
        while (!budget_.compare_exchange_weak(left, std::min(left + more, Allowance(kKept)),
                                              std::memory_order_relaxed)) {
        }
      }
      last = now;
      availability_->NotifyAvailable();
    }
  }

  const Pace pace_;
  const std::shared_ptr<internal::Availability> availability_;
  std::atomic<std::int64_t> budget_;
  std::atomic<bool> ended_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace weir::cluster_test
