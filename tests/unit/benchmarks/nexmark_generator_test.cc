#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weir/connectors/generator.h>

#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/nexmark/queries.h"

namespace benchmarks::nexmark {
namespace {

constexpr std::int64_t kEvents = 500'000;

// Every bit of an event, texts included.
std::uint64_t FullHash(const Generator& generator, std::int64_t id) {
  std::uint64_t hash = Mix(static_cast<std::uint64_t>(id) + 1);
  const auto add = [&hash](std::uint64_t value) { hash = Mix(hash * 31 + value); };
  const auto add_text = [&](Text text) {
    for (const char c : generator.tables()[text]) add(static_cast<unsigned char>(c));
  };
  const auto add_number = [&add](std::int64_t value) { add(static_cast<std::uint64_t>(value)); };
  switch (Generator::KindOf(id)) {
    case EventKind::kPerson: {
      Person person;
      generator.Fill(id, person);
      add_number(person.id);
      for (const Text text : {person.name, person.email_address, person.credit_card, person.city,
                              person.state, person.extra}) {
        add_text(text);
      }
      add_number(person.date_time_ms);
      break;
    }
    case EventKind::kAuction: {
      Auction auction;
      generator.Fill(id, auction);
      for (const std::int64_t number :
           {auction.id, auction.initial_bid, auction.reserve, auction.date_time_ms,
            auction.expires_ms, auction.seller, auction.category}) {
        add_number(number);
      }
      for (const Text text : {auction.item_name, auction.description, auction.extra}) {
        add_text(text);
      }
      break;
    }
    case EventKind::kBid: {
      Bid bid;
      generator.Fill(id, bid);
      for (const std::int64_t number : {bid.auction, bid.bidder, bid.price, bid.date_time_ms}) {
        add_number(number);
      }
      for (const Text text : {bid.channel, bid.url, bid.extra}) add_text(text);
      break;
    }
  }
  return hash;
}

std::uint64_t DigestOfSplits(std::int64_t count, std::uint32_t splits) {
  std::uint64_t sum = 0;
  for (const auto& range : weir::generator::DivideIndices(count, splits)) {
    const Generator generator;  // of a reader of its own
    for (std::int64_t i = 0; i < range.remaining; ++i) {
      sum += FullHash(generator, generator.IdOf(range.next + i * range.step));
    }
  }
  return sum;
}

std::vector<Bid> Bids(std::int64_t count) {
  const Generator generator;
  std::vector<Bid> bids(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    generator.Fill(Generator::BidNumber(i), bids[static_cast<std::size_t>(i)]);
  }
  return bids;
}

double Share(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Recorded results are compared with later runs: the events of a seed never change.
TEST(NexmarkGeneratorTest, MakesTheSameEventsForEver) {
  EXPECT_EQ(DigestOfSplits(100'000, 1), 6690526969547684094u);
}

TEST(NexmarkGeneratorTest, DoesNotDependOnTheNumberOfSplits) {
  const std::uint64_t digest = DigestOfSplits(50'001, 1);
  EXPECT_EQ(DigestOfSplits(50'001, 2), digest);
  EXPECT_EQ(DigestOfSplits(50'001, 7), digest);
}

TEST(NexmarkGeneratorTest, DependsOnTheSeed) {
  Settings settings;
  settings.seed = 43;
  EXPECT_NE(FullHash(Generator(settings), 10), FullHash(Generator(), 10));
}

TEST(NexmarkGeneratorTest, KeepsTheProportionsOfKinds) {
  std::map<EventKind, int> count;
  for (std::int64_t id = 0; id < 5000; ++id) ++count[Generator::KindOf(id)];
  EXPECT_EQ(count[EventKind::kPerson], 100);
  EXPECT_EQ(count[EventKind::kAuction], 300);
  EXPECT_EQ(count[EventKind::kBid], 4600);
}

TEST(NexmarkGeneratorTest, NumbersTheBids) {
  std::set<std::int64_t> numbers;
  for (std::int64_t i = 0; i < 460; ++i) {
    const std::int64_t number = Generator::BidNumber(i);
    EXPECT_EQ(Generator::KindOf(number), EventKind::kBid) << i;
    numbers.insert(number);
  }
  EXPECT_EQ(numbers.size(), 460u);
  EXPECT_EQ(*numbers.rbegin(), 499);
}

TEST(NexmarkGeneratorTest, NumbersPersonsAndAuctionsWithoutGaps) {
  const Generator generator;
  std::int64_t next_person = kFirstId;
  std::int64_t next_auction = kFirstId;
  for (std::int64_t id = 0; id < 5000; ++id) {
    Event event;
    generator.Fill(id, event);
    if (event.kind == EventKind::kPerson) {
      EXPECT_EQ(event.person, next_person++);
    } else if (event.kind == EventKind::kAuction) {
      EXPECT_EQ(event.auction, next_auction++);
    }
  }
}

TEST(NexmarkGeneratorTest, HalfOfTheBidsGoToTheHotAuction) {
  std::int64_t hot = 0;
  std::int64_t index = 0;
  for (const Bid& bid : Bids(kEvents)) {
    const std::int64_t last = Generator::BidNumber(index++) / kEventsPerEpoch * 3 + 2;
    hot += bid.auction == kFirstId + last / 100 * 100 ? 1 : 0;
    EXPECT_LE(bid.auction, kFirstId + last + 10);
    EXPECT_GE(bid.auction, kFirstId + std::max<std::int64_t>(last - 100, 0));
  }
  // One more in a hundred hits the hot auction by chance.
  EXPECT_NEAR(Share(hot, kEvents), 0.5 + 0.5 / 111, 0.005);
}

TEST(NexmarkGeneratorTest, ThreeOfFourBidsComeFromTheHotBidder) {
  std::int64_t hot = 0;
  std::int64_t index = 0;
  for (const Bid& bid : Bids(kEvents)) {
    const std::int64_t last = Generator::BidNumber(index++) / kEventsPerEpoch;
    hot += bid.bidder == kFirstId + last / 100 * 100 + 1 ? 1 : 0;
    EXPECT_LT(bid.bidder, kFirstId + last + 11);
    EXPECT_GE(bid.bidder, kFirstId + std::max<std::int64_t>(last + 1 - kActivePersons, 0));
  }
  EXPECT_NEAR(Share(hot, kEvents), 0.75, 0.005);
}

TEST(NexmarkGeneratorTest, PricesAreSpreadByTheirLogarithm) {
  std::int64_t rank[3] = {};
  for (const Bid& bid : Bids(kEvents)) {
    EXPECT_GE(bid.price, 100);
    EXPECT_LE(bid.price, 100'000'000);
    ++rank[bid.price < 10'000 ? 0 : bid.price < 1'000'000 ? 1 : 2];
  }
  for (const std::int64_t count : rank) EXPECT_NEAR(Share(count, kEvents), 1.0 / 3, 0.005);
  // The straight lines between the table's entries keep within a ten-thousandth.
  for (const double u : {0.1234567, 0.5, 0.77777}) {
    const auto random = static_cast<std::uint32_t>(u * 4294967296.0);
    const double expected = 100 * std::pow(10.0, 6 * u);
    EXPECT_NEAR(static_cast<double>(PriceTable::Get().At(random)), expected, 1 + expected * 1e-4);
  }
}

TEST(NexmarkGeneratorTest, HalfOfTheBidsComeThroughPopularChannels) {
  const Generator generator;
  std::map<std::string, std::int64_t> popular;
  std::set<std::string> others;
  std::int64_t extra_bytes = 0;
  for (const Bid& bid : Bids(kEvents)) {
    const std::string channel(generator.tables()[bid.channel]);
    if (channel.starts_with("channel-")) {
      others.insert(channel);
    } else {
      ++popular[channel];
    }
    EXPECT_GE(bid.extra.length, 54u);
    EXPECT_LE(bid.extra.length, 81u);
    extra_bytes += static_cast<std::int64_t>(bid.extra.length);
  }
  EXPECT_EQ(popular.size(), 4u);
  for (const auto& [name, count] : popular) EXPECT_NEAR(Share(count, kEvents), 0.125, 0.005);
  EXPECT_EQ(others.size(), 10'000u);
  EXPECT_NEAR(Share(extra_bytes, kEvents), 67.5, 0.1);
}

TEST(NexmarkGeneratorTest, BidsWithStringsSayTheSame) {
  const Generator generator;
  Bid bid;
  BidWithStrings with_strings;
  for (std::int64_t i = 0; i < 1000; ++i) {
    generator.Fill(Generator::BidNumber(i), bid);
    generator.Fill(Generator::BidNumber(i), with_strings);
    EXPECT_EQ(with_strings.auction, bid.auction);
    EXPECT_EQ(with_strings.bidder, bid.bidder);
    EXPECT_EQ(with_strings.price, bid.price);
    EXPECT_EQ(with_strings.date_time_ms, bid.date_time_ms);
    EXPECT_EQ(with_strings.channel, generator.tables()[bid.channel]);
    EXPECT_EQ(with_strings.url, generator.tables()[bid.url]);
    EXPECT_EQ(with_strings.extra, generator.tables()[bid.extra]);
  }
}

TEST(NexmarkGeneratorTest, TextsLookAsInTheReference) {
  const Generator generator;
  const TextTables& tables = generator.tables();
  EXPECT_EQ(tables[tables.State(0)], "AZ");
  EXPECT_EQ(tables[tables.State(kStates - 1)], "WY");
  EXPECT_EQ(tables[tables.ChannelName(9999)], "channel-9999");
  EXPECT_THAT(std::string(tables[tables.ChannelUrl(17)]),
              testing::MatchesRegex("https://www\\.nexmark\\.com/[a-z_]+/[a-z_]+/[a-z_]+/"
                                    "item\\.htm\\?query=1(&channel_id=[0-9]+)?"));
  EXPECT_THAT(std::string(tables[tables.email_addresses()[5]]),
              testing::MatchesRegex("[a-z ]+@[a-z ]+\\.com"));
  EXPECT_THAT(std::string(tables[tables.credit_cards()[5]]),
              testing::MatchesRegex("[0-9]+ [0-9]+ [0-9]+ [0-9]+"));
  std::set<std::string> items;
  for (const Text text : tables.item_names()) items.insert(std::string(tables[text]));
  EXPECT_GT(items.size(), 3500u);
}

TEST(NexmarkGeneratorTest, SizesAreNearTheirMeans) {
  const Generator generator;
  std::uint64_t person_bytes = 0;
  std::uint64_t auction_bytes = 0;
  constexpr std::int64_t kEpochs = 2000;
  for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    Person person;
    generator.Fill(epoch * kEventsPerEpoch, person);
    person_bytes += 16 + person.name.length + person.email_address.length +
                    person.credit_card.length + person.city.length + person.state.length +
                    person.extra.length;
    Auction auction;
    generator.Fill(epoch * kEventsPerEpoch + 1, auction);
    auction_bytes +=
        56 + auction.item_name.length + auction.description.length + auction.extra.length;
  }
  EXPECT_NEAR(static_cast<double>(person_bytes) / kEpochs, 200, 2);
  EXPECT_NEAR(static_cast<double>(auction_bytes) / kEpochs, 500, 5);
}

TEST(NexmarkGeneratorTest, AuctionsExpireAboutWhenAHundredOthersAreOpen) {
  Settings settings;
  settings.events_per_second = 1000;
  const Generator generator(settings);
  double sum_ms = 0;
  constexpr std::int64_t kEpochs = 100'000;
  std::map<std::int64_t, std::int64_t> categories;
  for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    Auction auction;
    generator.Fill(epoch * kEventsPerEpoch + 2, auction);
    EXPECT_GT(auction.expires_ms, auction.date_time_ms);
    EXPECT_GT(auction.reserve, auction.initial_bid);
    sum_ms += static_cast<double>(auction.expires_ms - auction.date_time_ms);
    ++categories[auction.category];
  }
  EXPECT_NEAR(sum_ms / kEpochs, 1666, 20);
  ASSERT_EQ(categories.size(), 5u);
  EXPECT_EQ(categories.begin()->first, 10);
  for (const auto& [category, count] : categories) {
    EXPECT_NEAR(Share(count, kEpochs), 0.2, 0.02) << category;
  }
}

TEST(NexmarkGeneratorTest, TimeFollowsTheRate) {
  Settings settings;
  EXPECT_EQ(Generator(settings).TimeOf(2'500'999), settings.base_time_ms + 2500);
  settings.events_per_second = 10'000'000;
  EXPECT_EQ(Generator(settings).TimeOf(25'000'000), settings.base_time_ms + 2500);
  settings.events_per_second = 1000;
  EXPECT_EQ(Generator(settings).TimeOf(2500), settings.base_time_ms + 2500);
  settings.events_per_second = 10;
  EXPECT_EQ(Generator(settings).TimeOf(25), settings.base_time_ms + 2500);
  settings.events_per_second = 1500;
  EXPECT_THROW(Generator{settings}, std::invalid_argument);
}

TEST(NexmarkGeneratorTest, DisordersEventsWithinTheirGroup) {
  Settings settings;
  settings.out_of_order_group_size = 50;
  const Generator generator(settings);
  for (std::int64_t group = 0; group < 20; ++group) {
    std::set<std::int64_t> ids;
    for (std::int64_t i = 0; i < 50; ++i) ids.insert(generator.IdOf(group * 50 + i));
    EXPECT_EQ(ids.size(), 50u);
    EXPECT_EQ(*ids.begin(), group * 50);
    EXPECT_EQ(*ids.rbegin(), group * 50 + 49);
  }
  EXPECT_EQ(generator.IdOf(1), 3);  // 953 mod 50
}

TEST(NexmarkGeneratorTest, QueryTwoKeepsOneInAHundredAndTwenty) {
  std::int64_t kept = 0;
  for (const Bid& bid : Bids(4'000'000)) kept += IsWatched(bid.auction) ? 1 : 0;
  EXPECT_NEAR(Share(kept, 4'000'000), 0.0082, 0.001);
}

TEST(ExactDividerTest, DividesAsTheProcessorDoes) {
  for (const std::uint64_t divisor : {1ULL, 2ULL, 3ULL, 10ULL, 1000ULL, 10'000ULL, 65'537ULL}) {
    const ExactDivider divider(divisor);
    for (std::uint64_t i = 0; i < 2000; ++i) {
      const std::uint64_t near = i * divisor * 1'000'003;
      for (const std::uint64_t dividend : {i, near, near + divisor - 1, near + 1}) {
        EXPECT_EQ(divider.Divide(dividend), dividend / divisor) << dividend << " by " << divisor;
      }
    }
  }
}

}  // namespace
}  // namespace benchmarks::nexmark
