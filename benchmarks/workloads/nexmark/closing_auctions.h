// Nexmark's query 6: the mean price of the last ten auctions that each seller sold, in the order in
// which they closed. Shared by limits and jobs. Results are updates, one for each auction sold.
#pragma once

#include <cstdint>

#include "benchmarks/workloads/nexmark/keyed_queries.h"
#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks::nexmark {

inline constexpr std::int64_t kLastSales = 10;

// An auction until it closes.
struct ClosingAuction {
  OpenAuction open;
  std::int64_t seller = 0;
};
inline bool IsPresent(const ClosingAuction& auction) {
  return IsPresent(auction.open);
}
inline void Keep(const Event& event, ClosingAuction& auction) {
  Keep(event, auction.open);
  auction.seller = event.person;
}
inline void Offer(const Event& bid, ClosingAuction& auction) {
  if (IsValid(bid, auction.open) && Beats(bid, auction.open)) KeepBest(bid, auction.open);
}
inline bool IsSold(const ClosingAuction& auction) {
  return auction.open.best_price > 0;
}

struct Sale {
  std::int64_t seller = 0;
  std::int64_t auction = 0;
  std::int64_t closed_ms = 0;
  std::int64_t price = 0;
};
inline Sale ToSale(std::int64_t auction, const ClosingAuction& closed) {
  return {closed.seller, auction, closed.open.expires_ms, closed.open.best_price};
}
// Of auctions that close in the same millisecond the lower number is first.
inline bool IsEarlier(const Sale& a, const Sale& b) {
  return a.closed_ms != b.closed_ms ? a.closed_ms < b.closed_ms : a.auction < b.auction;
}

struct SellerMean {
  std::int64_t seller = 0;
  std::int64_t auctions = 0;  // at most kLastSales
  std::int64_t price_sum = 0;
};
inline std::uint64_t HashOf(const SellerMean& result) {
  return HashPair(result.seller * 16 + result.auctions, result.price_sum / result.auctions);
}

}  // namespace benchmarks::nexmark
