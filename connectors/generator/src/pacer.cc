#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include <weir/connectors/internal/pacer.h>
#include <weir/rate_limiter.h>

#include "connectors/generator/src/wake_up_timer.h"

namespace weir::generator::internal {
namespace {

// Waking a task costs some tens of microseconds: a thousand times a second is a few percent of a
// core.
constexpr std::int64_t kPortionNs = 1'000'000;

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Pacer::Pacer(RateLimit limit) : limit_(std::move(limit)) {}
Pacer::~Pacer() = default;

Status Pacer::Open(SourceReaderContext& context) {
  if (!limit_.records_per_second()) return Status::Ok();
  const double rate = *limit_.records_per_second();
  if (!std::isfinite(rate) || rate <= 0) {
    return Status::InvalidArgument("the generator's rate must be above 0 records per second, not " +
                                   std::to_string(rate));
  }
  timer_ = std::make_unique<WakeUpTimer>(context.availability());
  limiter_ = std::make_unique<weir::RateLimiter>(rate / context.runtime().parallelism(), NowNs(),
                                                 kPortionNs);
  return Status::Ok();
}

std::int64_t Pacer::Ask() {
  if (limiter_->left() > 0) return limiter_->left();
  const std::int64_t available = limiter_->Available(NowNs());
  if (available == 0) {
    timer_->WakeAt(std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(
            std::chrono::nanoseconds(limiter_->next_portion_ns()))));
  }
  return available;
}

void Pacer::Note(std::int64_t records) {
  limiter_->Take(records);
}

void Pacer::Close() {
  timer_.reset();
}

}  // namespace weir::generator::internal
