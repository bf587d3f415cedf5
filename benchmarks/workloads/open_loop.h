// An open loop: records are sent when the schedule says so, whatever became of those before, and
// carry that time. So a stall is seen in the latency of every record that should have been sent
// meanwhile (no coordinated omission).
//
// The schedule is a burst per millisecond: as records come from a broker, and so that a sender that
// sleeps keeps to it.
#pragma once

#include <chrono>
#include <cstdint>

#include "benchmarks/workloads/nexmark/generator.h"

namespace benchmarks {

struct TimedBid {
  nexmark::BidWithStrings bid;
  std::int64_t intended_ns = 0;  // of the clock that NowNs() reads
  std::int64_t number = 0;       // from 0, of all that are sent
  std::int64_t sender = 0;
};

// Nanoseconds of the monotonic clock, which all processes of the machine share.
inline std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The part of one sender: numbers sender, sender + senders, …
class OpenLoopSchedule {
 public:
  static constexpr std::int64_t kBurstNs = 1'000'000;

  // `records` and `per_second`: of all senders together. Begins at `start_ns`.
  OpenLoopSchedule(std::int64_t start_ns, std::int64_t records, std::int64_t per_second,
                   std::int64_t sender, std::int64_t senders)
      : start_ns_(start_ns),
        records_(records),
        per_second_(per_second),
        sender_(sender),
        senders_(senders),
        next_(sender) {}

  bool done() const { return next_ >= records_; }
  // When the next record is to be sent: the beginning of the millisecond in which its turn comes.
  std::int64_t NextNs() const {
    const std::int64_t due_ns = next_ * 1'000'000'000 / per_second_;
    return start_ns_ + due_ns / kBurstNs * kBurstNs;
  }
  // The next record; not when done().
  void Fill(const nexmark::Generator& generator, TimedBid& record) {
    generator.Fill(nexmark::Generator::BidNumber(next_), record.bid);
    record.intended_ns = NextNs();
    record.number = next_;
    record.sender = sender_;
    next_ += senders_;
  }

 private:
  const std::int64_t start_ns_;
  const std::int64_t records_;
  const std::int64_t per_second_;
  const std::int64_t sender_;
  const std::int64_t senders_;
  std::int64_t next_;
};

// Not of the times, which differ from run to run.
inline std::uint64_t HashOf(const TimedBid& record) {
  return HashOf(record.bid) + nexmark::HashPair(record.number, record.sender);
}

}  // namespace benchmarks
