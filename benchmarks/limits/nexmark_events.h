// Nexmark's events one after the other, and those that wait, for loops by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "benchmarks/limits/flat_table.h"
#include "benchmarks/workloads/nexmark/generator.h"

namespace benchmarks::nexmark {

// Events that wait for their counterpart: lists in one array.
class Waiting {
 public:
  // `head`: 0 for an empty list.
  void Push(std::uint32_t& head, const Event& event) {
    nodes_.push_back({event, head});
    head = static_cast<std::uint32_t>(nodes_.size());
  }
  // In the order in which they came.
  template <class Take>
  void TakeAll(std::uint32_t& head, Take&& take) {
    order_.clear();
    for (std::uint32_t i = head; i != 0; i = nodes_[i - 1].next) order_.push_back(i - 1);
    for (auto i = order_.rbegin(); i != order_.rend(); ++i) take(nodes_[*i].event);
    head = 0;
  }

 private:
  struct Node {
    Event event;
    std::uint32_t next;
  };
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> order_;
};

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
