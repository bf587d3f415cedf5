// What Nexmark's queries do with single records: shared by limits and jobs.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks::nexmark {

// Query 1: dollars to euros.
inline std::int64_t ToEuro(std::int64_t dollar_cents) {
  return dollar_cents * 908 / 1000;
}

// Query 2: the bids on some auctions, less than one in a hundred.
inline bool IsWatched(std::int64_t auction) {
  return auction % 123 == 0;
}

// Bids that are there before the query begins: 80 MiB, more than the last-level cache holds.
inline constexpr std::int64_t kBidsInMemory = 1 << 20;
inline std::vector<Bid> MakeBids() {
  const Generator generator;
  std::vector<Bid> bids(kBidsInMemory);
  for (std::int64_t i = 0; i < kBidsInMemory; ++i) {
    generator.Fill(Generator::BidNumber(i), bids[static_cast<std::size_t>(i)]);
  }
  return bids;
}

}  // namespace benchmarks::nexmark
