// How many records are due under a rate. Pure: the time is handed in.
#pragma once

#include <cstdint>

namespace weir {

// Grants records that have become due since the start, in portions: at most one portion per
// `portion_ns`, so that a high rate does not turn into blocks of one record. Whoever is late may
// catch up on kCatchUpNs. One thread; times never decrease.
class RateLimiter {
 public:
  static constexpr std::int64_t kCatchUpNs = 1'000'000'000;

  // The first record is due at once. records_per_second > 0.
  RateLimiter(double records_per_second, std::int64_t now_ns, std::int64_t portion_ns);

  // How many records may be produced now: what is left of the last portion, else a new one. 0: none
  // before next_portion_ns().
  std::int64_t Available(std::int64_t now_ns);
  std::int64_t left() const { return granted_; }
  std::int64_t next_portion_ns() const { return next_portion_ns_; }
  // `records` of those that were available have been produced.
  void Take(std::int64_t records) { granted_ -= records; }

 private:
  const double records_per_second_;
  const std::int64_t portion_ns_;
  const std::int64_t most_at_once_;
  const std::int64_t start_ns_;
  std::int64_t handed_out_ = 0;  // granted, or forfeited by being too late
  std::int64_t granted_ = 0;     // and not taken
  std::int64_t next_portion_ns_;
};

}  // namespace weir
