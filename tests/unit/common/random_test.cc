#include "common/random.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(SeededRandomTest, GivesThePublishedSequence) {
  // Test vector of SplitMix64 for the seed 1234567.
  SeededRandom random(1234567);
  EXPECT_EQ(random.NextUint64(), 6457827717110365317ULL);
  EXPECT_EQ(random.NextUint64(), 3203168211198807973ULL);
  EXPECT_EQ(random.NextUint64(), 9817491932198370423ULL);
}

TEST(SystemRandomTest, DoesNotRepeat) {
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 100; ++i) numbers.insert(SystemRandom().NextUint64());
  EXPECT_EQ(numbers.size(), 100U);
}

TEST(RandomBelowTest, ReachesEveryNumberAndNoOther) {
  SeededRandom random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) {
    const std::uint64_t number = RandomBelow(random, counts.size());
    ASSERT_LT(number, counts.size());
    ++counts[number];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  EXPECT_EQ(RandomBelow(random, 1), 0U);
}

TEST(RandomHexIdTest, HasTheAskedLengthAndFollowsTheSeed) {
  SeededRandom first(42);
  SeededRandom second(42);
  const std::string id = RandomHexId(first);
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(id, RandomHexId(second));
  EXPECT_NE(id, RandomHexId(first));
  EXPECT_EQ(RandomHexId(first, 3).size(), 6U);
}

}  // namespace
}  // namespace weir
