// What Nexmark's queries do with single records: shared by limits and jobs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
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

// Query 14: bids in a range of prices, with the time of day and how often the letter c is in them.
enum class TimeOfDay : std::int64_t { kDay = 0, kNight = 1, kOther = 2 };
struct Calculation {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;  // in euros
  TimeOfDay time_of_day = TimeOfDay::kDay;
  std::int64_t date_time_ms = 0;
  Text extra;
  std::int64_t letters = 0;
};
inline bool IsInRange(std::int64_t dollar_cents) {
  const std::int64_t price = dollar_cents * 908;
  return price > 1'000'000 * std::int64_t{1000} && price < 50'000'000 * std::int64_t{1000};
}
inline TimeOfDay TimeOfDayOf(std::int64_t time_ms) {
  const std::int64_t hour = time_ms / 3'600'000 % 24;
  return hour >= 8 && hour <= 18   ? TimeOfDay::kDay
         : hour <= 6 || hour >= 20 ? TimeOfDay::kNight
                                   : TimeOfDay::kOther;
}
inline Calculation Calculate(const Bid& bid, const TextTables& tables) {
  const std::string_view extra = tables[bid.extra];
  return {bid.auction,
          bid.bidder,
          ToEuro(bid.price),
          TimeOfDayOf(bid.date_time_ms),
          bid.date_time_ms,
          bid.extra,
          std::count(extra.begin(), extra.end(), 'c')};
}
inline std::uint64_t HashOf(const Calculation& result) {
  return HashPair(static_cast<std::uint64_t>(result.auction) + result.extra.offset,
                  static_cast<std::uint64_t>(result.price + result.letters)) +
         HashPair(static_cast<std::uint64_t>(result.bidder) + result.extra.length,
                  ~static_cast<std::uint64_t>(result.date_time_ms) +
                      static_cast<std::uint64_t>(result.time_of_day));
}

// Query 22: bids with the directories of their url.
struct UrlParts {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  Text channel;
  Text first;
  Text second;
  Text third;
};
inline UrlParts SplitUrl(const Bid& bid, const TextTables& tables) {
  UrlParts parts{bid.auction, bid.bidder, bid.price, bid.channel, {}, {}, {}};
  Text* const directories[] = {&parts.first, &parts.second, &parts.third};
  const std::string_view url = tables[bid.url];
  std::size_t begin = 0;
  // Before them are "https:", nothing, and the host.
  for (int i = -3; i < 3 && begin <= url.size(); ++i) {
    const std::size_t end = std::min(url.find('/', begin), url.size());
    if (i >= 0) *directories[i] = {bid.url.offset + begin, end - begin};
    begin = end + 1;
  }
  return parts;
}
inline std::uint64_t HashOf(const UrlParts& result) {
  std::uint64_t hash = HashPair(static_cast<std::uint64_t>(result.auction) + result.channel.offset,
                                static_cast<std::uint64_t>(result.bidder + result.price));
  for (const Text& part : {result.first, result.second, result.third}) {
    hash = HashPair(hash + part.offset, part.length);
  }
  return hash;
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
