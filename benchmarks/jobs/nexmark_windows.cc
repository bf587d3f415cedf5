// Nexmark's queries over windows, and query 6, which has timers: the jobs beside
// limits/nexmark_window_limit.cc.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <tuple>
#include <vector>

#include <weir/api.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/nexmark_sources.h"
#include "benchmarks/jobs/result_sink.h"
#include "benchmarks/workloads/nexmark/closing_auctions.h"
#include "benchmarks/workloads/nexmark/windowed_queries.h"

namespace benchmarks::nexmark {
namespace {

template <class T>
void ToResult(weir::StreamExecutionEnvironment& env, const weir::DataStream<T>& results) {
  results.SinkTo(ResultSink<T, WorkloadHash>(Argument(env, "--result-directory")));
}

using Context = weir::WindowContext<std::int64_t>;
using Counts = weir::WindowElements<std::int64_t>;

struct CountBids {
  std::int64_t CreateAccumulator() const { return 0; }
  void Add(const Bid&, std::int64_t& bids) const { ++bids; }
  void Merge(std::int64_t& bids, std::int64_t other) const { bids += other; }
  std::int64_t GetResult(std::int64_t bids) const { return bids; }
};

// Lets through what may be the largest count of its window, so that few counts of a subtask go on.
// Windows come one after the other.
class Candidates {
 public:
  bool operator()(const AuctionCount& count) {
    if (count.window_end_ms != window_end_ms_) {
      window_end_ms_ = count.window_end_ms;
      most_bids_ = 0;
    }
    if (count.bids < most_bids_) return false;
    most_bids_ = count.bids;
    return true;
  }

 private:
  std::int64_t window_end_ms_ = 0;
  std::int64_t most_bids_ = 0;
};

struct HottestItems {
  std::vector<AuctionCount> CreateAccumulator() const { return {}; }
  void Add(const AuctionCount& count, std::vector<AuctionCount>& hottest) const {
    KeepHottest(count, hottest);
  }
  std::vector<AuctionCount> GetResult(const std::vector<AuctionCount>& hottest) const {
    return hottest;
  }
};

struct HighestBids {
  std::vector<Bid> CreateAccumulator() const { return {}; }
  void Add(const Bid& bid, std::vector<Bid>& highest) const { KeepHighest(bid, highest); }
  std::vector<Bid> GetResult(const std::vector<Bid>& highest) const { return highest; }
};

// Puts out the rows of a window's one result.
template <class T>
struct EachRow {
  template <class AnyContext>
  void operator()(AnyContext&, const weir::WindowElements<std::vector<T>>& results,
                  weir::Collector<T>& out) const {
    for (const T& row : results[0]) out.Collect(row);
  }
};

// The watermark at the end of the input.
constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();

// When processing time passes the end of the window, or the input ends.
struct ProcessingTimeOrEnd {
  template <class T, class W, class AnyContext>
  weir::TriggerResult OnElement(const T&, std::int64_t, const W& window, AnyContext& context) {
    context.RegisterProcessingTimeTimer(window.MaxTimestamp());
    context.RegisterEventTimeTimer(kEndOfTime);
    return weir::TriggerResult::kContinue;
  }
  template <class W, class AnyContext>
  weir::TriggerResult OnProcessingTime(std::int64_t, const W&, AnyContext&) {
    return weir::TriggerResult::kFire;
  }
  template <class W, class AnyContext>
  weir::TriggerResult OnEventTime(std::int64_t, const W&, AnyContext&) {
    return weir::TriggerResult::kFire;
  }
  template <class W, class AnyContext>
  void Clear(const W& window, AnyContext& context) {
    context.DeleteProcessingTimeTimer(window.MaxTimestamp());
    context.DeleteEventTimeTimer(kEndOfTime);
  }
};

using KeyedContext = weir::KeyedProcessContext<std::int64_t>;
using TimerContext = weir::OnTimerContext<std::int64_t>;

// By auction: what it is sold for when it closes.
struct Sales {
  weir::ValueState<ClosingAuction> auction{"auction"};
  weir::ValueState<std::vector<Event>> waiting{"waiting"};  // bids that came before their auction
  auto States() { return std::tie(auction, waiting); }

  void ProcessElement(const Event& event, KeyedContext& context, weir::Collector<Sale>&) {
    if (event.kind == EventKind::kAuction) {
      ClosingAuction& open = auction.Mutable(context);
      Keep(event, open);
      if (const std::vector<Event>* bids = waiting.Find(context)) {
        for (const Event& bid : *bids) Offer(bid, open);
        waiting.Clear(context);
      }
      context.TimerService().RegisterEventTimeTimer(event.expires_ms);
    } else if (auction.Find(context) != nullptr) {
      Offer(event, auction.Mutable(context));
    } else {
      // An auction that is not there by then opened later, or has closed.
      waiting.Mutable(context).push_back(event);
      context.TimerService().RegisterEventTimeTimer(event.date_time_ms);
    }
  }
  void OnTimer(std::int64_t timestamp_ms, TimerContext& context, weir::Collector<Sale>& out) {
    if (const ClosingAuction* open = auction.Find(context)) {
      if (timestamp_ms < open->open.expires_ms) return;
      if (IsSold(*open)) out.Collect(ToSale(context.key(), *open));
      auction.Clear(context);
    } else if (waiting.Find(context) != nullptr) {
      std::vector<Event>& bids = waiting.Mutable(context);
      std::erase_if(bids, [&](const Event& bid) { return bid.date_time_ms <= timestamp_ms; });
      if (bids.empty()) waiting.Clear(context);
    }
  }
};

// By seller. Sales of a millisecond come in any order, so they wait until it has passed.
struct LastSales {
  weir::ValueState<std::vector<Sale>> waiting{"waiting"};
  weir::ValueState<std::vector<std::int64_t>> prices{"prices"};  // the oldest first
  auto States() { return std::tie(waiting, prices); }

