// Nexmark's queries 15 and 16: what was bid on each day, by how many different bidders and on how
// many different auctions; query 16 for each channel. Shared by limits and jobs. Results are
// updates, one for each bid.
#pragma once

#include <algorithm>
#include <cstdint>

#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks::nexmark {

inline constexpr std::int64_t kDayMs = 24 * 3600 * std::int64_t{1000};

// Of all prices, those below 10 000, those below 1 000 000, and the rest.
struct CountsByRank {
  std::int64_t all = 0;
  std::int64_t low = 0;
  std::int64_t middle = 0;
  std::int64_t high = 0;
};
// A bit for each of those counts.
inline std::uint8_t RanksOf(std::int64_t price) {
  return price < 10'000 ? 0b0011 : price < 1'000'000 ? 0b0101 : 0b1001;
}
inline void Add(unsigned ranks, CountsByRank& counts) {
  counts.all += ranks & 1;
  counts.low += ranks >> 1 & 1;
  counts.middle += ranks >> 2 & 1;
  counts.high += ranks >> 3 & 1;
}
// `seen`: the ranks in which this bidder or auction was counted before.
inline void AddUnseen(std::uint8_t ranks, std::uint8_t& seen, CountsByRank& counts) {
  Add(ranks & ~unsigned{seen}, counts);
  seen |= ranks;
}

struct DailyReport {
  std::int64_t channel = 0;      // a place in TextTables; 0 in query 15
  std::int64_t day = 0;          // since the epoch
  std::int64_t last_minute = 0;  // of the day, with a bid; 0 in query 15
  CountsByRank bids;
  CountsByRank bidders;
  CountsByRank auctions;
};
inline std::uint64_t HashOf(const CountsByRank& counts) {
  return HashPair(counts.all, counts.low) + HashPair(counts.middle, counts.high);
}
inline std::uint64_t HashOf(const DailyReport& result) {
  return HashPair(static_cast<std::uint64_t>(result.channel * 100'000 + result.day),
                  HashOf(result.bids)) +
         HashPair(HashOf(result.bidders),
                  HashOf(result.auctions) + static_cast<std::uint64_t>(result.last_minute));
}

// The same name is always at the same place.
inline std::int64_t ChannelOf(const Bid& bid) {
  return static_cast<std::int64_t>(bid.channel.offset);
}
inline std::int64_t MinuteOf(const Bid& bid) {
  return bid.date_time_ms % kDayMs / 60'000;
}
// `of_channel`: query 16. `bidder_seen`, `auction_seen`: of this report.
inline void Add(const Bid& bid, bool of_channel, std::uint8_t& bidder_seen,
                std::uint8_t& auction_seen, DailyReport& report) {
  const std::uint8_t ranks = RanksOf(bid.price);
  report.day = bid.date_time_ms / kDayMs;
  if (of_channel) {
    report.channel = ChannelOf(bid);
    report.last_minute = std::max(report.last_minute, MinuteOf(bid));
  }
  Add(ranks, report.bids);
  AddUnseen(ranks, bidder_seen, report.bidders);
  AddUnseen(ranks, auction_seen, report.auctions);
}

}  // namespace benchmarks::nexmark
