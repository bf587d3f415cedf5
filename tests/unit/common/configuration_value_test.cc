#include "common/configuration_value.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::milliseconds;

TEST(DurationTest, ReadsFlinksGrammar) {
  const std::pair<const char*, std::int64_t> cases[] = {
      {"0", 0},
      {"100", 100},
      {"100ms", 100},
      {"100 ms", 100},
      {" 10 s ", 10'000},
      {"10s", 10'000},
      {"1 min", 60'000},
      {"2 m", 120'000},
      {"1 h", 3'600'000},
      {"2 d", 172'800'000},
      {"3 days", 259'200'000},
      {"1 HOUR", 3'600'000},
      {"5 seconds", 5'000},
      {"7 millis", 7},
      {"2000 µs", 2},
      {"3000000 ns", 3},
  };
  for (const auto& [text, millis] : cases) {
    const Result<milliseconds> duration = ParseDuration(text);
    ASSERT_TRUE(duration.ok()) << text;
    EXPECT_EQ(duration->count(), millis) << text;
  }
  for (const char* bad : {"", "s", "-1 s", "1.5 s", "1 fortnight", "1 s s", "1 µs",
                          "99999999999999999 d", "99999999999999999999"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
}

TEST(DurationTest, WritesWhatItReads) {
  for (const char* text : {"0 ms", "1 ms", "999 ms", "1 s", "90 s", "2 min", "36 h", "2 d"}) {
    EXPECT_EQ(FormatDuration(*ParseDuration(text)), text);
  }
}

TEST(MemorySizeTest, ReadsFlinksGrammarInBinaryUnits) {
  const std::pair<const char*, std::int64_t> cases[] = {
      {"0", 0},
      {"1234", 1234},
      {"5 bytes", 5},
      {"32kb", 32LL << 10},
      {"64mb", 64LL << 20},
      {"64 MB", 64LL << 20},
      {"1g", 1LL << 30},
      {"2 tebibytes", 2LL << 40},
      {"3 k", 3LL << 10},
  };
  for (const auto& [text, bytes] : cases) {
    const Result<MemorySize> size = ParseMemorySize(text);
    ASSERT_TRUE(size.ok()) << text;
    EXPECT_EQ(size->bytes, bytes) << text;
  }
  for (const char* bad : {"", "mb", "-1", "1.5g", "1 pb", "1 mbit", "9999999999999 tb"}) {
    EXPECT_FALSE(ParseMemorySize(bad).ok()) << bad;
  }
}

TEST(MemorySizeTest, WritesWhatItReads) {
  for (const char* text : {"0 b", "1023 b", "1 kb", "64 mb", "1025 mb", "3 gb", "1 tb"}) {
    EXPECT_EQ(ParseMemorySize(text)->ToString(), text);
  }
}

}  // namespace
}  // namespace weir
