// Nexmark's queries over windows as loops by hand, each over so many bids or (query 8) events,
// which come in the order of their times.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "benchmarks/limits/flat_table.h"
#include "benchmarks/limits/nexmark_events.h"
#include "benchmarks/workloads/nexmark/windowed_queries.h"

namespace benchmarks::nexmark {

// Query 5: one entry for each auction, with a ring of counts for the slides of a window. A window
// fires as one walk over the table, which also drops what no later window needs.
class HotItemsLoop {
 public:
  static std::uint64_t HashOfKey(std::int64_t auction) {
    return FlatTable<Entry>::HashOfKey(auction);
  }
  void Prefetch(std::uint64_t hash) const { auctions_.Prefetch(hash); }
  void Add(const Bid& bid, std::uint64_t hash) {
    while (bid.date_time_ms >= end_ms_) {
      Fire();
      if (auctions_.size() == 0) Begin(bid.date_time_ms / kSlideMs);
    }
    Entry& entry = auctions_[hash];
    if (entry.newest != slide_) [[unlikely]]
      Renew(bid.auction, entry);
    ++entry.counts[slot_];
  }
  const Digest& Finish() {
    while (auctions_.size() > 0) Fire();
    return digest_;
  }

 private:
  static constexpr std::int64_t kSlides = kWindowMs / kSlideMs;
  struct Entry {
    std::int64_t auction;
    std::int64_t newest;  // slide with a bid
    std::int32_t counts[kSlides];
  };

  void Begin(std::int64_t slide) {
    slide_ = slide;
    end_ms_ = (slide + 1) * kSlideMs;
    slot_ = static_cast<std::size_t>(slide % kSlides);
  }
  void Renew(std::int64_t auction, Entry& entry) const {
    entry.auction = auction;
    for (std::int64_t i = std::max(entry.newest, slide_ - kSlides) + 1; i <= slide_; ++i) {
      entry.counts[i % kSlides] = 0;
    }
    entry.newest = slide_;
  }
  // The window that ends with the current slide.
  void Fire() {
    hottest_.clear();
    auctions_.Retain([this](const Entry& entry) {
      std::int64_t bids = 0;
      const std::int64_t first = slide_ - kSlides + 1;
      for (std::int64_t i = first; i <= entry.newest; ++i) bids += entry.counts[i % kSlides];
      if (bids > 0) KeepHottest({end_ms_, entry.auction, bids}, hottest_);
      return entry.newest > slide_ - kSlides + 1;
    });
    for (const AuctionCount& count : hottest_) digest_.Add(HashOf(count));
    Begin(slide_ + 1);
  }

