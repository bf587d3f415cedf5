// Nexmark's keyed queries: the jobs beside limits/nexmark_keyed_limit.cc. The results are those of
// the limit at parallelism 1, where events come in order.
#include <tuple>
#include <utility>
#include <vector>

#include <weir/api.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/nexmark_sources.h"
#include "benchmarks/jobs/result_sink.h"
#include "benchmarks/workloads/nexmark/daily_queries.h"
#include "benchmarks/workloads/nexmark/keyed_queries.h"
#include "benchmarks/workloads/nexmark/top_bids.h"

namespace benchmarks::nexmark {
namespace {

using Context = weir::KeyedProcessContext<std::int64_t>;
using Events = std::vector<Event>;

template <class T>
void ToResult(weir::StreamExecutionEnvironment& env, const weir::DataStream<T>& results) {
  results.SinkTo(ResultSink<T, WorkloadHash>(Argument(env, "--result-directory")));
}

// By seller or person: query 3.
struct LocalSellers {
  weir::ValueState<std::int64_t> state{"state"};  // where the seller lives
  weir::ValueState<Events> waiting{"waiting"};    // auctions that came before their seller
  auto States() { return std::tie(state, waiting); }

  void ProcessElement(const Event& event, Context& context, weir::Collector<LocalSeller>& out) {
    if (event.kind == EventKind::kPerson) {
      state.Update(context, event.attribute);
      const Events* auctions = waiting.Find(context);
      if (auctions == nullptr) return;
      for (const Event& auction : *auctions) {
        out.Collect({event.person, event.attribute, auction.auction});
      }
      waiting.Clear(context);
    } else if (const std::int64_t* lives_in = state.Find(context)) {
      out.Collect({event.person, *lives_in, event.auction});
    } else {
      waiting.Mutable(context).push_back(event);
    }
  }
};

// By auction: hands each bid with what is kept of its auction to `take`, as soon as both are there.
template <class Auction>
struct BidsWithAuctions {
  weir::ValueState<Auction> auction{"auction"};
  weir::ValueState<Events> waiting{"waiting"};  // bids that came before their auction
  auto States() { return std::tie(auction, waiting); }

  template <class Take>
  void Handle(const Event& event, const Context& context, Take&& take) {
    if (event.kind == EventKind::kAuction) {
      Keep(event, auction.Mutable(context));
      if (waiting.Find(context) == nullptr) return;
      const Events bids = std::move(waiting.Mutable(context));
      waiting.Clear(context);
      for (const Event& bid : bids) take(bid, *auction.Find(context));
    } else if (const Auction* kept = auction.Find(context)) {
      take(event, *kept);
    } else {
      waiting.Mutable(context).push_back(event);
    }
  }
};

struct WinningBids : BidsWithAuctions<OpenAuction> {
  void ProcessElement(const Event& event, Context& context, weir::Collector<WinningBid>& out) {
    Handle(event, context, [&](const Event& bid, const OpenAuction& open) {
      if (!IsValid(bid, open) || !Beats(bid, open)) return;
      KeepBest(bid, auction.Mutable(context));
      out.Collect(ToWinningBid(bid));
    });
  }
};

struct WinningPrices : BidsWithAuctions<OpenAuction> {
  void ProcessElement(const Event& event, Context& context, weir::Collector<PriceChange>& out) {
    Handle(event, context, [&](const Event& bid, const OpenAuction& open) {
      if (!IsValid(bid, open) || !Beats(bid, open)) return;
      const PriceChange change = ChangeBy(bid, open);
      KeepBest(bid, auction.Mutable(context));
      out.Collect(change);
    });
  }
};

struct ExpandedBids : BidsWithAuctions<AuctionTerms> {
  void ProcessElement(const Event& event, Context& context, weir::Collector<ExpandedBid>& out) {
    Handle(event, context, [&](const Event& bid, const AuctionTerms& terms) {
      if (terms.category == kWatchedCategory) out.Collect({bid, terms});
    });
  }
};

struct MeanOfCategory {
  CategoryMean CreateAccumulator() const { return {}; }
  void Add(const PriceChange& change, CategoryMean& mean) const { nexmark::Add(change, mean); }
  CategoryMean GetResult(const CategoryMean& mean) const { return mean; }
};

struct StatisticsOfBids {
  BidStatistics CreateAccumulator() const { return {}; }
  void Add(const Bid& bid, BidStatistics& statistics) const { nexmark::Add(bid, statistics); }
  BidStatistics GetResult(const BidStatistics& statistics) const { return statistics; }
};

using BidderAndAuction = std::pair<std::int64_t, std::int64_t>;

struct LastBids {
  weir::ValueState<Bid> last{"last"};
  auto States() { return std::tie(last); }

