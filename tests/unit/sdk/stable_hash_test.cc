#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/stable_hash.h>

namespace weir {
namespace {

enum class HashedColor : std::uint8_t { kRed = 3 };
struct Account {
  std::int32_t bank = 0;
  std::string number;
};
WEIR_FIELDS(Account, bank, number)

// The vectors published in docs/formats/stable-hash.md. They must never change: key groups of
// existing checkpoints depend on them. Strings: computed with the reference MurmurHash3_x64_128.
TEST(StableHash, PublishedVectors) {
  EXPECT_EQ(StableHash(0), 0x0000000000000000u);
  EXPECT_EQ(StableHash(1), 0xb456bcfc34c2cb2cu);
  EXPECT_EQ(StableHash(std::int64_t{-1}), 0x64b5720b4b825f21u);
  EXPECT_EQ(StableHash(std::uint64_t{1234567890123456789}), 0x9c49c6098a8f367eu);
  EXPECT_EQ(StableHash(true), 0xb456bcfc34c2cb2cu);
  EXPECT_EQ(StableHash(HashedColor::kRed), StableHash(3));
  EXPECT_EQ(StableHash(1.5), 0x885dcc874e75b6f0u);
  EXPECT_EQ(StableHashOf(7, std::string("x")), 0x0827c0ac5bcd358fu);
  EXPECT_EQ(StableHash(std::vector<int>{1, 2}), 0x2a37ee644fbdaef7u);
  EXPECT_EQ(StableHash(std::string()), 0x0000000000000000u);
  EXPECT_EQ(StableHash(std::string("hello")), 0xcbd8a7b341bd9b02u);
  EXPECT_EQ(StableHash(std::string("hello, world")), 0x342fac623a5ebc8eu);
  EXPECT_EQ(StableHash(std::string("The quick brown fox jumps over the lazy dog.")),
            0xcd99481f9ee902c9u);
}

TEST(StableHash, TheFinalizerIsMurmur3s) {
  // Both halves of the reference implementation's result.
  const internal::Hash128 hash = internal::Murmur3("hello");
  EXPECT_EQ(hash.low, 0xcbd8a7b341bd9b02u);
  EXPECT_EQ(hash.high, 0x5b1e906a48ae1d19u);
}

TEST(StableHash, WidthOfAnIntegerDoesNotMatter) {
  for (int value : {-128, -1, 0, 1, 127}) {
    const auto narrow = static_cast<std::int8_t>(value);
    EXPECT_EQ(StableHash(narrow), StableHash(static_cast<std::int64_t>(value))) << value;
    EXPECT_EQ(StableHash(narrow), StableHash(static_cast<std::int16_t>(value))) << value;
  }
  EXPECT_EQ(StableHash(std::uint8_t{200}), StableHash(std::uint64_t{200}));
  EXPECT_EQ(StableHash(static_cast<char>(-1)), StableHash(255));  // the same on every machine
}

TEST(StableHash, EqualNumbersAreEqualKeys) {
  EXPECT_EQ(StableHash(-0.0), StableHash(0.0));
  EXPECT_EQ(StableHash(1.5f), StableHash(1.5));
  EXPECT_EQ(StableHash(std::numeric_limits<double>::quiet_NaN()),
            StableHash(-std::numeric_limits<double>::signaling_NaN()));
}

TEST(StableHash, CompositesFollowTheRule) {
  const std::uint64_t first = internal::Fmix64(StableHash(7));
  const std::uint64_t both = internal::Fmix64(first * 31 + StableHash(std::string("x")));
  EXPECT_EQ(StableHashOf(7, std::string("x")), both);
  EXPECT_EQ(StableHash(std::pair(7, std::string("x"))), both);
  EXPECT_EQ(StableHash(std::tuple(7, std::string("x"))), both);
  EXPECT_EQ(StableHash(Account{7, "x"}), both);
  EXPECT_EQ(StableHash(std::array<int, 2>{1, 2}), StableHashOf(1, 2));
  EXPECT_EQ(StableHash(std::vector<int>{1, 2}), StableHashOf(2, 1, 2));
  EXPECT_NE(StableHash(std::vector<int>{0}), StableHash(std::vector<int>{0, 0}));
  EXPECT_EQ(StableHash(std::optional<int>(5)), StableHashOf(true, 5));
  EXPECT_NE(StableHash(std::optional<int>()), StableHash(std::optional<int>(0)));
}

TEST(KeyGroups, HighBitsChooseAndEachSubtaskOwnsARange) {
  EXPECT_EQ(KeyGroupOf(0, 128), 0u);
  EXPECT_EQ(KeyGroupOf(~std::uint64_t{0}, 128), 127u);
  EXPECT_EQ(KeyGroupOf(std::uint64_t{1} << 57, 128), 1u);
  for (std::uint32_t max_parallelism : {1u, 2u, 128u, 32768u}) {
    for (std::uint32_t parallelism : {1u, 2u, 3u, 7u, 128u, 32768u}) {
      if (parallelism > max_parallelism) continue;
      std::uint32_t previous = 0;
      std::map<std::uint32_t, std::uint32_t> owned;
      for (std::uint32_t group = 0; group < max_parallelism; ++group) {
        const std::uint32_t subtask = SubtaskOf(group, parallelism, max_parallelism);
        EXPECT_GE(subtask, previous);
        EXPECT_LT(subtask, parallelism);
        previous = subtask;
        ++owned[subtask];
      }
      EXPECT_EQ(owned.size(), parallelism);
    }
  }
}

}  // namespace
}  // namespace weir
