// Map and filter over bids, one chain: the job beside limits/map_filter_limit.cc.
#include <memory>
#include <vector>

#include <weir/api.h>
#include <weir/connectors/generator.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/result_sink.h"
#include "benchmarks/workloads/bid.h"

namespace benchmarks {
namespace {

using weir::generator::GenerateInto;

// Hands out copies of bids that are made when the reader opens.
struct BidsInMemory {
  void Open(weir::RuntimeContext&) {
    bids = std::make_shared<const std::vector<SmallBid>>(MakeBids());
  }
  void operator()(std::int64_t index, SmallBid& bid) const { bid = (*bids)[index % kBidsInMemory]; }
  std::shared_ptr<const std::vector<SmallBid>> bids;
};

weir::DataStream<SmallBid> Bids(weir::StreamExecutionEnvironment& env) {
  const std::int64_t records = NumberArgument(env, "--records");
  if (Argument(env, "--source") == "memory") {
    return env.FromSource(GenerateInto<SmallBid>(BidsInMemory(), records));
  }
  return env.FromSource(GenerateInto<SmallBid>(
      [](std::int64_t index, SmallBid& bid) { FillSmallBid(index, bid); }, records));
}

void FilterToResult(weir::StreamExecutionEnvironment& env,
                    const weir::DataStream<SmallBid>& in_euro) {
  in_euro.Filter([](const SmallBid& bid) { return Passes(bid); })
      .SinkTo(ResultSink<SmallBid, WorkloadHash>(Argument(env, "--result-directory")));
}

void MapFilter(weir::StreamExecutionEnvironment& env) {
  FilterToResult(env, Bids(env).Map([](const SmallBid& bid) {
    SmallBid in_euro = bid;
    in_euro.price = ToEuro(bid.price);
    return in_euro;
  }));
}

void UpdateFilter(weir::StreamExecutionEnvironment& env) {
  FilterToResult(env, Bids(env).Update([](SmallBid& bid) { bid.price = ToEuro(bid.price); }));
}

}  // namespace
}  // namespace benchmarks

WEIR_JOB("map-filter", benchmarks::MapFilter)
WEIR_JOB("update-filter", benchmarks::UpdateFilter)
