// What Nexmark's keyed queries keep for a key and give out: shared by limits and jobs.
//
// All read the mixed stream of events in order. Their results are updates, as a changelog would
// hold them: one for each change of an answer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks::nexmark {

// --- query 3: auctions in category 10 and their sellers in Oregon, Idaho and California

inline constexpr std::int64_t kWatchedCategory = 10;

inline bool IsWatchedPerson(const Event& event) {
  // By index: AZ, CA, ID, OR, WA, WY.
  return event.kind == EventKind::kPerson && event.attribute >= 1 && event.attribute <= 3;
}
inline bool IsWatchedAuction(const Event& event) {
  return event.kind == EventKind::kAuction && event.attribute == kWatchedCategory;
}
struct LocalSeller {
  std::int64_t person = 0;
  std::int64_t state = 0;
  std::int64_t auction = 0;
};
inline std::uint64_t HashOf(const LocalSeller& result) {
  return HashPair(result.person, result.auction * 8 + result.state);
}

// --- queries 4, 9, 20: an auction and the bids on it. A bid may come before its auction.

inline bool IsAuctionOrBid(const Event& event) {
  return event.kind != EventKind::kPerson;
}
// What queries 4 and 9 keep of an auction, and of the best valid bid so far (price 0: none).
struct OpenAuction {
  std::int64_t date_time_ms = 0;  // 0: the auction is not there yet
  std::int64_t expires_ms = 0;
  std::int64_t category = 0;
  std::int64_t best_price = 0;
  std::int64_t best_time_ms = 0;
};
inline bool IsPresent(const OpenAuction& auction) {
  return auction.date_time_ms != 0;
}
inline void Keep(const Event& event, OpenAuction& auction) {
  auction.date_time_ms = event.date_time_ms;
  auction.expires_ms = event.expires_ms;
  auction.category = event.attribute;
}
inline bool IsValid(const Event& bid, const OpenAuction& auction) {
  return bid.date_time_ms >= auction.date_time_ms && bid.date_time_ms <= auction.expires_ms;
}
// Highest price, then earliest.
inline bool Beats(const Event& bid, const OpenAuction& auction) {
  return bid.price > auction.best_price ||
         (bid.price == auction.best_price && bid.date_time_ms < auction.best_time_ms);
}
inline void KeepBest(const Event& bid, OpenAuction& auction) {
  auction.best_price = bid.price;
  auction.best_time_ms = bid.date_time_ms;
}

// Query 9: the highest bid on each auction while it is open, the earliest of equal ones.
struct WinningBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time_ms = 0;
};
inline WinningBid ToWinningBid(const Event& bid) {
  return {bid.auction, bid.person, bid.price, bid.date_time_ms};
}
inline std::uint64_t HashOf(const WinningBid& result) {
  return HashPair(result.auction, result.price) + HashPair(result.bidder, ~result.date_time_ms);
}

// Query 4: the mean of the winning prices of each category. A winning price that replaces another
// takes that one out of the mean.
struct PriceChange {
  std::int64_t category = 0;
  std::int64_t auctions = 0;  // 1: the auction's first valid bid, 0: a higher one
  std::int64_t price = 0;     // what the sum of prices grows by
};
inline PriceChange ChangeBy(const Event& bid, const OpenAuction& auction) {
  return {auction.category, auction.best_price == 0 ? 1 : 0, bid.price - auction.best_price};
}
struct CategoryMean {
  std::int64_t category = 0;
  std::int64_t auctions = 0;
  std::int64_t price_sum = 0;
};
inline void Add(const PriceChange& change, CategoryMean& mean) {
  mean.category = change.category;
  mean.auctions += change.auctions;
  mean.price_sum += change.price;
}
inline std::uint64_t HashOf(const CategoryMean& result) {
  return HashPair(result.category * 0x100000000 + result.auctions,
                  result.auctions == 0 ? 0 : result.price_sum / result.auctions);
}

// Query 20: bids with the auction they are on, for auctions of category 10.
struct AuctionTerms {
  std::int64_t category = 0;  // 0: the auction is not there yet
  std::int64_t seller = 0;
  std::int64_t initial_bid = 0;
  std::int64_t reserve = 0;
  std::int64_t expires_ms = 0;
};
inline bool IsPresent(const AuctionTerms& auction) {
  return auction.category != 0;
}
inline void Keep(const Event& event, AuctionTerms& auction) {
  auction = {event.attribute, event.person, event.price, event.reserve, event.expires_ms};
}
struct ExpandedBid {
  Event bid;
  AuctionTerms auction;
};
inline std::uint64_t HashOf(const ExpandedBid& result) {
  return HashPair(result.bid.auction, result.bid.price) +
         HashPair(result.bid.person + result.auction.seller, ~result.bid.date_time_ms) +
         HashPair(result.auction.initial_bid + result.auction.reserve,
                  result.auction.expires_ms + static_cast<std::int64_t>(result.bid.extra.offset));
}

// --- query 17: what was bid on each auction on each day

struct DayOfAuction {
  std::int64_t auction = 0;
  std::int64_t day = 0;
};
inline DayOfAuction DayOf(const Bid& bid) {
  return {bid.auction, bid.date_time_ms / (24 * 3600 * std::int64_t{1000})};
}
struct BidStatistics {
  std::int64_t auction = 0;
  std::int64_t day = 0;
  std::int64_t bids = 0;
  std::int64_t low = 0;     // below 10 000
  std::int64_t middle = 0;  // below 1 000 000
  std::int64_t high = 0;
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  std::int64_t sum = 0;
};
inline void Add(const Bid& bid, BidStatistics& statistics) {
  const DayOfAuction place = DayOf(bid);
  statistics.auction = place.auction;
  statistics.day = place.day;
  statistics.low += bid.price < 10'000 ? 1 : 0;
  statistics.middle += bid.price >= 10'000 && bid.price < 1'000'000 ? 1 : 0;
  statistics.high += bid.price >= 1'000'000 ? 1 : 0;
  statistics.lowest = statistics.bids == 0 ? bid.price : std::min(statistics.lowest, bid.price);
  statistics.highest = std::max(statistics.highest, bid.price);
  statistics.sum += bid.price;
  ++statistics.bids;
}
inline std::uint64_t HashOf(const BidStatistics& result) {
  return HashPair(result.auction + result.low, result.day + result.bids) +
         HashPair(result.lowest + result.middle, result.highest) +
         HashPair(result.sum, result.high);
}

// --- query 18: the last bid of each bidder on each auction

// Of equal times the later arrival.
inline bool IsNewer(const Bid& bid, const Bid& last) {
  return bid.date_time_ms >= last.date_time_ms;
}

}  // namespace benchmarks::nexmark