  void ProcessElement(const Bid& bid, weir::KeyedProcessContext<BidderAndAuction>& context,
                      weir::Collector<Bid>& out) {
    const Bid* const before = last.Find(context);
    if (before != nullptr && !IsNewer(bid, *before)) return;
    last.Update(context, bid);
    out.Collect(bid);
  }
};

// By day, or by channel and day. Whom and what a report has counted are entries of their own.
template <class Key, bool kOfChannel>
struct Reports {
  weir::ValueState<DailyReport> report{"report"};
  weir::MapState<std::int64_t, std::uint8_t> bidders{"bidders"};
  weir::MapState<std::int64_t, std::uint8_t> auctions{"auctions"};
  auto States() { return std::tie(report, bidders, auctions); }

  void ProcessElement(const Bid& bid, weir::KeyedProcessContext<Key>& context,
                      weir::Collector<DailyReport>& out) {
    DailyReport& updated = report.Mutable(context);
    Add(bid, kOfChannel, bidders.Mutable(context, bid.bidder),
        auctions.Mutable(context, bid.auction), updated);
    out.Collect(updated);
  }
};

struct HighestBids {
  weir::ValueState<std::vector<Bid>> highest{"highest"};
  auto States() { return std::tie(highest); }

  void ProcessElement(const Bid& bid, Context& context, weir::Collector<RankedBid>& out) {
    std::vector<Bid>& bids = highest.Mutable(context);
    const std::size_t place = PlaceOf(bid, bids.data(), bids.size());
    if (place == kTopBids) return;
    if (bids.size() == kTopBids) bids.pop_back();
    bids.insert(bids.begin() + static_cast<std::ptrdiff_t>(place), bid);
    for (std::size_t i = place; i < bids.size(); ++i) {
      out.Collect({bids[i], static_cast<std::int64_t>(i) + 1});
    }
  }
};

void Q3(weir::StreamExecutionEnvironment& env) {
  ToResult(env, AllEvents(env)
                    .Filter([](const Event& event) {
                      return IsWatchedPerson(event) || IsWatchedAuction(event);
                    })
                    .KeyBy([](const Event& event) { return event.person; })
                    .Process(LocalSellers())
                    .Uid("sellers"));
}
void Q4(weir::StreamExecutionEnvironment& env) {
  ToResult(env, AllEvents(env)
                    .Filter([](const Event& event) { return IsAuctionOrBid(event); })
                    .KeyBy([](const Event& event) { return event.auction; })
                    .Process(WinningPrices())
                    .Uid("prices")
                    .KeyBy([](const PriceChange& change) { return change.category; })
                    .Aggregate(MeanOfCategory())
                    .Uid("means"));
}
void Q9(weir::StreamExecutionEnvironment& env) {
  ToResult(env, AllEvents(env)
                    .Filter([](const Event& event) { return IsAuctionOrBid(event); })
                    .KeyBy([](const Event& event) { return event.auction; })
                    .Process(WinningBids())
                    .Uid("winners"));
}
void Q15(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env)
                    .KeyBy([](const Bid& bid) { return bid.date_time_ms / kDayMs; })
                    .Process(Reports<std::int64_t, false>())
                    .Uid("reports"));
}
void Q16(weir::StreamExecutionEnvironment& env) {
  using ChannelAndDay = std::pair<std::int64_t, std::int64_t>;
  ToResult(env, Bids(env)
                    .KeyBy([](const Bid& bid) {
                      return ChannelAndDay(ChannelOf(bid), bid.date_time_ms / kDayMs);
                    })
                    .Process(Reports<ChannelAndDay, true>())
                    .Uid("reports"));
}
void Q17(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env)
                    .KeyBy([](const Bid& bid) {
                      const DayOfAuction place = DayOf(bid);
                      return std::pair(place.auction, place.day);
                    })
                    .Aggregate(StatisticsOfBids())
                    .Uid("statistics"));
}
void Q18(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env)
                    .KeyBy([](const Bid& bid) { return BidderAndAuction(bid.bidder, bid.auction); })
                    .Process(LastBids())
                    .Uid("last"));
}
void Q19(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env)
                    .KeyBy([](const Bid& bid) { return bid.auction; })
                    .Process(HighestBids())
                    .Uid("highest"));
}
void Q20(weir::StreamExecutionEnvironment& env) {
  ToResult(env, AllEvents(env)
                    .Filter([](const Event& event) { return IsAuctionOrBid(event); })
                    .KeyBy([](const Event& event) { return event.auction; })
                    .Process(ExpandedBids())
                    .Uid("expand"));
}

}  // namespace
}  // namespace benchmarks::nexmark

WEIR_JOB("q3", benchmarks::nexmark::Q3)
WEIR_JOB("q4", benchmarks::nexmark::Q4)
WEIR_JOB("q9", benchmarks::nexmark::Q9)
WEIR_JOB("q15", benchmarks::nexmark::Q15)
WEIR_JOB("q16", benchmarks::nexmark::Q16)
WEIR_JOB("q17", benchmarks::nexmark::Q17)
WEIR_JOB("q18", benchmarks::nexmark::Q18)
WEIR_JOB("q19", benchmarks::nexmark::Q19)
WEIR_JOB("q20", benchmarks::nexmark::Q20)
