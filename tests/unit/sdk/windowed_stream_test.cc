// The windows of the DataStream API: what window functions see, side outputs, errors.
#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/testing.h>

namespace weir::testing {
namespace {

struct Sale {
  std::string shop;
  std::int64_t cents = 0;
  bool operator==(const Sale&) const = default;
};
const auto kShop = [](const Sale& sale) -> const std::string& { return sale.shop; };

TEST(WindowedStream, ResultsComeWithTheWindowsLastMillisecondAheadOfTheWatermark) {
  StreamHarness harness;
  auto sales = harness.AddInput<Sale>();
  auto sums = harness.AddOutput(sales.stream()
                                    .KeyBy(kShop)
                                    .Window(TumblingEventTimeWindows::Of(10))
                                    .Sum(&Sale::cents)
                                    .Uid("sums"));
  sales.PushRecord({"a", 1}, 3);
  sales.PushRecord({"a", 2}, 9);
  sales.PushRecord({"b", 4}, 10);
  sales.PushWatermark(8);
  EXPECT_TRUE(sums.records().empty());
  sales.PushWatermark(9);
  using Records = std::vector<TimestampedRecord<Sale>>;
  EXPECT_EQ(sums.TakeRecords(), (Records{{{"a", 3}, 9}}));
  sales.PushRecord({"a", 8}, 9);  // late
  harness.Finish();
  EXPECT_EQ(sums.TakeRecords(), (Records{{{"b", 4}, 19}}));
  EXPECT_EQ(harness.counter("numLateRecordsDropped"), 1u);
}

}  // namespace
}  // namespace weir::testing
