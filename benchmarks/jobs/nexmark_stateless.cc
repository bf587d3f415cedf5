// Nexmark's stateless queries: the jobs beside limits/nexmark_limit.cc.
//   --source memory|generated --records N --result-directory PATH
#include <cstdint>
#include <optional>
#include <vector>

#include <weir/api.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/nexmark_sources.h"
#include "benchmarks/jobs/result_sink.h"
#include "benchmarks/workloads/nexmark/lookup_queries.h"
#include "benchmarks/workloads/nexmark/queries.h"

namespace benchmarks::nexmark {
namespace {

template <class T>
void ToResult(weir::StreamExecutionEnvironment& env, const weir::DataStream<T>& results) {
  results.SinkTo(ResultSink<T, WorkloadHash>(Argument(env, "--result-directory")));
}

void Q0(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env));
}

template <class AnyBid>
AnyBid InEuro(const AnyBid& bid) {
  AnyBid in_euro = bid;
  in_euro.price = ToEuro(bid.price);
  return in_euro;
}

void Q1Map(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env).Map([](const Bid& bid) { return InEuro(bid); }));
}
void Q1Update(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env).Update([](Bid& bid) { bid.price = ToEuro(bid.price); }));
}

void Q1StringsMap(weir::StreamExecutionEnvironment& env) {
  ToResult(env, BidsWithStrings(env).Map([](const BidWithStrings& bid) { return InEuro(bid); }));
}
void Q1StringsMapInto(weir::StreamExecutionEnvironment& env) {
  ToResult(env, BidsWithStrings(env).MapInto<BidWithStrings>(
                    [](const BidWithStrings& bid, BidWithStrings& in_euro) {
                      in_euro = bid;
                      in_euro.price = ToEuro(bid.price);
                    }));
}
void Q1StringsUpdate(weir::StreamExecutionEnvironment& env) {
  ToResult(env,
           BidsWithStrings(env).Update([](BidWithStrings& bid) { bid.price = ToEuro(bid.price); }));
}

void Q2(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env)
                    .Filter([](const Bid& bid) { return IsWatched(bid.auction); })
                    .Map([](const Bid& bid) { return AuctionPrice{bid.auction, bid.price}; }));
}

// The table is read when the function is opened, as it never changes.
struct SideInputLookup {
  void Open(weir::RuntimeContext&) { side_input = MakeSideInput(); }
  BidWithValue operator()(const Bid& bid) const { return WithValue(bid, side_input); }
  std::vector<std::int64_t> side_input;
};
void Q13(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env).Map(SideInputLookup()));
}

struct ChannelIdFinder {
  void Open(weir::RuntimeContext&) { channel_ids.emplace(); }
  void operator()(const Bid& bid, weir::Collector<BidWithChannelId>& out) const {
    if (const auto found = channel_ids->Find(bid)) out.Collect(*found);
  }
  std::optional<ChannelIds> channel_ids;
};
void Q21(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env).FlatMap(ChannelIdFinder()));
}

struct Calculator {
  void Open(weir::RuntimeContext&) { tables = &TextTables::Get(); }
  Calculation operator()(const Bid& bid) const { return Calculate(bid, *tables); }
  const TextTables* tables = nullptr;
};
void Q14(weir::StreamExecutionEnvironment& env) {
  ToResult(env,
           Bids(env).Filter([](const Bid& bid) { return IsInRange(bid.price); }).Map(Calculator()));
}

struct UrlSplitter {
  void Open(weir::RuntimeContext&) { tables = &TextTables::Get(); }
  UrlParts operator()(const Bid& bid) const { return SplitUrl(bid, *tables); }
  const TextTables* tables = nullptr;
};
void Q22(weir::StreamExecutionEnvironment& env) {
  ToResult(env, Bids(env).Map(UrlSplitter()));
}

}  // namespace
}  // namespace benchmarks::nexmark

WEIR_JOB("q0", benchmarks::nexmark::Q0)
WEIR_JOB("q1-map", benchmarks::nexmark::Q1Map)
WEIR_JOB("q1-update", benchmarks::nexmark::Q1Update)
WEIR_JOB("q1-strings-map", benchmarks::nexmark::Q1StringsMap)
WEIR_JOB("q1-strings-map-into", benchmarks::nexmark::Q1StringsMapInto)
WEIR_JOB("q1-strings-update", benchmarks::nexmark::Q1StringsUpdate)
WEIR_JOB("q2", benchmarks::nexmark::Q2)
WEIR_JOB("q13", benchmarks::nexmark::Q13)
WEIR_JOB("q14", benchmarks::nexmark::Q14)
WEIR_JOB("q21", benchmarks::nexmark::Q21)
WEIR_JOB("q22", benchmarks::nexmark::Q22)