  FlatTable<Entry> auctions_;
  std::vector<AuctionCount> hottest_;
  Digest digest_;
  std::int64_t slide_ = 0;
  std::int64_t end_ms_ = 0;  // of the current slide
  std::size_t slot_ = 0;     // of its counts
};
inline Digest HotItems(std::int64_t records, const Settings& settings) {
  HotItemsLoop loop;
  ForEachBid(
      records, settings,
      [&](const Bid& bid) {
        const std::uint64_t hash = HotItemsLoop::HashOfKey(bid.auction);
        loop.Prefetch(hash);
        return hash;
      },
      [&](const Bid& bid, std::uint64_t hash) { loop.Add(bid, hash); });
  return loop.Finish();
}

// Query 7.
inline Digest HighestBids(std::int64_t records, const Settings& settings) {
  std::vector<Bid> highest;
  std::int64_t end_ms = 0;
  Digest digest;
  const auto fire = [&] {
    for (const Bid& bid : highest) digest.Add(HashOf(bid));
    highest.clear();
  };
  ForEachBid(
      records, settings, [](const Bid&) { return std::uint64_t{0}; },
      [&](const Bid& bid, std::uint64_t) {
        if (bid.date_time_ms >= end_ms) {
          fire();
          end_ms = WindowStartOf(bid.date_time_ms) + kWindowMs;
        }
        KeepHighest(bid, highest);
      });
  fire();
  return digest;
}

// Query 8.
inline Digest NewSellers(std::int64_t records, const Settings& settings) {
  struct Visitor {
    NewPerson came;  // date_time_ms 0: not yet
    bool sells;
    bool reported;
  };
  FlatTable<Visitor> persons;
  std::int64_t end_ms = 0;
  Digest digest;
  ForEachEvent(records, settings, [&](const Event& event) {
    if (!IsPerson(event) && !IsAuction(event)) return;
    if (event.date_time_ms >= end_ms) {
      persons.Retain([](const Visitor&) { return false; });
      end_ms = WindowStartOf(event.date_time_ms) + kWindowMs;
    }
    Visitor& person = persons[FlatTable<Visitor>::HashOfKey(event.person)];
    if (IsPerson(event)) {
      person.came = ToNewPerson(event);
    } else {
      person.sells = true;
    }
    if (person.reported || !person.sells || person.came.date_time_ms == 0) return;
    person.reported = true;
    digest.Add(HashOf(ToNewSeller(person.came)));
  });
  return digest;
}

// Query 11: sessions wait in the order in which they may end; one that went on meanwhile waits
// again. An entry without bids is of a session that has ended.
inline Digest UserSessions(std::int64_t records, const Settings& settings) {
  struct Due {
    std::int64_t time_ms;
    std::uint64_t hash;
  };
  FlatTable<UserSession> sessions;
  std::deque<Due> waiting;
  Digest digest;
  const auto end = [&digest](UserSession& session) {
    digest.Add(HashOf(session));
    session.bids = 0;
  };
  const auto end_due = [&](std::int64_t now_ms) {
    while (!waiting.empty() && waiting.front().time_ms <= now_ms) {
      const std::uint64_t hash = waiting.front().hash;
      waiting.pop_front();
      UserSession& session = *sessions.Lookup(hash);
      if (session.end_ms <= now_ms) {
        end(session);
      } else {
        waiting.push_back({session.end_ms, hash});
      }
    }
  };
  ForEachBid(
      records, settings,
      [&](const Bid& bid) {
        const std::uint64_t hash = FlatTable<UserSession>::HashOfKey(bid.bidder);
        sessions.Prefetch(hash);
        return hash;
      },
      [&](const Bid& bid, std::uint64_t hash) {
        const std::int64_t time_ms = bid.date_time_ms;
        end_due(time_ms - 1);
        UserSession& session = sessions[hash];
        if (session.bids > 0 && session.end_ms < time_ms) {
          end(session);
          session.start_ms = time_ms;
        } else if (session.bids == 0) {
          session.bidder = bid.bidder;
          session.start_ms = time_ms;
          waiting.push_back({time_ms + kSessionGapMs, hash});
        }
        session.end_ms = time_ms + kSessionGapMs;
        ++session.bids;
      });
  sessions.Retain([&](UserSession& session) {
    if (session.bids > 0) end(session);
    return false;
  });
  return digest;
}

// Query 12.
inline Digest BidderCounts(std::int64_t records, const Settings& settings) {
  constexpr std::int64_t kBidsBetweenLooks = 256;  // at the clock
  FlatTable<BidderCount> bidders;
  Digest digest;
  const auto fire = [&] {
    bidders.Retain([&](const BidderCount& count) {
      digest.Add(HashOf(count));
      return false;
    });
  };
  std::int64_t bids = 0;
  std::int64_t window = 0;
  ForEachBid(
      records, settings,
      [&](const Bid& bid) {
        const std::uint64_t hash = FlatTable<BidderCount>::HashOfKey(bid.bidder);
        bidders.Prefetch(hash);
        return hash;
      },
      [&](const Bid& bid, std::uint64_t hash) {
        if (bids++ % kBidsBetweenLooks == 0) {
          const auto now = std::chrono::system_clock::now().time_since_epoch();
          const std::int64_t current = now / std::chrono::milliseconds(kWindowMs);
          if (current != window) fire();
          window = current;
        }
        BidderCount& count = bidders[hash];
        count.bidder = bid.bidder;
        ++count.bids;
      });
  fire();
  return digest;
}

}  // namespace benchmarks::nexmark
