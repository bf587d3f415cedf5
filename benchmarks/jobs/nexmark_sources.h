// Nexmark's streams as Weir sources: --source memory|generated, --records N.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <weir/connectors/generator.h>
#include <weir/environment.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/nexmark/queries.h"

namespace benchmarks::nexmark {

// Hands out copies of bids that the process makes once and keeps.
struct BidsInMemory {
  void Open(weir::RuntimeContext&) {
    static const std::vector<Bid> kept = MakeBids();
    bids = &kept;
  }
  void operator()(std::int64_t index, Bid& bid) const {
    bid = (*bids)[static_cast<std::size_t>(index % kBidsInMemory)];
  }
  const std::vector<Bid>* bids = nullptr;
};

// Makes the i-th bid in any form. The tables are made where the bids are.
struct BidByIndex {
  void Open(weir::RuntimeContext&) { generator = std::make_shared<const Generator>(settings); }
  template <class AnyBid>
  void operator()(std::int64_t index, AnyBid& bid) const {
    generator->Fill(Generator::BidNumber(index), bid);
  }
  Settings settings;
  std::shared_ptr<const Generator> generator;
};

// Makes the i-th event of the mixed stream.
struct EventByIndex {
  void Open(weir::RuntimeContext&) { generator = std::make_shared<const Generator>(settings); }
  void operator()(std::int64_t index, Event& event) const {
    generator->Fill(generator->IdOf(index), event);
  }
  Settings settings;
  std::shared_ptr<const Generator> generator;
};

inline weir::DataStream<Bid> Bids(weir::StreamExecutionEnvironment& env) {
  const std::int64_t records = NumberArgument(env, "--records");
  if (Argument(env, "--source") == "memory") {
    return env.FromSource(weir::generator::GenerateInto<Bid>(BidsInMemory(), records));
  }
  return env.FromSource(weir::generator::GenerateInto<Bid>(BidByIndex(), records));
}

inline weir::DataStream<BidWithStrings> BidsWithStrings(weir::StreamExecutionEnvironment& env) {
  return env.FromSource(weir::generator::GenerateInto<BidWithStrings>(
      BidByIndex(), NumberArgument(env, "--records")));
}

inline weir::DataStream<Event> AllEvents(weir::StreamExecutionEnvironment& env) {
  return env.FromSource(
      weir::generator::GenerateInto<Event>(EventByIndex(), NumberArgument(env, "--records")));
}

}  // namespace benchmarks::nexmark
