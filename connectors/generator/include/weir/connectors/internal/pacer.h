// Keeps one reader to its part of a rate.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>

#include <weir/connectors/generator_rate.h>
#include <weir/source.h>
#include <weir/status.h>

namespace weir {
class RateLimiter;
}

namespace weir::generator::internal {

class WakeUpTimer;

// The task's thread only; no call waits. With a limit it owns a thread that wakes the task when
// more records are due; without one it costs a comparison per block.
class Pacer {
 public:
  explicit Pacer(RateLimit limit);
  ~Pacer();
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  // InvalidArgument when the rate is no positive number.
  Status Open(SourceReaderContext& context);
  // Records that may be produced now. 0: none, and the context's availability is notified when that
  // changes.
  std::int64_t Available() {
    return limiter_ == nullptr ? std::numeric_limits<std::int64_t>::max() : Ask();
  }
  void Take(std::int64_t records) {
    if (limiter_ != nullptr) Note(records);
  }
  void Close();

 private:
  std::int64_t Ask();
  void Note(std::int64_t records);

  const RateLimit limit_;
  std::unique_ptr<weir::RateLimiter> limiter_;  // null: unlimited
  std::unique_ptr<WakeUpTimer> timer_;
};

}  // namespace weir::generator::internal
