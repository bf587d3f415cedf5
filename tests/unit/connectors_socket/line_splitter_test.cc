#include "connectors/socket/src/line_splitter.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weir::socket {
namespace {

std::vector<std::string> Lines(const LineBlock& block) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < block.size(); ++i) lines.emplace_back(block.line(i));
  return lines;
}

std::vector<std::string> Split(std::string delimiter, const std::vector<std::string>& parts) {
  LineSplitter splitter(std::move(delimiter), 1000);
  LineBlock block;
  for (const std::string& part : parts) EXPECT_TRUE(splitter.Feed(part, block).ok());
  splitter.Finish(block);
  return Lines(block);
}

TEST(LineSplitter, CutsAtDelimitersWhereverTheBytesWereCut) {
  using Expected = std::vector<std::string>;
  EXPECT_EQ(Split("\n", {"a\nb\n"}), (Expected{"a", "b"}));
  EXPECT_EQ(Split("\n", {"a", "b\n", "\n", "c"}), (Expected{"ab", "", "c"}));
  EXPECT_EQ(Split("\n", {}), Expected{});
  EXPECT_EQ(Split("\n", {"\n"}), Expected{""});
  EXPECT_EQ(Split("||", {"a|", "|b", "||", "c|"}), (Expected{"a", "b", "c|"}));
  EXPECT_EQ(Split("ab", {"aab", "aa", "b"}), (Expected{"a", "a"}));
}

TEST(LineSplitter, LeavesOutACarriageReturnBeforeANewlineOnly) {
  using Expected = std::vector<std::string>;
  EXPECT_EQ(Split("\n", {"a\r", "\nb\r\r\n\r\nc\r"}), (Expected{"a", "b\r", "", "c"}));
  EXPECT_EQ(Split(";", {"a\r;b"}), (Expected{"a\r", "b"}));
}

TEST(LineSplitter, RefusesALineThatIsTooLongBeforeItEnds) {
  for (const std::string delimiter : {"\n", "=="}) {
    LineSplitter splitter(delimiter, 10);
    LineBlock block;
    EXPECT_TRUE(splitter.Feed("0123456789" + delimiter + "0123456789", block).ok());
    const Status status = splitter.Feed("x" + delimiter, block);
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
    EXPECT_NE(status.message().find("10 bytes"), std::string::npos);
    EXPECT_EQ(Lines(block), std::vector<std::string>{"0123456789"});
    LineSplitter endless(delimiter, 10);
    EXPECT_FALSE(endless.Feed("0123456789xyz", block).ok());
  }
}

TEST(LineSplitter, DropForgetsTheUnfinishedLine) {
  LineSplitter splitter("\n", 100);
  LineBlock block;
  ASSERT_TRUE(splitter.Feed("a\nhalf", block).ok());
  EXPECT_EQ(splitter.Drop(), 4u);
  ASSERT_TRUE(splitter.Feed("b\n", block).ok());
  EXPECT_EQ(Lines(block), (std::vector<std::string>{"a", "b"}));
}

TEST(LineSplitter, GivesTheSameLinesHoweverTheBytesArrive) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (const std::string delimiter : {"\n", "ab", "aba", "aab"}) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "ab\n\r"[random() % 4];
    const std::vector<std::string> whole = Split(delimiter, {text});
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < text.size();) {
      parts.push_back(text.substr(at, random() % 5));
      at += parts.back().size();
    }
    EXPECT_EQ(Split(delimiter, parts), whole) << delimiter;
  }
}

}  // namespace
}  // namespace weir::socket
