#include "common/text.h"

#include <gtest/gtest.h>

#include "common/edit_distance.h"
#include "common/hex.h"

namespace weir {
namespace {

TEST(ConcatTest, WritesEveryKindOfArgument) {
  const std::string text = "text";
  EXPECT_EQ(Concat("a", text, std::string_view("view"), 'c', true, -1, 2U, INT64_MIN, UINT64_MAX,
                   0.1, 1e300),
            "atextviewctrue-12-9223372036854775808184467440737095516150.11e+300");
  EXPECT_EQ(Concat(), "");
}

TEST(SplitTest, KeepsEmptyParts) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(Split("a,b,,c,", ','), (Parts{"a", "b", "", "c", ""}));
  EXPECT_EQ(Split("", ','), Parts{""});
  EXPECT_EQ(Split("abc", ','), Parts{"abc"});
}

TEST(TextTest, TrimsJoinsAndLowers) {
  EXPECT_EQ(Trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(Trim(" \n "), "");
  EXPECT_EQ(Join(std::vector<std::string>{"a", "b"}, ", "), "a, b");
  EXPECT_EQ(Join(std::vector<int>{}, ", "), "");
  EXPECT_EQ(Join(std::vector<int>{1, 2}, "-"), "1-2");
  EXPECT_EQ(ToLower("AbZ-\xC3\x84"), "abz-\xC3\x84");
}

TEST(ParseNumberTest, TakesWholeNumbersOnly) {
  EXPECT_EQ(*ParseInt64("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(*ParseInt64("007"), 7);
  EXPECT_EQ(*ParseUint64("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", " 1", "1 ", "+1", "1x", "0x10", "1.0", "9223372036854775808", "-"}) {
    EXPECT_FALSE(ParseInt64(bad).ok()) << bad;
  }
  EXPECT_FALSE(ParseUint64("-1").ok());
  EXPECT_EQ(ParseInt64("eighty").status().message(), "'eighty' is not an integer");
  EXPECT_EQ(ParseInt64("99999999999999999999").status().message(),
            "'99999999999999999999' is out of range for an integer");
}

TEST(ParseNumberTest, TakesFiniteDecimalNumbers) {
  EXPECT_EQ(*ParseDouble("-1.5e3"), -1500);
  for (const char* bad : {"", "inf", "nan", "1e999", "1,5", " 1"})
    EXPECT_FALSE(ParseDouble(bad).ok()) << bad;
}

TEST(HexTest, GoesThereAndBack) {
  const std::string bytes("\x00\x7F\xFF\x10", 4);
  EXPECT_EQ(ToHex(bytes), "007fff10");
  EXPECT_EQ(*FromHex("007fFF10"), bytes);
  EXPECT_EQ(*FromHex(""), "");
  EXPECT_FALSE(FromHex("abc").ok());
  EXPECT_FALSE(FromHex("zz").ok());
}

TEST(EditDistanceTest, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("abc", ""), 3U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("ab", "ba"), 1U);
  EXPECT_EQ(EditDistance("Port", "pORT"), 0U);
}

TEST(NearestWordTest, FindsTheFirstNearestUnlessNoneIsNear) {
  const std::vector<std::string_view> words{"rest.port", "rest.address", "rest.sort"};
  EXPECT_EQ(NearestWord("rest.prot", words), "rest.port");
  EXPECT_EQ(NearestWord("rest.adress", words), "rest.address");
  EXPECT_EQ(NearestWord("something.else", words), "");
  EXPECT_EQ(NearestWord("x", {}), "");
}

}  // namespace
}  // namespace weir
