// Nexmark's stateless queries as loops by hand.
//   --query q0|q1|q1-into|q2|q13|q14|q21|q22 --source memory|generated|strings --records N
// Bids in memory, bids made from their number, and such with strings of their own, for which one
// record is used again and again. q13 and later: bids made from their number, whatever the source.
#include <cstdlib>
#include <string_view>
#include <tuple>
#include <vector>

#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/nexmark/lookup_queries.h"
#include "benchmarks/workloads/nexmark/queries.h"

namespace benchmarks::nexmark {
namespace {

// What a query does with a bid, and where its result goes.
struct PassThrough {
  template <class AnyBid>
  static void Run(AnyBid& bid, Digest& digest) {
    digest.Add(HashOf(bid));
  }
};
struct CurrencyConversion {
  template <class AnyBid>
  static void Run(AnyBid& bid, Digest& digest) {
    bid.price = ToEuro(bid.price);
    digest.Add(HashOf(bid));
  }
};
// Into a second record, which is used again and again as well: what MapInto asks of its function.
struct CurrencyConversionInto {
  template <class AnyBid>
  void Run(const AnyBid& bid, Digest& digest) {
    AnyBid& in_euro = std::get<AnyBid>(kept);
    in_euro = bid;
    in_euro.price = ToEuro(bid.price);
    MakeComplete(in_euro);
    digest.Add(HashOf(in_euro));
  }
  std::tuple<Bid, BidWithStrings> kept;
};
struct Selection {
  template <class AnyBid>
  static void Run(AnyBid& bid, Digest& digest) {
    if (IsWatched(bid.auction)) digest.Add(HashOf(AuctionPrice{bid.auction, bid.price}));
  }
};
struct Calculations {
  void Run(const Bid& bid, Digest& digest) const {
    if (IsInRange(bid.price)) digest.Add(HashOf(Calculate(bid, tables)));
  }
  const TextTables& tables = TextTables::Get();
};
struct SideInputLookups {
  void Run(const Bid& bid, Digest& digest) const { digest.Add(HashOf(WithValue(bid, side_input))); }
  const std::vector<std::int64_t> side_input = MakeSideInput();
};
struct ChannelIdSearches {
  void Run(const Bid& bid, Digest& digest) const {
    if (const auto found = channel_ids.Find(bid)) digest.Add(HashOf(*found));
  }
  const ChannelIds channel_ids;
};
struct UrlSplits {
  void Run(const Bid& bid, Digest& digest) const { digest.Add(HashOf(SplitUrl(bid, tables))); }
  const TextTables& tables = TextTables::Get();
};

template <class Query>
Digest FromMemory(const std::vector<Bid>& bids, std::int64_t records) {
  Digest digest;
  Query query;
  for (std::int64_t i = 0; i < records; ++i) {
    Bid bid = bids[static_cast<std::size_t>(i % kBidsInMemory)];
    query.Run(bid, digest);
  }
  return digest;
}

template <class Query, class AnyBid>
Digest Generated(std::int64_t records) {
  const Generator generator;
  Digest digest;
  AnyBid bid;
  Query query;
  for (std::int64_t i = 0; i < records; ++i) {
    generator.Fill(Generator::BidNumber(i), bid);
    MakeComplete(bid);
    query.Run(bid, digest);
  }
  return digest;
}

// Of bids whose texts are places in the tables.
template <class Query>
void MeasureGenerated(std::int64_t records) {
  TextTables::Get();
  const Stopwatch stopwatch;
  stopwatch.Print(Generated<Query, Bid>(records), records);
}

template <class Query>
void Measure(std::string_view source, std::int64_t records) {
  if (source == "memory") {
    const std::vector<Bid> bids = MakeBids();
    const Stopwatch stopwatch;
    stopwatch.Print(FromMemory<Query>(bids, records), records);
    return;
  }
  TextTables::Get();
  const Stopwatch stopwatch;
  stopwatch.Print(source == "strings" ? Generated<Query, BidWithStrings>(records)
                                      : Generated<Query, Bid>(records),
                  records);
}

}  // namespace
}  // namespace benchmarks::nexmark

int main(int argc, char** argv) {
  using namespace benchmarks;
  using namespace benchmarks::nexmark;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  const std::string_view source = Argument(argc, argv, "--source");
  const std::string_view query = Argument(argc, argv, "--query");
  if (query == "q0") {
    Measure<PassThrough>(source, records);
  } else if (query == "q1") {
    Measure<CurrencyConversion>(source, records);
  } else if (query == "q1-into") {
    Measure<CurrencyConversionInto>(source, records);
  } else if (query == "q13") {
    MeasureGenerated<SideInputLookups>(records);
  } else if (query == "q14") {
    MeasureGenerated<Calculations>(records);
  } else if (query == "q21") {
    MeasureGenerated<ChannelIdSearches>(records);
  } else if (query == "q22") {
    MeasureGenerated<UrlSplits>(records);
  } else {
    Measure<Selection>(source, records);
  }
  return 0;
}
