// Keyed by two fields, then by one of them: the best shop of each region so far.
#include <algorithm>
#include <cstdint>
#include <string>

#include "tests/jobs/golden_job.h"

namespace weir::golden::two_keys {
namespace {

struct Shop {
  std::string region;
  std::int32_t number = 0;
  bool operator==(const Shop&) const = default;
};
WEIR_FIELDS(Shop, region, number)

struct Sale {
  Shop shop;
  std::int64_t cents = 0;
};
WEIR_FIELDS(Sale, shop, cents)

void TwoKeys(GoldenJob& golden) {
  const auto parse = [](const std::vector<std::string>& words) {
    return Sale{{words.at(0), std::stoi(words.at(1))}, std::stoll(words.at(2))};
  };
  // One subtask sums, so that the records of a region come in the order of the input.
  golden.Expect(golden.Records<Sale>(parse)
                    .KeyBy([](const Sale& sale) { return sale.shop; })
                    .Reduce([](Sale& sum, const Sale& sale) { sum.cents += sale.cents; })
                    .Uid("sums")
                    .SetParallelism(1)
                    .KeyBy([](const Sale& sale) { return sale.shop.region; })
                    .Reduce([](const Sale& best, const Sale& sale) {
                      return best.cents >= sale.cents ? best : sale;
                    })
                    .Uid("best")
                    .Map([](const Sale& sale) {
                      return sale.shop.region + " " + std::to_string(sale.cents);
                    }),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(TwoKeys)

}  // namespace weir::golden::two_keys
