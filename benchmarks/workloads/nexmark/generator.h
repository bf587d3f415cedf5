// Nexmark's events from their numbers: the rules of nexmark/nexmark (NexmarkGenerator and its model
// classes, 2025), seeded.
//
// Of fifty events one is a person, three are auctions, 46 are bids. Event number n has the id
// ⌊n/g⌋·g + (953·n mod g), g being the out-of-order group size, and a time that follows from the id
// and the event-time rate. Everything else is drawn from a hash of seed and id.
//
// Differences from the reference: event ids begin at 0; texts are cut from fixed tables
// (text_tables.h); a bidder is one of the persons (the reference adds 1000 twice, so that its
// bidders are other people).
#pragma once

#include <array>
#include <cstdint>

#include "benchmarks/workloads/nexmark/random.h"
#include "benchmarks/workloads/nexmark/records.h"
#include "benchmarks/workloads/nexmark/text_tables.h"

namespace benchmarks::nexmark {

inline constexpr std::int64_t kPersonsPerEpoch = 1;
inline constexpr std::int64_t kAuctionsPerEpoch = 3;
inline constexpr std::int64_t kBidsPerEpoch = 46;
inline constexpr std::int64_t kEventsPerEpoch = 50;
inline constexpr std::int64_t kFirstId = 1000;
inline constexpr std::int64_t kFirstCategory = 10;
inline constexpr std::int64_t kCategories = 5;
inline constexpr std::int64_t kAuctionsInFlight = 100;
inline constexpr std::int64_t kActivePersons = 1000;

struct Settings {
  std::uint64_t seed = 42;
  // Of event time. Divides 1000, or is a multiple of 1000.
  std::int64_t events_per_second = 1'000'000;
  std::int64_t base_time_ms = 1'700'000'000'000;
  std::int64_t out_of_order_group_size = 1;
};

// 10^(6u) dollars in cents, u uniform: by a table of 1024 steps and a straight line between them.
class PriceTable {
 public:
  static const PriceTable& Get();
  std::int64_t At(std::uint32_t random) const {
    const std::uint32_t step = random >> 22;
    const std::uint64_t rise = entries_[step + 1] - entries_[step];
    return static_cast<std::int64_t>(
        (entries_[step] + ((rise * (random & 0x3FFFFF)) >> 22) + kHalf) >> kFractionBits);
  }

 private:
  static constexpr int kFractionBits = 8;
  static constexpr std::uint64_t kHalf = 1 << (kFractionBits - 1);
  PriceTable();
  std::array<std::uint64_t, 1025> entries_;
};

// Immutable, cheap to copy; any thread. Event and bid numbers are not negative.
class Generator {
 public:
  explicit Generator(const Settings& settings = Settings());

  static EventKind KindOf(std::int64_t event_id) {
    const std::int64_t slot = event_id % kEventsPerEpoch;
    return slot < kPersonsPerEpoch                       ? EventKind::kPerson
           : slot < kPersonsPerEpoch + kAuctionsPerEpoch ? EventKind::kAuction
                                                         : EventKind::kBid;
  }
  std::int64_t IdOf(std::int64_t event_number) const {
    const std::int64_t group = settings_.out_of_order_group_size;
    if (group == 1) return event_number;
    return event_number / group * group + 953 * event_number % group;
  }
  // The number of the i-th bid where every event's number is its id.
  static std::int64_t BidNumber(std::int64_t index) {
    return index / kBidsPerEpoch * kEventsPerEpoch + (kEventsPerEpoch - kBidsPerEpoch) +
           index % kBidsPerEpoch;
  }
  std::int64_t TimeOf(std::int64_t event_id) const {
    return settings_.base_time_ms + static_cast<std::int64_t>(per_millisecond_.Divide(
                                        static_cast<std::uint64_t>(event_id) * time_factor_));
  }

