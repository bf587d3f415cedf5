// A list for each key, in the order in which it was added to. Elements lie in chunks, a few to an
// entry of the table, so one key may have millions: adding costs what it costs for a ValueState.
//
//   weir::ListState<Bid> bids{"bids"};
//   …
//   bids.Add(context, bid);
//   bids.ForEach(context, [&](const Bid& each) { … });
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/state/state_entries.h>
#include <weir/state_ttl.h>
#include <weir/status.h>

namespace weir {

namespace internal {

// Elements have positions that are counted on from the first one ever added, modulo 2^32; those
// from `first` to before `end` are there. A list that is empty has no entry.
struct ListEnds {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
};
// Those whose positions differ in the lowest bits only.
template <class Element>
struct ListChunk {
  static constexpr std::uint32_t kCapacity = static_cast<std::uint32_t>(
      std::bit_floor(std::clamp<std::size_t>(64 / sizeof(Element), 4, 16)));
  std::array<Element, kCapacity> elements{};
};

}  // namespace internal

// Ttl: NoTtl, or WithTtl, for each element by itself (weir/state_ttl.h). What has expired is not
// left out of full snapshots.
template <class T, class Ttl = NoTtl>
class ListState {
 public:
  explicit ListState(std::string name)
    requires std::is_same_v<Ttl, NoTtl>
      : name_(std::move(name)) {}
  ListState(std::string name, const StateTtlConfig& ttl)
    requires std::is_same_v<Ttl, WithTtl>
      : name_(std::move(name)), ttl_(ttl) {}
  const std::string& name() const { return name_; }

  // With a time to live this takes a look at each element.
  template <class Context>
  std::uint32_t Size(const Context& context) const {
    if constexpr (kHasTtl) {
      std::uint32_t size = 0;
      ForEach(context, [&size](const T&) { ++size; });
      return size;
    } else {
      const internal::ListEnds* ends = ends_.Find(context, kNoMapKey);
      return ends == nullptr ? 0 : ends->end - ends->first;
    }
  }
  template <class Context>
  bool IsEmpty(const Context& context) const {
    return Size(context) == 0;
  }
  // visit(const T&) for each element, the first one first. It changes no state.
  template <class Context, class Visit>
  void ForEach(const Context& context, Visit&& visit) const {
    const internal::ListEnds* found = ends_.Find(context, kNoMapKey);
    if (found == nullptr) return;
    const internal::ListEnds ends = *found;
    for (std::uint32_t from = ends.first; from != ends.end;) {
      const std::uint32_t count = std::min(kChunk - from % kChunk, ends.end - from);
      VisitChunk(context, from, count, visit);
      from += count;
    }
  }
  // A copy.
  template <class Context>
  std::vector<T> Get(const Context& context) const {
    std::vector<T> list;
    ForEach(context, [&list](const T& element) { list.push_back(element); });
    return list;
  }

  template <class Context>
  void Add(const Context& context, T value) {
    internal::ListEnds& ends = ends_.Mutable(context, kNoMapKey);
    if constexpr (kHasTtl) {
      // More than is added, so that a list that lives stays short however rarely CleanUp() comes.
      if (ttl_.config.entries_per_record() > 0) DropExpired(context, ends, 2);
    }
    const std::uint32_t position = ends.end++;
    Element& element = chunks_.Mutable(context, position / kChunk).elements[position % kChunk];
    if constexpr (kHasTtl) {
      element.last_access_ms = context.processing_time_ms();
      element.value = std::move(value);
    } else {
      element = std::move(value);
    }
  }
  template <class Context, class Range>
  void AddAll(const Context& context, const Range& values) {
    for (const T& value : values) Add(context, value);
  }
  // In place of what there was.
  template <class Context, class Range>
  void Update(const Context& context, const Range& values) {
    Clear(context);
    AddAll(context, values);
  }
  // False: the list was empty.
  template <class Context>
  bool Clear(const Context& context) {
    const internal::ListEnds* found = ends_.Find(context, kNoMapKey);
    if (found == nullptr) return false;
    const internal::ListEnds ends = *found;
    for (std::uint32_t from = ends.first; from != ends.end;) {
      chunks_.Erase(context, from / kChunk);
      from += std::min(kChunk - from % kChunk, ends.end - from);
    }
    return ends_.Erase(context, kNoMapKey);
  }

