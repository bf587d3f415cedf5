// Nexmark's queries 15, 16 and 19 as loops by hand, over so many bids.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "benchmarks/limits/flat_table.h"
#include "benchmarks/limits/nexmark_events.h"
#include "benchmarks/workloads/nexmark/daily_queries.h"
#include "benchmarks/workloads/nexmark/top_bids.h"

namespace benchmarks::nexmark {

struct SeenRanks {
  std::uint8_t ranks;
};

// All that a channel, or with `of_channel` false the whole stream, has on a day. One table for the
// bidders and one for the auctions of all reports.
inline Digest ReportDays(std::int64_t records, const Settings& settings, bool of_channel) {
  FlatTable<DailyReport> reports;
  FlatTable<SeenRanks> bidders;
  FlatTable<SeenRanks> auctions;
  Digest digest;
  // Channels are places below 2^22. What stands for a report and an id has 64 bits, of which those
  // of the report are mixed.
  const auto report_of = [of_channel](const Bid& bid) {
    return (bid.date_time_ms / kDayMs) << 22 | (of_channel ? ChannelOf(bid) : 0);
  };
  const auto hash_of = [](std::int64_t report, std::int64_t id) {
    return FlatTable<SeenRanks>::HashOfKey(
        static_cast<std::int64_t>(Mix(static_cast<std::uint64_t>(report))) ^ id << 1);
  };
  ForEachBid(
      records, settings,
      [&](const Bid& bid) {
        const std::int64_t report = report_of(bid);
        bidders.Prefetch(hash_of(report, bid.bidder));
        auctions.Prefetch(hash_of(report, bid.auction));
        return static_cast<std::uint64_t>(report);
      },
      [&](const Bid& bid, std::uint64_t seen) {
        const auto report = static_cast<std::int64_t>(seen);
        DailyReport& updated = reports[FlatTable<DailyReport>::HashOfKey(report)];
        Add(bid, of_channel, bidders[hash_of(report, bid.bidder)].ranks,
            auctions[hash_of(report, bid.auction)].ranks, updated);
        digest.Add(HashOf(updated));
      });
  return digest;
}
inline Digest DailyReports(std::int64_t records, const Settings& settings) {
  return ReportDays(records, settings, false);
}
inline Digest ChannelReports(std::int64_t records, const Settings& settings) {
  return ReportDays(records, settings, true);
}

inline Digest TopBids(std::int64_t records, const Settings& settings) {
  struct Top {
    std::uint32_t place;  // in `kept`, from 1 on
    std::uint32_t size;
  };
  std::vector<std::array<Bid, kTopBids>> kept;
  Digest digest;
  ForEachBidWith<Top>(
      records, settings, [](const Bid& bid) { return bid.auction; },
      [&](const Bid& bid, Top& top) {
        if (top.place == 0) {
          kept.emplace_back();
          top.place = static_cast<std::uint32_t>(kept.size());
        }
        Bid* const bids = kept[top.place - 1].data();
        const std::size_t place = PlaceOf(bid, bids, top.size);
        if (place == kTopBids) return;
        top.size = std::min<std::uint32_t>(top.size + 1, kTopBids);
        std::copy_backward(bids + place, bids + top.size - 1, bids + top.size);
        bids[place] = bid;
        for (std::size_t i = place; i < top.size; ++i) {
          digest.Add(HashOf(RankedBid{bids[i], static_cast<std::int64_t>(i) + 1}));
        }
      });
  return digest;
}

}  // namespace benchmarks::nexmark
