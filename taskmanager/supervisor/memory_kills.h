// Telling a worker that the kernel ended for want of memory from one that somebody killed: both end
// by SIGKILL.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "common/mutex.h"

namespace weir::supervisor {

class MemoryKills {
 public:
  // How many processes the kernel has ended for want of memory so far; none where nobody knows.
  using Counter = std::function<std::optional<std::int64_t>()>;

  // `counter` is called from any thread, one call at a time.
  explicit MemoryKills(Counter counter) : counter_(std::move(counter)), seen_(counter_()) {}

  // For a process that ended by a SIGKILL that we did not send: whether the kernel has ended one
  // more than was asked about before. Any thread.
  bool TakeOne() {
    MutexLock lock(mutex_);
    const std::optional<std::int64_t> now = counter_();
    if (!now || *now <= seen_.value_or(0)) return false;
    seen_ = seen_.value_or(0) + 1;
    return true;
  }

 private:
  Mutex mutex_;
  const Counter counter_;
  std::optional<std::int64_t> seen_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::supervisor
