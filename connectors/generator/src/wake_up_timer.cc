#include "connectors/generator/src/wake_up_timer.h"

#include <utility>

namespace weir::generator::internal {

WakeUpTimer::WakeUpTimer(std::shared_ptr<weir::internal::Availability> availability)
    : availability_(std::move(availability)), thread_([this] { Run(); }) {}

WakeUpTimer::~WakeUpTimer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void WakeUpTimer::WakeAt(std::chrono::steady_clock::time_point time) {
  {
    const std::lock_guard lock(mutex_);
    time_ = time;
  }
  changed_.notify_all();
}

void WakeUpTimer::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (!time_) {
      changed_.wait(lock);
    } else if (const auto time = *time_; std::chrono::steady_clock::now() < time) {
      changed_.wait_until(lock, time);
    } else {
      time_.reset();
      lock.unlock();
      availability_->NotifyAvailable();
      lock.lock();
    }
  }
}

}  // namespace weir::generator::internal
