// Notifies a task at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <weir/source.h>

namespace weir::generator::internal {

// Owns a thread. Methods from the task's thread.
class WakeUpTimer {
 public:
  explicit WakeUpTimer(std::shared_ptr<weir::internal::Availability> availability);
  ~WakeUpTimer();
  WakeUpTimer(const WakeUpTimer&) = delete;
  WakeUpTimer& operator=(const WakeUpTimer&) = delete;

  // Notifies once, at that time; replaces a time that has not come yet.
  void WakeAt(std::chrono::steady_clock::time_point time);

 private:
  void Run();

  const std::shared_ptr<weir::internal::Availability> availability_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::optional<std::chrono::steady_clock::time_point> time_;
  bool stop_ = false;

  std::thread thread_;
};

}  // namespace weir::generator::internal
