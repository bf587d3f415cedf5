// What Nexmark's queries over windows keep and give out: shared by limits and jobs.
//
// Windows are aligned to the epoch. Results are rows: one for each answer of a window.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks::nexmark {

inline constexpr std::int64_t kWindowMs = 10'000;
inline constexpr std::int64_t kSlideMs = 2'000;  // of query 5
inline constexpr std::int64_t kSessionGapMs = 10'000;

inline std::int64_t WindowStartOf(std::int64_t time_ms) {
  return time_ms - time_ms % kWindowMs;
}

// --- query 5: the auctions with the most bids in the last ten seconds, every two seconds

struct AuctionCount {
  std::int64_t window_end_ms = 0;
  std::int64_t auction = 0;
  std::int64_t bids = 0;
};
inline std::uint64_t HashOf(const AuctionCount& result) {
  return HashPair(result.auction, result.bids) + HashPair(result.window_end_ms, result.auction);
}
// The auctions of one window that have the most bids so far.
inline void KeepHottest(const AuctionCount& count, std::vector<AuctionCount>& hottest) {
  if (!hottest.empty() && count.bids < hottest.front().bids) return;
  if (!hottest.empty() && count.bids > hottest.front().bids) hottest.clear();
  hottest.push_back(count);
}

// --- query 7: the highest bids of each ten seconds

inline void KeepHighest(const Bid& bid, std::vector<Bid>& highest) {
  if (!highest.empty() && bid.price < highest.front().price) return;
  if (!highest.empty() && bid.price > highest.front().price) highest.clear();
  highest.push_back(bid);
}

// --- query 8: who opened an auction within the ten seconds in which they came

inline bool IsPerson(const Event& event) {
  return event.kind == EventKind::kPerson;
}
inline bool IsAuction(const Event& event) {
  return event.kind == EventKind::kAuction;
}
struct NewPerson {
  std::int64_t person = 0;
  std::int64_t date_time_ms = 0;
  Text text;  // stands for the name
};
inline NewPerson ToNewPerson(const Event& event) {
  return {event.person, event.date_time_ms, event.extra};
}
struct NewAuction {
  std::int64_t seller = 0;
  std::int64_t auction = 0;
};
inline NewAuction ToNewAuction(const Event& event) {
  return {event.person, event.auction};
}
struct NewSeller {
  std::int64_t person = 0;
  std::int64_t window_start_ms = 0;
  Text text;
};
inline NewSeller ToNewSeller(const NewPerson& person) {
  return {person.person, WindowStartOf(person.date_time_ms), person.text};
}
inline std::uint64_t HashOf(const NewSeller& result) {
  return HashPair(static_cast<std::uint64_t>(result.person) + result.text.offset,
                  static_cast<std::uint64_t>(result.window_start_ms) + result.text.length);
}

// --- query 11: how often each bidder bid without a pause of more than ten seconds

struct UserSession {
  std::int64_t bidder = 0;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;  // a gap behind the last bid
  std::int64_t bids = 0;
};
inline std::uint64_t HashOf(const UserSession& result) {
  return HashPair(result.bidder, result.bids) + HashPair(result.start_ms, result.end_ms) +
         HashPair(result.bidder, result.end_ms);
}

// --- query 12: how often each bidder bid in each ten seconds of processing time

struct BidderCount {
  std::int64_t bidder = 0;
  std::int64_t bids = 0;
};
// How time cuts the bids of a bidder into windows differs from run to run. What does not is how
// many there are together: so each row counts as its bids do.
inline Digest HashOf(const BidderCount& result) {
  const auto bids = static_cast<std::uint64_t>(result.bids);
  return {bids, bids * Mix(static_cast<std::uint64_t>(result.bidder))};
}

}  // namespace benchmarks::nexmark
