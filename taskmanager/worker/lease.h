// A worker's lease from the JobManager: without one it runs on, and stops when it ends. A pure
// state machine.
#pragma once

#include <cstdint>

namespace weir::worker {

// Times are milliseconds of the monotonic clock.
class Lease {
 public:
  // Before the first welcome the worker has `first_ms` to find the JobManager.
  Lease(std::int64_t now_ms, std::int64_t first_ms) : expires_ms_(now_ms + first_ms) {}

  // A renewal never shortens what is left: one that was long under way must not end us early.
  void Renew(std::int64_t now_ms, std::int64_t lease_ms) {
    if (now_ms + lease_ms > expires_ms_) expires_ms_ = now_ms + lease_ms;
  }
  bool Expired(std::int64_t now_ms) const { return now_ms >= expires_ms_; }
  std::int64_t RemainingMillis(std::int64_t now_ms) const {
    return Expired(now_ms) ? 0 : expires_ms_ - now_ms;
  }

 private:
  std::int64_t expires_ms_;
};

}  // namespace weir::worker
