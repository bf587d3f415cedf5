// How fast a generator may produce (Flink's RateLimiterStrategy).
#pragma once

#include <optional>

namespace weir::generator {

class RateLimit {
 public:
  // As fast as the job takes records.
  static RateLimit Unlimited() { return RateLimit(); }
  // Over all readers, of which each gets an equal part. A reader that was held up (by back
  // pressure, or because it was not scheduled) catches up on at most a second.
  static RateLimit PerSecond(double records_per_second) {
    RateLimit limit;
    limit.records_per_second_ = records_per_second;
    return limit;
  }

  const std::optional<double>& records_per_second() const { return records_per_second_; }

 private:
  RateLimit() = default;
  std::optional<double> records_per_second_;
};

}  // namespace weir::generator
