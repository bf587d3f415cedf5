// Nexmark's queries over windows: the jobs beside limits/nexmark_window_limit.cc.
#include <cstdint>
#include <limits>
#include <vector>

#include <weir/api.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/nexmark_sources.h"
#include "benchmarks/jobs/result_sink.h"
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
WEIR_JOB("q7", benchmarks::nexmark::Q7)
WEIR_JOB("q8", benchmarks::nexmark::Q8)
WEIR_JOB("q11", benchmarks::nexmark::Q11)
WEIR_JOB("q12", benchmarks::nexmark::Q12)
