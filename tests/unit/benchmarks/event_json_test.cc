#include "benchmarks/workloads/nexmark/event_json.h"

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace benchmarks::nexmark {
namespace {

std::string LineOf(std::int64_t event_id) {
  std::string line;
  AppendJson(Generator(), event_id, line);
  return line;
}

TEST(EventJsonTest, WritesAllFieldsOfEachKind) {
  const auto person = nlohmann::json::parse(LineOf(0));
  EXPECT_EQ(person["event_type"], 0);
  EXPECT_EQ(person["person"].size(), 8u);
  EXPECT_EQ(person["person"]["id"], 1000);
  EXPECT_EQ(person["person"]["dateTime"], "2023-11-14 22:13:20.000");
  EXPECT_TRUE(person["auction"].is_null());
  EXPECT_TRUE(person["bid"].is_null());
  const auto auction = nlohmann::json::parse(LineOf(51));
  EXPECT_EQ(auction["event_type"], 1);
  EXPECT_EQ(auction["auction"].size(), 10u);
  EXPECT_EQ(auction["auction"]["id"], 1003);
  const auto bid = nlohmann::json::parse(LineOf(1004));
  EXPECT_EQ(bid["event_type"], 2);
  EXPECT_EQ(bid["bid"].size(), 7u);
  EXPECT_EQ(bid["bid"]["dateTime"], "2023-11-14 22:13:20.001");
}

TEST(EventJsonTest, BidsComeBackAsTheyWere) {
  const Generator generator;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const std::int64_t id = Generator::BidNumber(i * 997);
    BidWithStrings expected;
    generator.Fill(id, expected);
    EXPECT_EQ(ParseBid(LineOf(id)), expected) << id;
  }
}

TEST(EventJsonTest, OtherEventsAreNoBids) {
  EXPECT_EQ(ParseBid(LineOf(0)), std::nullopt);
  EXPECT_EQ(ParseBid(LineOf(1)), std::nullopt);
}

TEST(EventJsonTest, RefusesWhatItDidNotWrite) {
  const std::string line = LineOf(4);
  for (std::size_t length = 0; length < line.size(); ++length) {
    EXPECT_THROW(ParseBid(line.substr(0, length)), std::invalid_argument) << length;
  }
  EXPECT_THROW(ParseBid("{\"event_type\":3}"), std::invalid_argument);
}

TEST(EventJsonTest, ReadsTheBidsOfAFile) {
  const std::string path = testing::TempDir() + "events-" + std::to_string(::getpid()) + ".json";
  {
    std::ofstream file(path);
    for (std::int64_t id = 0; id < 100; ++id) file << LineOf(id) << '\n';
  }
  const std::vector<BidWithStrings> bids = ReadBids(path);
  ASSERT_EQ(bids.size(), 92u);
  BidWithStrings expected;
  Generator().Fill(99, expected);
  EXPECT_EQ(bids.back(), expected);
  {
    std::ofstream file(path, std::ios::app);
    file << LineOf(100).substr(1) << '\n';
  }
  try {
    ReadBids(path);
    ADD_FAILURE() << "line 101 is malformed";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("line 101"));
  }
  std::remove(path.c_str());
  EXPECT_THROW(ReadBids(path), std::runtime_error);
}

}  // namespace
}  // namespace benchmarks::nexmark
