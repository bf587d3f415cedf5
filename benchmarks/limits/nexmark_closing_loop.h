// Nexmark's query 6 as a loop by hand, over so many events, which come in the order of their times.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "benchmarks/limits/flat_table.h"
#include "benchmarks/limits/nexmark_events.h"
#include "benchmarks/workloads/nexmark/closing_auctions.h"

namespace benchmarks::nexmark {

class ClosingLoop {
 public:
  void Add(const Event& event) {
    CloseBefore(event.date_time_ms);
    Entry& entry = auctions_[FlatTable<Entry>::HashOfKey(event.auction)];
    if (event.kind == EventKind::kAuction) {
      Keep(event, entry.auction);
      waiting_.TakeAll(entry.bids, [&](const Event& bid) { Offer(bid, entry.auction); });
      closing_.push({event.expires_ms, event.auction});
    } else if (IsPresent(entry.auction)) {
      if (!entry.closed) Offer(event, entry.auction);
    } else {
      waiting_.Push(entry.bids, event);
    }
  }
  const Digest& Finish() {
    while (!closing_.empty()) CloseNext();
    return digest_;
  }

 private:
  struct Entry {
    ClosingAuction auction;
    std::uint32_t bids;  // that came before it
    bool closed;
  };
  struct Seller {
    std::int64_t prices[kLastSales];
    std::int64_t price_sum;
    std::int64_t sold;
  };
  using Closing = std::pair<std::int64_t, std::int64_t>;  // when, and which auction
  static constexpr std::int64_t kClosedBetweenSweeps = 1 << 17;

  // No event of such a time is to come.
  void CloseBefore(std::int64_t time_ms) {
    while (!closing_.empty() && closing_.top().first < time_ms) CloseNext();
    if (closed_ < kClosedBetweenSweeps) return;
    auctions_.Retain([](const Entry& entry) { return !entry.closed; });
    closed_ = 0;
  }
  void CloseNext() {
    const std::int64_t auction = closing_.top().second;
    closing_.pop();
    Entry& entry = auctions_[FlatTable<Entry>::HashOfKey(auction)];
    entry.closed = true;
    ++closed_;
    if (!IsSold(entry.auction)) return;
    const Sale sale = ToSale(auction, entry.auction);
    Seller& seller = sellers_[FlatTable<Seller>::HashOfKey(sale.seller)];
    std::int64_t& oldest = seller.prices[seller.sold % kLastSales];
    seller.price_sum += sale.price - oldest;
    oldest = sale.price;
    ++seller.sold;
    digest_.Add(
        HashOf(SellerMean{sale.seller, std::min(seller.sold, kLastSales), seller.price_sum}));
  }

  FlatTable<Entry> auctions_;
  FlatTable<Seller> sellers_;
  Waiting waiting_;
  std::priority_queue<Closing, std::vector<Closing>, std::greater<>> closing_;
  std::int64_t closed_ = 0;  // since the last sweep
  Digest digest_;
};
inline Digest SellerMeans(std::int64_t records, const Settings& settings) {
  ClosingLoop loop;
  ForEachEvent(records, settings, [&](const Event& event) {
    if (IsAuctionOrBid(event)) loop.Add(event);
  });
  return loop.Finish();
}

}  // namespace benchmarks::nexmark
