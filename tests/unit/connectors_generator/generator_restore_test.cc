#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/generator.h>

#include "tests/unit/sdk/source_simulation.h"
#include "tests/unit/test_seed.h"

namespace weir::generator {
namespace {

// Readers are lost, all of them stop and go on as others: no index is made twice or left out.
TEST(DataGeneratorThatFails, MakesEachIndexOnce) {
  std::vector<std::int64_t> expected(20'000);
  std::iota(expected.begin(), expected.end(), 0);
  const auto source = Sequence(0, 19'999);
  const std::uint64_t first_seed = TestSeed();
  for (std::uint64_t seed = first_seed; seed < first_seed + 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    weir::testing::SourceSimulation simulation(source, seed);
    auto records = simulation.Run(/*failures=*/8);
    ASSERT_TRUE(records.ok()) << records.status().ToString();
    std::sort(records->begin(), records->end());
    ASSERT_EQ(*records, expected);
  }
}

}  // namespace
}  // namespace weir::generator
