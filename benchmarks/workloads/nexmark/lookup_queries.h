// What Nexmark's queries 13 and 21 do with bids: a value from a table at the side, and the id of
// the channel. Shared by limits and jobs.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <regex>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks::nexmark {

// Query 13: bids with a value from a side input of ten thousand keys.
inline constexpr std::int64_t kSideKeys = 10'000;
inline std::vector<std::int64_t> MakeSideInput() {
  std::vector<std::int64_t> values(kSideKeys);
  for (std::size_t key = 0; key < values.size(); ++key) {
    values[key] = static_cast<std::int64_t>(HashPair(key, 13));
  }
  return values;
}
struct BidWithValue {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time_ms = 0;
  std::int64_t value = 0;
};
inline BidWithValue WithValue(const Bid& bid, const std::vector<std::int64_t>& side_input) {
  return {bid.auction, bid.bidder, bid.price, bid.date_time_ms,
          side_input[static_cast<std::size_t>(bid.auction % kSideKeys)]};
}
inline std::uint64_t HashOf(const BidWithValue& result) {
  return HashPair(static_cast<std::uint64_t>(result.auction),
                  static_cast<std::uint64_t>(result.value + result.price)) +
         HashPair(static_cast<std::uint64_t>(result.bidder),
                  static_cast<std::uint64_t>(result.date_time_ms));
}

// Query 21: bids with the id of their channel, which popular ones have, and some urls say; bids
// without one are left out. An id is a place in a url, or, of no length, the number of a popular
// channel.
struct BidWithChannelId {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  Text channel;
  Text channel_id;
};
// Has what the query needs made once; a copy for each thread.
class ChannelIds {
 public:
  std::optional<BidWithChannelId> Find(const Bid& bid) const {
    BidWithChannelId result{bid.auction, bid.bidder, bid.price, bid.channel, {}};
    const std::string_view channel = (*tables_)[bid.channel];
    for (std::size_t i = 0; i < kPopular.size(); ++i) {
      if (!IsLowerCaseOf(kPopular[i], channel)) continue;
      result.channel_id = {i, 0};
      return result;
    }
    const std::string_view url = (*tables_)[bid.url];
    std::cmatch match;
    if (!std::regex_search(url.data(), url.data() + url.size(), match, expression_)) {
      return std::nullopt;
    }
    const auto length = static_cast<std::uint64_t>(match.length(2));
    result.channel_id = {bid.url.offset + static_cast<std::uint64_t>(match.position(2)), length};
    return result;
  }

 private:
  static constexpr std::array<std::string_view, 4> kPopular = {"apple", "google", "facebook",
                                                               "baidu"};
  static bool IsLowerCaseOf(std::string_view lower, std::string_view name) {
    return std::equal(lower.begin(), lower.end(), name.begin(), name.end(), [](char a, char b) {
      return a == std::tolower(static_cast<unsigned char>(b));
    });
  }

  const TextTables* tables_ = &TextTables::Get();
  std::regex expression_{"(&|^)channel_id=([^&]*)", std::regex::optimize};
};
inline std::uint64_t HashOf(const BidWithChannelId& result) {
  return HashPair(static_cast<std::uint64_t>(result.auction) + result.channel.offset,
                  static_cast<std::uint64_t>(result.price)) +
         HashPair(static_cast<std::uint64_t>(result.bidder) + result.channel_id.length,
                  result.channel_id.offset);
}

}  // namespace benchmarks::nexmark