  void ProcessElement(const Sale& sale, KeyedContext& context, weir::Collector<SellerMean>&) {
    waiting.Mutable(context).push_back(sale);
    context.TimerService().RegisterEventTimeTimer(sale.closed_ms);
  }
  void OnTimer(std::int64_t timestamp_ms, TimerContext& context, weir::Collector<SellerMean>& out) {
    std::vector<Sale>& sales = waiting.Mutable(context);
    std::sort(sales.begin(), sales.end(), IsEarlier);
    std::vector<std::int64_t>& last = prices.Mutable(context);
    auto sale = sales.begin();
    for (; sale != sales.end() && sale->closed_ms <= timestamp_ms; ++sale) {
      if (last.size() == kLastSales) last.erase(last.begin());
      last.push_back(sale->price);
      const std::int64_t sum = std::accumulate(last.begin(), last.end(), std::int64_t{0});
      out.Collect({context.key(), static_cast<std::int64_t>(last.size()), sum});
    }
    sales.erase(sales.begin(), sale);
    if (sales.empty()) waiting.Clear(context);
  }
};

void Q5(weir::StreamExecutionEnvironment& env) {
  ToResult(env, TimedBids(env)
                    .KeyBy([](const Bid& bid) { return bid.auction; })
                    .Window(weir::SlidingEventTimeWindows::Of(kWindowMs, kSlideMs))
                    .Aggregate(CountBids(),
                               [](const std::int64_t& auction, Context& context, const Counts& bids,
                                  weir::Collector<AuctionCount>& out) {
                                 out.Collect({context.window().end_ms, auction, bids[0]});
                               })
                    .Uid("counts")
                    .Filter(Candidates())
                    .KeyBy([](const AuctionCount& count) { return count.window_end_ms; })
                    .Window(weir::TumblingEventTimeWindows::Of(kSlideMs))
                    .Aggregate<AuctionCount>(HottestItems(), EachRow<AuctionCount>())
                    .Uid("hottest"));
}
void Q6(weir::StreamExecutionEnvironment& env) {
  ToResult(env, TimedEvents(env)
                    .Filter([](const Event& event) { return IsAuctionOrBid(event); })
                    .KeyBy([](const Event& event) { return event.auction; })
                    .Process(Sales())
                    .Uid("sales")
                    .KeyBy([](const Sale& sale) { return sale.seller; })
                    .Process(LastSales())
                    .Uid("last-sales"));
}
void Q7(weir::StreamExecutionEnvironment& env) {
  ToResult(env, TimedBids(env)
                    .WindowAll(weir::TumblingEventTimeWindows::Of(kWindowMs))
                    .Aggregate<Bid>(HighestBids(), EachRow<Bid>())
                    .Uid("highest"));
}
void Q8(weir::StreamExecutionEnvironment& env) {
  const auto events = TimedEvents(env);
  const auto persons =
      events.Filter([](const Event& event) { return IsPerson(event); }).Map([](const Event& event) {
        return ToNewPerson(event);
      });
  const auto auctions = events.Filter([](const Event& event) { return IsAuction(event); })
                            .Map([](const Event& event) { return ToNewAuction(event); });
  ToResult(env, persons.CoGroup(auctions)
                    .Where([](const NewPerson& person) { return person.person; })
                    .EqualTo([](const NewAuction& auction) { return auction.seller; })
                    .Window(weir::TumblingEventTimeWindows::Of(kWindowMs))
                    .Apply([](const weir::WindowElements<NewPerson>& came,
                              const weir::WindowElements<NewAuction>& opened,
                              weir::Collector<NewSeller>& out) {
                      if (!came.empty() && !opened.empty()) out.Collect(ToNewSeller(came[0]));
                    })
                    .Uid("sellers"));
}
void Q11(weir::StreamExecutionEnvironment& env) {
  ToResult(env, TimedBids(env)
                    .KeyBy([](const Bid& bid) { return bid.bidder; })
                    .Window(weir::EventTimeSessionWindows::WithGap(kSessionGapMs))
                    .Aggregate(CountBids(),
                               [](const std::int64_t& bidder, Context& context, const Counts& bids,
                                  weir::Collector<UserSession>& out) {
                                 const weir::TimeWindow& window = context.window();
                                 out.Collect({bidder, window.start_ms, window.end_ms, bids[0]});
                               })
                    .Uid("sessions"));
}
void Q12(weir::StreamExecutionEnvironment& env) {
  ToResult(env,
           Bids(env)
               .KeyBy([](const Bid& bid) { return bid.bidder; })
               .Window(weir::TumblingProcessingTimeWindows::Of(kWindowMs))
               .Trigger(ProcessingTimeOrEnd())
               .Aggregate(CountBids(),
                          [](const std::int64_t& bidder, Context&, const Counts& bids,
                             weir::Collector<BidderCount>& out) { out.Collect({bidder, bids[0]}); })
               .Uid("counts"));
}

}  // namespace
}  // namespace benchmarks::nexmark

WEIR_JOB("q5", benchmarks::nexmark::Q5)
WEIR_JOB("q6", benchmarks::nexmark::Q6)
WEIR_JOB("q7", benchmarks::nexmark::Q7)
WEIR_JOB("q8", benchmarks::nexmark::Q8)
WEIR_JOB("q11", benchmarks::nexmark::Q11)
WEIR_JOB("q12", benchmarks::nexmark::Q12)
