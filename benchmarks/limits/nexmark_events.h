// Nexmark's events one after the other, for loops by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "benchmarks/limits/flat_table.h"
#include "benchmarks/workloads/nexmark/generator.h"

namespace benchmarks::nexmark {

template <class Take>
void ForEachEvent(std::int64_t records, const Settings& settings, Take&& take) {
  const Generator generator(settings);
  Event event;
  for (std::int64_t i = 0; i < records; ++i) {
    generator.Fill(i, event);
    MakeComplete(event);
    take(event);
  }
}

// Bids in blocks: see(bid) for each as it is made, to prefetch what it needs, then take(bid, what
// `see` returned).
template <class See, class Take>
void ForEachBid(std::int64_t records, const Settings& settings, See&& see, Take&& take) {
  constexpr std::int64_t kBlock = 256;
  const Generator generator(settings);
  std::vector<Bid> block(kBlock);
  std::uint64_t seen[kBlock];
  for (std::int64_t first = 0; first < records; first += kBlock) {
    const std::int64_t size = std::min(kBlock, records - first);
    for (std::int64_t i = 0; i < size; ++i) {
      Bid& bid = block[static_cast<std::size_t>(i)];
      generator.Fill(Generator::BidNumber(first + i), bid);
      MakeComplete(bid);
      seen[i] = see(bid);
    }
    for (std::int64_t i = 0; i < size; ++i) take(block[static_cast<std::size_t>(i)], seen[i]);
  }
}

// The same with the entry of `key_of(bid)` in a table: take(bid, entry).
template <class Value, class KeyOf, class Take>
void ForEachBidWith(std::int64_t records, const Settings& settings, KeyOf&& key_of, Take&& take) {
  FlatTable<Value> table;
  ForEachBid(
      records, settings,
      [&](const Bid& bid) {
        const std::uint64_t hash = FlatTable<Value>::HashOfKey(key_of(bid));
        table.Prefetch(hash);
        return hash;
      },
      [&](const Bid& bid, std::uint64_t hash) { take(bid, table[hash]); });
}

}  // namespace benchmarks::nexmark