  // These write every field. The event of this id is of that kind.
  void Fill(std::int64_t event_id, Person& person) const;
  void Fill(std::int64_t event_id, Auction& auction) const;
  void Fill(std::int64_t event_id, Bid& bid) const {
    EventRandom random = RandomOf(event_id);
    FillNumbers(event_id, random, bid);
    const Texts texts = TextsOf(random);
    bid.channel = texts.channel;
    bid.url = texts.url;
    bid.extra = texts.extra;
  }
  // Strings keep their memory.
  void Fill(std::int64_t event_id, BidWithStrings& bid) const {
    EventRandom random = RandomOf(event_id);
    FillNumbers(event_id, random, bid);
    const Texts texts = TextsOf(random);
    bid.channel.assign((*tables_)[texts.channel]);
    bid.url.assign((*tables_)[texts.url]);
    bid.extra.assign((*tables_)[texts.extra]);
  }
  // Any kind.
  void Fill(std::int64_t event_id, Event& event) const;

  const TextTables& tables() const { return *tables_; }

 private:
  struct Texts {
    Text channel;
    Text url;
    Text extra;
  };

  EventRandom RandomOf(std::int64_t event_id) const {
    return EventRandom(settings_.seed, static_cast<std::uint64_t>(event_id));
  }
  // One of the persons that are active when `last` is the latest, or somebody who comes soon.
  static std::int64_t ActivePerson(std::int64_t last, std::uint64_t lower_half) {
    const std::int64_t active = last + 1 < kActivePersons ? last + 1 : kActivePersons;
    return last + 1 - active +
           static_cast<std::int64_t>(
               LowerBelow(lower_half, static_cast<std::uint64_t>(active) + 10));
  }
  template <class AnyBid>
  void FillNumbers(std::int64_t event_id, EventRandom& random, AnyBid& bid) const {
    const std::int64_t epoch = event_id / kEventsPerEpoch;
    const std::int64_t last_auction = epoch * kAuctionsPerEpoch + kAuctionsPerEpoch - 1;
    const std::uint64_t choice = random.Bits();
    const std::uint64_t amount = random.Bits();
    const std::int64_t oldest =
        last_auction > kAuctionsInFlight ? last_auction - kAuctionsInFlight : 0;
    const std::int64_t any_auction =
        oldest + static_cast<std::int64_t>(
                     UpperBelow(choice, static_cast<std::uint64_t>(last_auction - oldest) + 11));
    const std::int64_t any_person = ActivePerson(epoch, amount);
    bid.auction = kFirstId + ((choice & 1) != 0 ? last_auction / 100 * 100 : any_auction);
    bid.bidder = kFirstId + ((choice & 6) != 0 ? epoch / 100 * 100 + 1 : any_person);
    bid.price = prices_->At(static_cast<std::uint32_t>(amount >> 32));
    bid.date_time_ms = TimeOf(event_id);
  }
  Texts TextsOf(EventRandom& random) const {
    const std::uint64_t choice = random.Bits();
    Texts texts;
    // 54 to 81 letters: the mean of 68 that fills a bid to 100 bytes, give or take a fifth.
    texts.extra = TextTables::Letters((choice >> 12) & (kRandomTextBytes - 1),
                                      54 + ((choice & 0xFFF) * 28 >> 12));
    const auto channel = static_cast<std::uint32_t>(UpperBelow(choice, 2 * kChannels));
    if (channel < kChannels) {
      texts.channel = tables_->ChannelName(channel);
      texts.url = tables_->ChannelUrl(channel);
    } else {
      texts.channel = tables_->PopularName(channel % kPopularChannels);
      texts.url = tables_->PopularUrl(channel % kPopularChannels);
    }
    return texts;
  }
  std::int64_t ExpiryOf(std::int64_t event_id, std::uint64_t bits) const;
  Text ExtraOf(std::uint64_t bits, std::uint64_t mean, std::uint64_t so_far) const;

  Settings settings_;
  ExactDivider per_millisecond_;
  std::uint64_t time_factor_;
  const TextTables* tables_;
  const PriceTable* prices_;
};

}  // namespace benchmarks::nexmark
