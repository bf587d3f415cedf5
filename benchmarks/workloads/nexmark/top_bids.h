// Nexmark's query 19: the ten highest bids on each auction. Shared by limits and jobs. Results are
// updates: a bid that comes among the ten, and those that it moves down, each with its new rank.
#pragma once

#include <cstdint>

#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks::nexmark {

inline constexpr std::size_t kTopBids = 10;

struct RankedBid {
  Bid bid;
  std::int64_t rank = 0;  // from 1 on
};
inline std::uint64_t HashOf(const RankedBid& result) {
  return HashPair(HashOf(result.bid), static_cast<std::uint64_t>(result.rank));
}

// Where among the `size` highest so far this bid belongs: behind those that are as high.
inline std::size_t PlaceOf(const Bid& bid, const Bid* highest, std::size_t size) {
  std::size_t place = size;
  while (place > 0 && highest[place - 1].price < bid.price) --place;
  return place;
}

}  // namespace benchmarks::nexmark
