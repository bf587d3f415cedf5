// Nexmark's keyed queries as loops by hand, on the flat table:
//   --query q3|q4|q9|q15|q16|q17|q18|q19|q20 --records N
// q3, q4, q9 and q20 read N events of the mixed stream, the others N bids.
#include <cstdlib>
#include <map>
#include <string_view>
#include <vector>

#include "benchmarks/limits/flat_table.h"
#include "benchmarks/limits/nexmark_events.h"
#include "benchmarks/limits/nexmark_ranking_loops.h"
#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/nexmark/keyed_queries.h"

namespace benchmarks::nexmark {
namespace {

Digest LocalSellers(std::int64_t records, const Settings& settings) {
  struct Seller {
    std::int64_t state;  // 0: not there yet
    std::uint32_t auctions;
  };
  FlatTable<Seller> sellers;
  Waiting waiting;
  Digest digest;
  ForEachEvent(records, settings, [&](const Event& event) {
    if (!IsWatchedPerson(event) && !IsWatchedAuction(event)) return;
    Seller& seller = sellers[FlatTable<Seller>::HashOfKey(event.person)];
    const auto add = [&](const Event& auction) {
      digest.Add(HashOf(LocalSeller{event.person, seller.state, auction.auction}));
    };
    if (event.kind == EventKind::kPerson) {
      seller.state = event.attribute;
      waiting.TakeAll(seller.auctions, add);
    } else if (seller.state != 0) {
      add(event);
    } else {
      waiting.Push(seller.auctions, event);
    }
  });
  return digest;
}

// Hands each bid with what is kept of its auction to `take`, as soon as both are there.
template <class Auction, class Take>
void JoinBidsWithAuctions(std::int64_t records, const Settings& settings, Take&& take) {
  struct Entry {
    Auction auction;
    std::uint32_t bids;
  };
  FlatTable<Entry> auctions;
  Waiting waiting;
  ForEachEvent(records, settings, [&](const Event& event) {
    if (!IsAuctionOrBid(event)) return;
    Entry& entry = auctions[FlatTable<Entry>::HashOfKey(event.auction)];
    if (event.kind == EventKind::kAuction) {
      Keep(event, entry.auction);
      waiting.TakeAll(entry.bids, [&](const Event& bid) { take(bid, entry.auction); });
    } else if (IsPresent(entry.auction)) {
      take(event, entry.auction);
    } else {
      waiting.Push(entry.bids, event);
    }
  });
}

Digest CategoryMeans(std::int64_t records, const Settings& settings) {
  std::vector<CategoryMean> means(kFirstCategory + kCategories);
  Digest digest;
  JoinBidsWithAuctions<OpenAuction>(records, settings, [&](const Event& bid, OpenAuction& auction) {
    if (!IsValid(bid, auction) || !Beats(bid, auction)) return;
    CategoryMean& mean = means[static_cast<std::size_t>(auction.category)];
    Add(ChangeBy(bid, auction), mean);
    KeepBest(bid, auction);
    digest.Add(HashOf(mean));
  });
  return digest;
}

Digest WinningBids(std::int64_t records, const Settings& settings) {
  Digest digest;
  JoinBidsWithAuctions<OpenAuction>(records, settings, [&](const Event& bid, OpenAuction& auction) {
    if (!IsValid(bid, auction) || !Beats(bid, auction)) return;
    KeepBest(bid, auction);
    digest.Add(HashOf(ToWinningBid(bid)));
  });
  return digest;
}

Digest ExpandedBids(std::int64_t records, const Settings& settings) {
  Digest digest;
  JoinBidsWithAuctions<AuctionTerms>(records, settings,
                                     [&](const Event& bid, const AuctionTerms& auction) {
                                       if (auction.category == kWatchedCategory)
                                         digest.Add(HashOf(ExpandedBid{bid, auction}));
                                     });
  return digest;
}

Digest Statistics(std::int64_t records, const Settings& settings) {
  Digest digest;
  ForEachBidWith<BidStatistics>(
      records, settings, [](const Bid& bid) { return DayOf(bid).day << 40 | bid.auction; },
      [&](const Bid& bid, BidStatistics& statistics) {
        Add(bid, statistics);
        digest.Add(HashOf(statistics));
      });
  return digest;
}

Digest LastBids(std::int64_t records, const Settings& settings) {
  Digest digest;
  ForEachBidWith<Bid>(
      records, settings, [](const Bid& bid) { return bid.bidder << 32 | bid.auction; },
      [&](const Bid& bid, Bid& last) {
        if (!IsNewer(bid, last)) return;
        last = bid;
        digest.Add(HashOf(bid));
      });
  return digest;
}

}  // namespace
}  // namespace benchmarks::nexmark

int main(int argc, char** argv) {
  using namespace benchmarks;
  using namespace benchmarks::nexmark;
  const std::map<std::string_view, Digest (*)(std::int64_t, const Settings&)> queries = {
      {"q3", LocalSellers},  {"q4", CategoryMeans},   {"q9", WinningBids},
      {"q15", DailyReports}, {"q16", ChannelReports}, {"q17", Statistics},
      {"q18", LastBids},     {"q19", TopBids},        {"q20", ExpandedBids}};
  const auto query = queries.find(Argument(argc, argv, "--query"));
  if (query == queries.end()) return 2;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  TextTables::Get();
  const Stopwatch stopwatch;
  stopwatch.Print(query->second(records, Settings()), records);
  return 0;
}
