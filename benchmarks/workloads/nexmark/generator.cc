#include "benchmarks/workloads/nexmark/generator.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace benchmarks::nexmark {

PriceTable::PriceTable() {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const double cents = 100 * std::pow(10.0, 6 * static_cast<double>(i) / 1024);
    entries_[i] = static_cast<std::uint64_t>(std::llround(cents * (1 << kFractionBits)));
  }
}

const PriceTable& PriceTable::Get() {
  static const PriceTable table;
  return table;
}

namespace {

std::uint64_t EventsPerMillisecond(std::int64_t events_per_second) {
  if (events_per_second >= 1000 && events_per_second % 1000 == 0) {
    return static_cast<std::uint64_t>(events_per_second / 1000);
  }
  if (events_per_second >= 1 && 1000 % events_per_second == 0) return 1;
  throw std::invalid_argument("events per second: a divisor or a multiple of 1000");
}

}  // namespace

Generator::Generator(const Settings& settings)
    : settings_(settings),
      per_millisecond_(EventsPerMillisecond(settings.events_per_second)),
      time_factor_(settings.events_per_second < 1000
                       ? static_cast<std::uint64_t>(1000 / settings.events_per_second)
                       : 1),
      tables_(&TextTables::Get()),
      prices_(&PriceTable::Get()) {
  if (settings.out_of_order_group_size < 1) {
    throw std::invalid_argument("the out-of-order group size is at least 1");
  }
}

// What is missing to the mean size, give or take a fifth.
Text Generator::ExtraOf(std::uint64_t bits, std::uint64_t mean, std::uint64_t so_far) const {
  const std::uint64_t missing = mean > so_far ? mean - so_far : 0;
  const std::uint64_t spread = (missing + 2) / 5;
  const std::uint64_t length =
      spread == 0 ? missing : missing - spread + UpperBelow(bits, 2 * spread);
  return TextTables::Letters(bits & (kRandomTextBytes - 1), length);
}

void Generator::Fill(std::int64_t event_id, Person& person) const {
  EventRandom random = RandomOf(event_id);
  const std::uint64_t choice = random.Bits();
  const std::uint64_t place = random.Bits();
  person.id = kFirstId + event_id / kEventsPerEpoch;
  person.name = tables_->names()[UpperBelow(choice, tables_->names().size())];
  person.email_address = tables_->email_addresses()[choice & 0xFFF];
  person.credit_card = tables_->credit_cards()[(choice >> 12) & 0xFFF];
  person.city = tables_->cities()[UpperBelow(place, tables_->cities().size())];
  person.state = tables_->State(static_cast<std::uint32_t>(LowerBelow(place, kStates)));
  person.date_time_ms = TimeOf(event_id);
  const std::uint64_t so_far = 16 + person.name.length + person.email_address.length +
                               person.credit_card.length + person.city.length + person.state.length;
  person.extra = ExtraOf(random.Bits(), 200, so_far);
}

// An auction lives as long as it takes to open the auctions that are in flight, on average.
std::int64_t Generator::ExpiryOf(std::int64_t event_id, std::uint64_t bits) const {
  constexpr std::int64_t kEventsInFlight = kAuctionsInFlight * kEventsPerEpoch / kAuctionsPerEpoch;
  const std::int64_t time = TimeOf(event_id);
  const std::int64_t horizon = TimeOf(event_id + kEventsInFlight) - time;
  const auto longest = static_cast<std::uint64_t>(std::max<std::int64_t>(2 * horizon, 1));
  return time + 1 + static_cast<std::int64_t>(UpperBelow(bits, longest));
}

void Generator::Fill(std::int64_t event_id, Auction& auction) const {
  EventRandom random = RandomOf(event_id);
  const std::int64_t epoch = event_id / kEventsPerEpoch;
  const std::uint64_t choice = random.Bits();
  const std::uint64_t prices = random.Bits();
  const std::uint64_t texts = random.Bits();
  const std::uint64_t category = random.Bits();
  auction.id = kFirstId + epoch * kAuctionsPerEpoch + event_id % kEventsPerEpoch - kPersonsPerEpoch;
  auction.item_name = tables_->item_names()[texts & 0xFFF];
  auction.description = tables_->descriptions()[(texts >> 12) & 0xFFF];
  auction.initial_bid = prices_->At(static_cast<std::uint32_t>(prices));
  auction.reserve = auction.initial_bid + prices_->At(static_cast<std::uint32_t>(prices >> 32));
  auction.date_time_ms = TimeOf(event_id);
  auction.expires_ms = ExpiryOf(event_id, category);
  const std::int64_t any_person = ActivePerson(epoch, choice);
  auction.seller = kFirstId + ((choice >> 62) != 0 ? epoch / 100 * 100 : any_person);
  auction.category = kFirstCategory + static_cast<std::int64_t>(LowerBelow(category, kCategories));
  const std::uint64_t so_far = 56 + auction.item_name.length + auction.description.length;
  auction.extra = ExtraOf(random.Bits(), 500, so_far);
}

void Generator::Fill(std::int64_t event_id, Event& event) const {
  event.kind = KindOf(event_id);
  switch (event.kind) {
    case EventKind::kPerson: {
      Person person;
      Fill(event_id, person);
      const std::uint64_t state = (person.state.offset - tables_->State(0).offset) / 2;
      event = {EventKind::kPerson,
               0,
               person.id,
               0,
               0,
               person.date_time_ms,
               0,
               static_cast<std::int64_t>(state),
               person.extra};
      return;
    }
    case EventKind::kAuction: {
      Auction auction;
      Fill(event_id, auction);
      event = {EventKind::kAuction, auction.id,       auction.seller,
               auction.initial_bid, auction.reserve,  auction.date_time_ms,
               auction.expires_ms,  auction.category, auction.extra};
      return;
    }
    case EventKind::kBid: {
      Bid bid;
      Fill(event_id, bid);
      event = {EventKind::kBid,  bid.auction, bid.bidder, bid.price, 0,
               bid.date_time_ms, 0,           0,          bid.extra};
      return;
    }
  }
}

}  // namespace benchmarks::nexmark
