// The records of the benchmarks and what queries do with them, in plain C++: limits and jobs share
// it, so that they do the same work.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "benchmarks/workloads/digest.h"

namespace benchmarks {

// 80 bytes of numbers.
struct SmallBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time_ms = 0;
  std::int64_t channel = 0;
  std::int64_t url = 0;
  std::int64_t category = 0;
  std::int64_t seller = 0;
  std::int64_t reserve = 0;
  std::int64_t expires_ms = 0;
};

inline void FillSmallBid(std::int64_t index, SmallBid& bid) {
  const std::uint64_t random = Mix(static_cast<std::uint64_t>(index));
  bid.auction = static_cast<std::int64_t>(random & 0xFFFFF);
  bid.bidder = static_cast<std::int64_t>((random >> 20) & 0xFFFF);
  bid.price = static_cast<std::int64_t>(random >> 36) + 100;
  bid.date_time_ms = 1'700'000'000'000 + index / 1000;
  bid.channel = static_cast<std::int64_t>(random & 0xF);
  bid.url = static_cast<std::int64_t>((random >> 4) & 0xFFF);
  bid.category = static_cast<std::int64_t>((random >> 16) & 0x7);
  bid.seller = static_cast<std::int64_t>((random >> 24) & 0xFFFF);
  bid.reserve = bid.price / 2;
  bid.expires_ms = bid.date_time_ms + 60'000;
}

// Nexmark's query 1: dollars to euros.
inline std::int64_t ToEuro(std::int64_t price) {
  return price * 908 / 1000;
}
// As query 2 filters, but half of the records pass.
inline bool Passes(const SmallBid& bid) {
  return (bid.auction & 1) == 0;
}

inline std::uint64_t HashOf(const SmallBid& bid) {
  return Mix(static_cast<std::uint64_t>(bid.auction) ^
             (static_cast<std::uint64_t>(bid.price) << 21) ^
             (static_cast<std::uint64_t>(bid.date_time_ms) << 42));
}

// Bids that are there before the query begins: more than the last-level cache holds.
inline constexpr std::int64_t kBidsInMemory = 1 << 20;
inline std::vector<SmallBid> MakeBids() {
  std::vector<SmallBid> bids(kBidsInMemory);
  for (std::int64_t i = 0; i < kBidsInMemory; ++i) FillSmallBid(i, bids[i]);
  return bids;
}

// About 200 bytes when serialized, with strings.
struct Bid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time_ms = 0;
  std::string channel;
  std::string url;
  std::string extra;
};

inline constexpr char kBidText[] =
    "https://www.nexmark.example/item.htm?query=1&channel_id=0123456789abcdefghijklmnopqrstuvwxyz"
    "the quick brown fox jumps over the lazy dog and runs away with every bid that it can find";

// Writes every field; strings keep their memory.
inline void FillBid(std::int64_t index, Bid& bid) {
  const std::uint64_t random = Mix(static_cast<std::uint64_t>(index));
  bid.auction = static_cast<std::int64_t>(random & 0xFFFFF);
  bid.bidder = static_cast<std::int64_t>((random >> 20) & 0xFFFF);
  bid.price = static_cast<std::int64_t>(random >> 36) + 100;
  bid.date_time_ms = 1'700'000'000'000 + index / 1000;
  bid.channel.assign(kBidText + (random & 0xF), 16);
  bid.url.assign(kBidText, 60 + (random >> 60));
  bid.extra.assign(kBidText + 64 + ((random >> 8) & 0xF), 64 + ((random >> 56) & 0xF));
}

inline std::uint64_t HashOf(const Bid& bid) {
  return Mix(static_cast<std::uint64_t>(bid.auction) ^
             (static_cast<std::uint64_t>(bid.price) << 21) ^
             (static_cast<std::uint64_t>(bid.date_time_ms) << 42) ^ Edges(bid.channel) ^
             Edges(bid.url) ^ Edges(bid.extra));
}

inline std::uint64_t HashOf(std::int64_t value) {
  return Mix(static_cast<std::uint64_t>(value) + 0x9E3779B97F4A7C15);
}

}  // namespace benchmarks
