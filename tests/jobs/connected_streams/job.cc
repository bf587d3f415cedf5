// Two streams of different types into one operator: CoMap and CoFlatMap.
#include <cstdint>
#include <string>

#include "tests/jobs/golden_job.h"

namespace weir::golden::connected_streams {
namespace {

struct Price {
  std::string product;
  std::int64_t cents = 0;
};
WEIR_FIELDS(Price, product, cents)

Price ParsePrice(const std::vector<std::string>& words) {
  return {words.at(0), std::stoll(words.at(1))};
}

void ConnectedPricesAndAsks(GoldenJob& golden) {
  const auto prices =
      golden.Records<Price>(ParsePrice, WatermarkStrategy<Price>::NoWatermarks(), "prices.txt");
  const auto asks = golden.Lines("asks.txt");
  const auto mapped = prices.Connect(asks).Map(
      [](const Price& price) {
        return "price " + price.product + " " + std::to_string(price.cents);
      },
      [](const std::string& ask) { return "ask " + ask; });
  const auto flat_mapped = prices.Rebalance()
                               .Connect(asks.Rebalance())
                               .FlatMap([](const Price&, Collector<std::string>&) {},
                                        [](const std::string& ask, Collector<std::string>& out) {
                                          out.Collect(std::to_string(ask.size()) + " letters");
                                        });
  golden.Expect(mapped.Union(flat_mapped));
}

}  // namespace

GOLDEN_JOB(ConnectedPricesAndAsks)

}  // namespace weir::golden::connected_streams