  // For the operator: once; then, with a time to live, between records.
  template <class K>
  void Bind(internal::KeyedStateBackend& backend) {
    ends_.template Bind<K>(backend, name_);
    chunks_.template Bind<K>(backend, name_ + "/elements");
  }
  template <class K>
  void CleanUp(std::int64_t now_ms, std::uint32_t records)
    requires std::is_same_v<Ttl, WithTtl>
  {
    if (ttl_.config.entries_per_record() == 0) return;
    std::vector<K> keys;
    ends_.template VisitSome<K>(
        ends_.SlotCount(2 * std::uint64_t{records}),
        [&](const K& key, const auto&, const auto&) { keys.push_back(key); });
    // One for all, so that one long list may have all of it.
    std::uint64_t most = std::uint64_t{records} * ttl_.config.entries_per_record();
    for (const K& key : keys) {
      const internal::KeyAtTime<K> at(key, now_ms);
      internal::ListEnds& ends = *ends_.FindForWrite(at, kNoMapKey);
      most -= DropExpired(at, ends, most);
      if (ends.first == ends.end) ends_.Erase(at, kNoMapKey);
      if (most == 0) return;
    }
  }
  Status Check() const {
    if constexpr (kHasTtl) {
      return ttl_.config.Check(name_);
    } else {
      return Status::Ok();
    }
  }

 private:
  static constexpr bool kHasTtl = std::is_same_v<Ttl, WithTtl>;
  using Element = std::conditional_t<kHasTtl, internal::Expiring<T>, T>;
  using Chunk = internal::ListChunk<Element>;
  static constexpr std::uint32_t kChunk = Chunk::kCapacity;
  static constexpr internal::NoMapKey kNoMapKey{};
  struct Configured {
    StateTtlConfig config;
  };

  // `count` elements from position `from` on, all of one chunk.
  template <class Context, class Visit>
  void VisitChunk(const Context& context, std::uint32_t from, std::uint32_t count,
                  Visit& visit) const {
    const std::int64_t now_ms = kHasTtl ? context.processing_time_ms() : 0;
    const auto visit_all = [&](auto* chunk) {
      for (std::uint32_t i = 0; i < count; ++i) {
        auto& element = chunk->elements[(from + i) % kChunk];
        if constexpr (kHasTtl) {
          if (!ttl_.config.IsVisible(element.last_access_ms, now_ms)) continue;
          if constexpr (!std::is_const_v<std::remove_pointer_t<decltype(chunk)>>) {
            if (!ttl_.config.HasExpired(element.last_access_ms, now_ms)) {
              element.last_access_ms = now_ms;
            }
          }
          visit(std::as_const(element.value));
        } else {
          visit(std::as_const(element));
        }
      }
    };
    if constexpr (kHasTtl) {
      if (ttl_.config.update_type() == TtlUpdateType::kOnReadAndWrite) {
        visit_all(chunks_.FindForWrite(context, from / kChunk));
        return;
      }
    }
    visit_all(chunks_.Find(context, from / kChunk));
  }

  // Of the elements at the front, which are the oldest, as long as the clock does not go back.
  // Returns how many it dropped; `ends` are the list's, and may be left empty.
  template <class Context>
  std::uint64_t DropExpired(const Context& context, internal::ListEnds& ends, std::uint64_t most) {
    const std::int64_t now_ms = context.processing_time_ms();
    std::uint64_t dropped = 0;
    const Chunk* chunk = nullptr;
    for (; dropped < most && ends.first != ends.end; ++dropped) {
      if (chunk == nullptr) chunk = chunks_.Find(context, ends.first / kChunk);
      const std::int64_t last_access_ms = chunk->elements[ends.first % kChunk].last_access_ms;
      if (!ttl_.config.HasExpired(last_access_ms, now_ms)) break;
      ++ends.first;
      if (ends.first % kChunk != 0 && ends.first != ends.end) continue;
      chunks_.Erase(context, (ends.first - 1) / kChunk);
      chunk = nullptr;
    }
    return dropped;
  }

  std::string name_;
  [[no_unique_address]] std::conditional_t<kHasTtl, Configured, NoTtl> ttl_;
  internal::StateEntries<internal::NoMapKey, internal::ListEnds, NoTtl> ends_;
  internal::StateEntries<std::uint32_t, Chunk, NoTtl> chunks_;
};

}  // namespace weir
