// The loops by hand that jobs are compared with, against plain ones that keep every record.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "benchmarks/limits/nexmark_closing_loop.h"
#include "benchmarks/limits/nexmark_ranking_loops.h"
#include "benchmarks/limits/nexmark_window_loops.h"
#include "benchmarks/workloads/nexmark/queries.h"

namespace benchmarks::nexmark {
namespace {

using Number = std::int64_t;

constexpr Number kRecords = 60'000;

// 60 000 bids take half a minute: windows follow each other, bidders pause for longer than a gap.
Settings SlowStream() {
  Settings settings;
  settings.events_per_second = 2'000;
  return settings;
}
// Takes 18 hours, from the evening of a day on.
Settings DayStream() {
  Settings settings;
  settings.events_per_second = 1;
  return settings;
}

std::vector<Bid> BidsOf(const Settings& settings, Number count = kRecords) {
  const Generator generator(settings);
  std::vector<Bid> bids(static_cast<std::size_t>(count));
  for (Number i = 0; i < count; ++i) {
    generator.Fill(Generator::BidNumber(i), bids[static_cast<std::size_t>(i)]);
  }
  return bids;
}

template <class T>
Digest DigestOf(const std::vector<T>& results) {
  Digest digest;
  for (const T& result : results) digest.Add(HashOf(result));
  return digest;
}
void ExpectEqual(const Digest& got, const Digest& expected) {
  EXPECT_GT(expected.count, 0U);
  EXPECT_EQ(got.count, expected.count);
  EXPECT_EQ(got.sum, expected.sum);
}

TEST(NexmarkLoopsTest, HotItemsAreThoseWithTheMostBidsOfAWindow) {
  std::map<Number, std::map<Number, Number>> windows;  // end: bids by auction
  for (const Bid& bid : BidsOf(SlowStream())) {
    const Number slide_end = (bid.date_time_ms / kSlideMs + 1) * kSlideMs;
    for (Number end = slide_end; end < slide_end + kWindowMs; end += kSlideMs) {
      ++windows[end][bid.auction];
    }
  }
  std::vector<AuctionCount> expected;
  for (const auto& [end, auctions] : windows) {
    Number most = 0;
    for (const auto& [auction, bids] : auctions) most = std::max(most, bids);
    for (const auto& [auction, bids] : auctions) {
      if (bids == most) expected.push_back({end, auction, bids});
    }
  }
  EXPECT_GT(windows.size(), 15U);
  ExpectEqual(HotItems(kRecords, SlowStream()), DigestOf(expected));
}

TEST(NexmarkLoopsTest, HotItemsOutlastAPause) {
  HotItemsLoop loop;
  const auto add = [&loop](Number auction, Number time_ms) {
    Bid bid;
    bid.auction = auction;
    bid.date_time_ms = time_ms;
    loop.Add(bid, HotItemsLoop::HashOfKey(auction));
  };
  add(1, 100'000);
  add(1, 103'000);
  add(2, 104'000);
  add(2, 200'000);
  std::vector<AuctionCount> expected = {{102'000, 1, 1}, {104'000, 1, 2}, {106'000, 1, 2},
                                        {108'000, 1, 2}, {110'000, 1, 2}, {112'000, 1, 1},
                                        {112'000, 2, 1}, {114'000, 2, 1}};
  for (Number end = 202'000; end <= 210'000; end += kSlideMs) expected.push_back({end, 2, 1});
  ExpectEqual(loop.Finish(), DigestOf(expected));
}

TEST(NexmarkLoopsTest, SellersHaveTheMeanOfTheirLastTenSales) {
  const Generator generator(SlowStream());
  std::map<Number, Event> auctions;
  std::map<Number, std::vector<Event>> bids;
  for (Number i = 0; i < kRecords; ++i) {
    Event event;
    generator.Fill(i, event);
    if (event.kind == EventKind::kAuction) auctions[event.auction] = event;
    if (event.kind == EventKind::kBid) bids[event.auction].push_back(event);
  }
  std::map<Number, std::map<std::pair<Number, Number>, Number>> prices;  // by seller, in order
  for (const auto& [number, auction] : auctions) {
    Number highest = 0;
    for (const Event& bid : bids[number]) {
      const bool open = bid.date_time_ms >= auction.date_time_ms &&  //
                        bid.date_time_ms <= auction.expires_ms;
      if (open) highest = std::max(highest, bid.price);
    }
    if (highest > 0) prices[auction.person][{auction.expires_ms, number}] = highest;
  }
  std::vector<SellerMean> expected;
  bool many = false;
  for (const auto& [seller, sales] : prices) {
    std::vector<Number> sold;
    for (const auto& [when, price] : sales) {
      sold.push_back(price);
      SellerMean mean{seller, 0, 0};
      for (auto each = sold.rbegin(); each != sold.rend() && mean.auctions < 10; ++each) {
        ++mean.auctions;
        mean.price_sum += *each;
      }
      expected.push_back(mean);
    }
    many = many || sold.size() > 10;
  }
  EXPECT_TRUE(many);
  ExpectEqual(SellerMeans(kRecords, SlowStream()), DigestOf(expected));
}

TEST(NexmarkLoopsTest, HighestBidsAreThoseOfAWindow) {
  std::map<Number, std::vector<Bid>> windows;
  for (const Bid& bid : BidsOf(SlowStream())) {
    windows[WindowStartOf(bid.date_time_ms)].push_back(bid);
  }
  std::vector<Bid> expected;
  for (const auto& [start, bids] : windows) {
    Number highest = 0;
    for (const Bid& bid : bids) highest = std::max(highest, bid.price);
    for (const Bid& bid : bids) {
      if (bid.price == highest) expected.push_back(bid);
    }
  }
  ExpectEqual(HighestBids(kRecords, SlowStream()), DigestOf(expected));
}

TEST(NexmarkLoopsTest, EqualBidsAreAllHighest) {
  std::vector<Bid> highest;
  for (const Number price : {3, 5, 4, 5, 1}) {
    Bid bid;
    bid.price = price;
    KeepHighest(bid, highest);
  }
  ASSERT_EQ(highest.size(), 2U);
  EXPECT_EQ(highest[0].price, 5);
  EXPECT_EQ(highest[1].price, 5);
}

TEST(NexmarkLoopsTest, NewSellersOpenAnAuctionInTheWindowInWhichTheyCome) {
  const Generator generator(SlowStream());
  std::map<std::pair<Number, Number>, Event> came;
  std::set<std::pair<Number, Number>> opened;
  for (Number i = 0; i < kRecords; ++i) {
    Event event;
    generator.Fill(i, event);
    const std::pair place(WindowStartOf(event.date_time_ms), event.person);
    if (event.kind == EventKind::kPerson) came[place] = event;
    if (event.kind == EventKind::kAuction) opened.insert(place);
  }
  std::vector<NewSeller> expected;
  for (const auto& [place, event] : came) {
    if (opened.contains(place)) expected.push_back({event.person, place.first, event.extra});
  }
  EXPECT_LT(expected.size(), came.size());
  ExpectEqual(NewSellers(kRecords, SlowStream()), DigestOf(expected));
}

TEST(NexmarkLoopsTest, SessionsEndWithAPause) {
  std::map<Number, std::vector<Number>> times;  // by bidder
  for (const Bid& bid : BidsOf(SlowStream())) times[bid.bidder].push_back(bid.date_time_ms);
  std::vector<UserSession> expected;
  for (const auto& [bidder, at] : times) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (i == 0 || at[i] - at[i - 1] > kSessionGapMs) expected.push_back({bidder, at[i], 0, 0});
      expected.back().end_ms = at[i] + kSessionGapMs;
      ++expected.back().bids;
    }
  }
  EXPECT_GT(expected.size(), times.size());
  ExpectEqual(UserSessions(kRecords, SlowStream()), DigestOf(expected));
}

TEST(NexmarkLoopsTest, BiddersAreCountedHoweverTimeCutsThem) {
  std::map<Number, Number> bidders;
  for (const Bid& bid : BidsOf(SlowStream())) ++bidders[bid.bidder];
  std::vector<BidderCount> whole;
  std::vector<BidderCount> in_two;
  for (const auto& [bidder, bids] : bidders) {
    whole.push_back({bidder, bids});
    in_two.push_back({bidder, bids / 2});
    in_two.push_back({bidder, bids - bids / 2});
  }
  ExpectEqual(DigestOf(in_two), DigestOf(whole));
  ExpectEqual(BidderCounts(kRecords, SlowStream()), DigestOf(whole));
}

class ReportsTest : public testing::TestWithParam<bool> {};

TEST_P(ReportsTest, CountWhoAndWhatIsDifferent) {
  const bool of_channel = GetParam();
  struct Seen {
    std::array<Number, 4> bids{};
    std::array<std::set<Number>, 4> bidders;
    std::array<std::set<Number>, 4> auctions;
    Number last_minute = 0;
  };
  const auto sizes = [](const std::array<std::set<Number>, 4>& sets) {
    const auto size = [&](std::size_t i) { return static_cast<Number>(sets[i].size()); };
    return CountsByRank{size(0), size(1), size(2), size(3)};
  };
  std::map<std::pair<Number, Number>, Seen> reports;
  std::vector<DailyReport> expected;
  std::set<Number> days;
  for (const Bid& bid : BidsOf(DayStream())) {
    const Number day = bid.date_time_ms / kDayMs;
    const Number channel = of_channel ? static_cast<Number>(bid.channel.offset) : 0;
    days.insert(day);
    Seen& seen = reports[{channel, day}];
    const std::size_t rank = bid.price < 10'000 ? 1 : bid.price < 1'000'000 ? 2 : 3;
    for (const std::size_t i : {std::size_t{0}, rank}) {
      ++seen.bids[i];
      seen.bidders[i].insert(bid.bidder);
      seen.auctions[i].insert(bid.auction);
    }
    if (of_channel) {
      seen.last_minute = std::max(seen.last_minute, bid.date_time_ms / 60'000 % (24 * 60));
    }
    expected.push_back({channel, day, seen.last_minute,
                        CountsByRank{seen.bids[0], seen.bids[1], seen.bids[2], seen.bids[3]},
                        sizes(seen.bidders), sizes(seen.auctions)});
  }
  EXPECT_EQ(days.size(), 2U);
  const auto loop = of_channel ? ChannelReports : DailyReports;
  ExpectEqual(loop(kRecords, DayStream()), DigestOf(expected));
}

INSTANTIATE_TEST_SUITE_P(, ReportsTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "ByChannel" : "OfAll"; });

TEST(NexmarkLoopsTest, TopBidsAreSortedByPriceAndThenByArrival) {
  std::map<Number, std::multimap<Number, Bid, std::greater<>>> auctions;  // by price
  std::vector<RankedBid> expected;
  for (const Bid& bid : BidsOf(SlowStream())) {
    auto& bids = auctions[bid.auction];
    const auto top = [&bids] {
      std::vector<Bid> first;
      for (const auto& [price, each] : bids) {
        if (first.size() < 10) first.push_back(each);
      }
      return first;
    };
    const std::vector<Bid> before = top();
    bids.emplace(bid.price, bid);  // behind those of its price
    const std::vector<Bid> after = top();
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (i >= before.size() || !(before[i] == after[i])) {
        expected.push_back({after[i], static_cast<Number>(i) + 1});
      }
    }
  }
  ExpectEqual(TopBids(kRecords, SlowStream()), DigestOf(expected));
}

TEST(NexmarkQueriesTest, UrlsHaveThreeDirectories) {
  const TextTables& tables = TextTables::Get();
  for (const Bid& bid : BidsOf(SlowStream())) {
    const UrlParts parts = SplitUrl(bid, tables);
    std::string_view url = tables[bid.url];
    for (const std::string_view part :
         {std::string_view("https:"), std::string_view(), std::string_view("www.nexmark.com"),
          tables[parts.first], tables[parts.second], tables[parts.third]}) {
      ASSERT_EQ(url.substr(0, part.size()), part);
      ASSERT_EQ(url.at(part.size()), '/');
      url.remove_prefix(part.size() + 1);
    }
    ASSERT_EQ(url.substr(0, 8), "item.htm");
  }
}

TEST(NexmarkQueriesTest, CalculatesWhatTheReferenceDoes) {
  const TextTables& tables = TextTables::Get();
  Number in_range = 0;
  for (const Bid& bid : BidsOf(DayStream())) {
    const double price = 0.908 * static_cast<double>(bid.price);
    ASSERT_EQ(IsInRange(bid.price), price > 1'000'000 && price < 50'000'000) << bid.price;
    in_range += IsInRange(bid.price) ? 1 : 0;
    Number letters = 0;
    for (const char letter : tables[bid.extra]) letters += letter == 'c' ? 1 : 0;
    EXPECT_EQ(Calculate(bid, tables).letters, letters);
  }
  EXPECT_NEAR(static_cast<double>(in_range) / kRecords, 0.28, 0.01);
}

TEST(NexmarkQueriesTest, HoursAreDayNightOrNeither) {
  for (Number hour = 0; hour < 24; ++hour) {
    const TimeOfDay expected = hour >= 8 && hour <= 18   ? TimeOfDay::kDay
                               : hour == 7 || hour == 19 ? TimeOfDay::kOther
                                                         : TimeOfDay::kNight;
    EXPECT_EQ(TimeOfDayOf(hour * 3'600'000 + 19'000 * kDayMs), expected) << hour;
  }
}

}  // namespace
}  // namespace benchmarks::nexmark
