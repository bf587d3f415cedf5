// Timers of one time domain: entries of a table of keyed state by key, namespace and time, and an
// index that says which is next.
//
// The table is the truth, and what a snapshot holds; RebuildIndex() makes the index from it. It
// lies in memory also where other state lies in a store, and is then part of the state file
// (Flink's state.backend.rocksdb.timer-service.factory: HEAP).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <weir/internal/chain.h>
#include <weir/internal/state/keyed_state_backend.h>
#include <weir/internal/state/tagged_entries.h>
#include <weir/internal/timers/timer_index.h>
#include <weir/serializer.h>
#include <weir/stable_hash.h>

namespace weir::internal {

// The value of a timer's entry: the number of its node, 0 for those that were restored.
struct TimerNumber {
  std::uint32_t number = 0;
};

// Valid during the call that gets it.
template <class K, class N>
struct FiredTimer {
  std::uint64_t key_hash;
  const K& key;
  const N& name_space;
  std::int64_t time_ms;
};

// The task's thread.
template <class K, class N>
class TimerQueue {
 public:
  // The table is the backend's, which outlives the queue.
  TimerQueue(KeyedStateBackend& backend, std::string table_name)
      : range_(backend.range()),
        table_(backend.CreateInMemory<K, N, std::int64_t, TimerNumber>(std::move(table_name))) {}

  // False: it was registered already.
  bool Register(std::uint64_t key_hash, const K& key, const N& name_space, std::int64_t time_ms) {
    const Address<K, N, std::int64_t> where{key_hash, key, name_space, time_ms};
    bool inserted = false;
    table_.FindOrInsert(where, inserted, [this] { return TimerNumber{++last_number_}; });
    if (inserted) index_.Add({time_ms, tagged_.TagOf(where), last_number_});
    return inserted;
  }
  // False: there is none.
  bool Delete(std::uint64_t key_hash, const K& key, const N& name_space, std::int64_t time_ms) {
    if (!table_.Erase({key_hash, key, name_space, time_ms})) return false;
    // At most half of the index is stale, at a bounded cost for each deletion.
    if (index_.size() > 2 * table_.size() + kStaleAllowed) {
      index_.Sweep(kSweptAtOnce, [this](const TimerIndex::Node& node) { return !IsLive(node); });
    }
    return true;
  }

  std::uint64_t size() const { return table_.size(); }
  std::size_t index_size() const { return index_.size(); }
  // Whether Fire(until_ms) has something to do; and when the next one is due, kNoTimer if none is.
  // That one may have been deleted.
  bool AnyUntil(std::int64_t until_ms) const {
    return !index_.empty() && index_.first().time_ms <= until_ms;
  }
  std::int64_t next_time_ms() const { return index_.empty() ? kNoTimer : index_.first().time_ms; }

  // Takes timers until `until_ms` out, in the order of their times, at most `count`, and calls
  // call(FiredTimer) for each. Calls may register and delete timers: what becomes due by that is
  // fired in its turn. `count` is reduced by those that were looked at. True: none is due any more.
  template <class Call>
  bool Fire(std::int64_t until_ms, std::uint32_t& count, Call&& call) {
    while (count > 0 && AnyUntil(until_ms)) FireSome(until_ms, count, call);
    return !AnyUntil(until_ms);
  }

  // No timer is left.
  void Clear() {
    std::uint32_t count = 0;
    do {
      count = kTakenAtOnce;
    } while (!Fire(kNoTimer, count, [](const FiredTimer<K, N>&) {}));
  }

  // After entries of the table were restored.
  void RebuildIndex() {
    index_.Clear();
    last_number_ = 0;
    for (std::uint32_t group = range_.first; group < range_.first + range_.count; ++group) {
      table_.ForEachInGroup(group, [this](const K& key, const N& name_space,
                                          const std::int64_t& time_ms, const TimerNumber& value) {
        const std::uint64_t tag = tagged_.TagOf({StableHash(key), key, name_space, time_ms});
        index_.Add({time_ms, tag, value.number});
      });
    }
  }

 private:
  static constexpr std::size_t kStaleAllowed = 1024;
  static constexpr std::uint32_t kSweptAtOnce = 4;
  // Taken out of the index in one go, so that the cache misses of their entries overlap.
  static constexpr std::uint32_t kTakenAtOnce = 16;

  auto IsOf(const TimerIndex::Node& node) const {
    return [&node](std::int64_t time_ms, const TimerNumber& value) {
      return time_ms == node.time_ms && value.number == node.number;
    };
  }
  bool IsLive(const TimerIndex::Node& node) const { return tagged_.Contains(node.tag, IsOf(node)); }

  template <class Call>
  void FireSome(std::int64_t until_ms, std::uint32_t& count, Call& call) {
    TimerIndex::Node taken[kTakenAtOnce];
    std::uint32_t size = 0;
    while (size < std::min(count, kTakenAtOnce) && AnyUntil(until_ms)) {
      taken[size] = index_.TakeFirst();
      tagged_.Prefetch(taken[size++].tag);
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      if (!index_.empty() && index_.first().time_ms < taken[i].time_ms) {
        // A call has registered an earlier one.
        for (; i < size; ++i) index_.Add(taken[i]);
        return;
      }
      const bool live =
          tagged_.Take(taken[i].tag, IsOf(taken[i]), [this](const K& key, const N& name_space) {
            key_ = key;
            name_space_ = name_space;
          });
      --count;
      if (!live) continue;  // deleted meanwhile
      call(FiredTimer<K, N>{StableHash(key_), key_, name_space_, taken[i].time_ms});
    }
  }

  const KeyGroupRange range_;
  HeapTable<K, N, std::int64_t, TimerNumber>& table_;
  TaggedEntries<HeapTable<K, N, std::int64_t, TimerNumber>> tagged_{table_};
  TimerIndex index_;
  std::uint32_t last_number_ = 0;
  // Of the timer that is being fired; their memory is used again.
  K key_{};
  N name_space_{};
};

}  // namespace weir::internal

template <>
struct weir::Serializer<weir::internal::TimerNumber> {
  static std::string Schema() { return "{}"; }
  static void Write(ByteWriter&, const internal::TimerNumber&) {}
  [[nodiscard]] static bool Read(ByteReader&, internal::TimerNumber&) { return true; }
};
