#include <algorithm>
#include <cmath>

#include <weir/rate_limiter.h>

namespace weir {
namespace {

constexpr double kNsPerSecond = 1e9;

}  // namespace

RateLimiter::RateLimiter(double records_per_second, std::int64_t now_ns, std::int64_t portion_ns)
    : records_per_second_(records_per_second),
      portion_ns_(portion_ns),
      most_at_once_(std::max<std::int64_t>(
          1, std::llround(records_per_second * (static_cast<double>(kCatchUpNs) / kNsPerSecond)))),
      start_ns_(now_ns),
      next_portion_ns_(now_ns) {}

std::int64_t RateLimiter::Available(std::int64_t now_ns) {
  if (granted_ > 0) return granted_;
  if (now_ns < next_portion_ns_) return 0;
  const double elapsed_ns = static_cast<double>(now_ns - start_ns_);
  const auto due =
      static_cast<std::int64_t>(std::floor(elapsed_ns * records_per_second_ / kNsPerSecond)) + 1;
  granted_ = std::min(due - handed_out_, most_at_once_);
  if (granted_ > 0) handed_out_ = due;
  // When the next record is due; a nanosecond later, so that rounding does not make it too early.
  const double next_due_ns = static_cast<double>(handed_out_) * kNsPerSecond / records_per_second_;
  next_portion_ns_ = std::max(now_ns + portion_ns_,
                              start_ns_ + static_cast<std::int64_t>(std::ceil(next_due_ns)) + 1);
  return std::max<std::int64_t>(granted_, 0);
}

}  // namespace weir
