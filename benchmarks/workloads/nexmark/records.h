// The records of Nexmark (persons, auctions, bids) in two forms: trivially copyable ones, whose
// texts are places in a fixed table, and bids that own their strings.
//
// Ids are from 1000 on, categories from 10 on, prices are cents, times milliseconds since the
// epoch. Rules: generator.h.
#pragma once

#include <cstdint>
#include <string>

#include "benchmarks/workloads/digest.h"

namespace benchmarks::nexmark {

// A piece of TextTables::text. As wide as a std::string_view, but it may be copied to another
// process.
struct Text {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const Text&) const = default;
};

struct Person {
  std::int64_t id = 0;
  Text name;
  Text email_address;
  Text credit_card;
  Text city;
  Text state;
  std::int64_t date_time_ms = 0;
  Text extra;
  bool operator==(const Person&) const = default;
};

struct Auction {
  std::int64_t id = 0;
  Text item_name;
  Text description;
  std::int64_t initial_bid = 0;
  std::int64_t reserve = 0;
  std::int64_t date_time_ms = 0;
  std::int64_t expires_ms = 0;
  std::int64_t seller = 0;
  std::int64_t category = 0;
  Text extra;
  bool operator==(const Auction&) const = default;
};

// 80 bytes.
struct Bid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time_ms = 0;
  Text channel;
  Text url;
  Text extra;
  bool operator==(const Bid&) const = default;
};

// About 190 bytes when serialized.
struct BidWithStrings {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time_ms = 0;
  std::string channel;
  std::string url;
  std::string extra;
  bool operator==(const BidWithStrings&) const = default;
};

enum class EventKind : std::int64_t { kPerson = 0, kAuction = 1, kBid = 2 };

// One event of the mixed stream with what the joins look at: 80 bytes.
struct Event {
  EventKind kind = EventKind::kPerson;
  std::int64_t auction = 0;       // of auctions and bids
  std::int64_t person = 0;        // the person itself, the seller, the bidder
  std::int64_t price = 0;         // of a bid; of an auction its initial bid
  std::int64_t reserve = 0;       // of auctions
  std::int64_t date_time_ms = 0;  //
  std::int64_t expires_ms = 0;    // of auctions
  std::int64_t attribute = 0;     // category of an auction, index of the state of a person
  Text extra;
  bool operator==(const Event&) const = default;
};

// What query 2 gives.
struct AuctionPrice {
  std::int64_t auction = 0;
  std::int64_t price = 0;
};

// --- hashes of results: cheap beside the cheapest query, and sums of them depend on which values
// belong to one record. Products of pairs as in NH, the hash of UMAC (Black, Halevi, Krawczyk,
// Krovetz, Rogaway: "UMAC: Fast and Secure Message Authentication", 1999).

inline std::uint64_t HashPair(std::uint64_t first, std::uint64_t second) {
  return (first + 0x9E3779B97F4A7C15) * (second + 0xC2B2AE3D27D4EB4F);
}
inline std::uint64_t HashPair(std::int64_t first, std::int64_t second) {
  return HashPair(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(second));
}

inline std::uint64_t HashOf(const Bid& bid) {
  return HashPair(static_cast<std::uint64_t>(bid.auction) + bid.extra.offset,
                  static_cast<std::uint64_t>(bid.price)) +
         HashPair(static_cast<std::uint64_t>(bid.bidder) + bid.extra.length,
                  ~static_cast<std::uint64_t>(bid.date_time_ms));
}
inline std::uint64_t HashOf(const BidWithStrings& bid) {
  return HashPair(static_cast<std::uint64_t>(bid.auction) + Edges(bid.channel),
                  static_cast<std::uint64_t>(bid.price) + Edges(bid.url)) +
         HashPair(static_cast<std::uint64_t>(bid.bidder) + Edges(bid.extra),
                  ~static_cast<std::uint64_t>(bid.date_time_ms));
}
inline std::uint64_t HashOf(const AuctionPrice& result) {
  return HashPair(result.auction, result.price);
}

}  // namespace benchmarks::nexmark
