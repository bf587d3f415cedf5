// Map and filter over bids as a loop by hand: --source generated|memory --records N
#include <cstdlib>
#include <cstring>

#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/bid.h"

namespace benchmarks {
namespace {

Digest Generated(std::int64_t records) {
  Digest digest;
  SmallBid bid;
  for (std::int64_t i = 0; i < records; ++i) {
    FillSmallBid(i, bid);
    MakeComplete(bid);
    bid.price = ToEuro(bid.price);
    if (Passes(bid)) digest.Add(HashOf(bid));
  }
  return digest;
}

Digest FromMemory(std::int64_t records) {
  const std::vector<SmallBid> bids = MakeBids();
  Digest digest;
  for (std::int64_t i = 0; i < records; ++i) {
    SmallBid bid = bids[i % kBidsInMemory];
    bid.price = ToEuro(bid.price);
    if (Passes(bid)) digest.Add(HashOf(bid));
  }
  return digest;
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  const std::int64_t records = std::atoll(benchmarks::Argument(argc, argv, "--records"));
  const bool memory = std::strcmp(benchmarks::Argument(argc, argv, "--source"), "memory") == 0;
  const benchmarks::Stopwatch stopwatch;
  stopwatch.Print(memory ? benchmarks::FromMemory(records) : benchmarks::Generated(records),
                  records);
  return 0;
}
