// A map for each key. Look-ups, insertions and removals cost what they cost for a ValueState: each
// map entry is an entry of the table, so one key may have millions. Enumerating a key's map costs a
// look-up for each entry and one for every few entries.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/fields.h>
#include <weir/internal/state/state_entries.h>
#include <weir/state_ttl.h>
#include <weir/status.h>

namespace weir {

namespace internal {

// A map entry knows its number among those of its key, from 0 without gaps.
template <class V>
struct NumberedValue {
  std::uint32_t number = 0;
  V value{};
};
// The map keys by their numbers, a few to an entry of the table. The first chunk of a key counts.
template <class M>
struct MapKeyChunk {
  static constexpr std::uint32_t kCapacity =
      static_cast<std::uint32_t>(std::clamp<std::size_t>(56 / sizeof(M), 4, 14));
  std::uint32_t map_size = 0;
  std::array<M, kCapacity> map_keys{};
};

}  // namespace internal

// Ttl: NoTtl, or WithTtl, for each entry by itself (weir/state_ttl.h).
template <class M, class V, class Ttl = NoTtl>
class MapState {
 public:
  explicit MapState(std::string name)
    requires std::is_same_v<Ttl, NoTtl>
      : name_(std::move(name)) {}
  MapState(std::string name, const StateTtlConfig& ttl)
    requires std::is_same_v<Ttl, WithTtl>
      : name_(std::move(name)), entries_(ttl) {}
  const std::string& name() const { return name_; }

  // Null: the map has no such entry.
  template <class Context>
  const V* Find(const Context& context, const M& map_key) const {
    const Entry* found = entries_.Find(context, map_key);
    return found == nullptr ? nullptr : &found->value;
  }
  template <class Context>
  bool Contains(const Context& context, const M& map_key) const {
    return Find(context, map_key) != nullptr;
  }
  // With a time to live this takes a look at each entry.
  template <class Context>
  std::uint32_t Size(const Context& context) const {
    if constexpr (!kHasTtl) return Count(context);
    std::uint32_t size = 0;
    ForEach(context, [&size](const M&, const V&) { ++size; });
    return size;
  }
  template <class Context>
  bool IsEmpty(const Context& context) const {
    return Size(context) == 0;
  }
  // visit(const M&, const V&) for each entry, in no particular order. It changes no state.
  template <class Context, class Visit>
  void ForEach(const Context& context, Visit&& visit) const {
    const std::uint32_t count = Count(context);
    for (std::uint32_t first = 0; first < count; first += kChunk) {
      const Chunk* chunk = chunks_.Find(context, first / kChunk);
      const std::uint32_t end = std::min(kChunk, count - first);
      for (std::uint32_t i = 0; i < end; ++i) entries_.Prefetch(context, chunk->map_keys[i]);
      for (std::uint32_t i = 0; i < end; ++i) {
        const M& map_key = chunk->map_keys[i];
        const Entry* entry = entries_.Find(context, map_key);
        if (entry != nullptr && entry->number == first + i) visit(map_key, entry->value);
      }
    }
  }

  template <class Context>
  void Put(const Context& context, const M& map_key, V value) {
    Upsert(context, map_key, false) = std::move(value);
  }
  // To be changed in place; V() where there was none.
  template <class Context>
  V& Mutable(const Context& context, const M& map_key) {
    return Upsert(context, map_key, true);
  }
  // False: there was none.
  template <class Context>
  bool Remove(const Context& context, const M& map_key) {
    const auto* entry = Numbered(context, map_key);
    if (entry == nullptr) return false;
    const std::uint32_t number = entry->number;
    const M removed = map_key;  // may be a reference into this state
    const bool seen = entries_.Erase(context, removed);
    FillGap(context, number);
    return seen;
  }
  template <class Context>
  void Clear(const Context& context) {
    const std::uint32_t count = Count(context);
    for (std::uint32_t first = 0; first < count; first += kChunk) {
      const Chunk* chunk = chunks_.Find(context, first / kChunk);
      const std::uint32_t end = std::min(kChunk, count - first);
      for (std::uint32_t i = 0; i < end; ++i) entries_.Erase(context, chunk->map_keys[i]);
      chunks_.Erase(context, first / kChunk);
    }
  }

  // For the operator: once; then, with a time to live, between records.
  template <class K>
  void Bind(internal::KeyedStateBackend& backend) {
    entries_.template Bind<K>(backend, name_);
    chunks_.template Bind<K>(backend, name_ + "/keys");
  }
  template <class K>
  void CleanUp(std::int64_t now_ms, std::uint32_t records)
    requires std::is_same_v<Ttl, WithTtl>
  {
    entries_.template CleanUp<K>(
        now_ms, records, [this](const auto& at, const M& map_key) { this->Remove(at, map_key); });
  }
  Status Check() const { return internal::CheckEntries(entries_, name_); }

 private:
  using Entry = internal::NumberedValue<V>;
  using Chunk = internal::MapKeyChunk<M>;
  static constexpr bool kHasTtl = std::is_same_v<Ttl, WithTtl>;
  static constexpr std::uint32_t kChunk = Chunk::kCapacity;

  // Numbers that are given; a snapshot without what had expired may have left some without an
  // entry.
  template <class Context>
  std::uint32_t Count(const Context& context) const {
    const Chunk* chunk = chunks_.Find(context, 0);
    return chunk == nullptr ? 0 : chunk->map_size;
  }
  // Whatever its age.
  template <class Context>
  Entry* Numbered(const Context& context, const M& map_key) const {
    auto* stored = entries_.FindStored(context, map_key);
    if constexpr (kHasTtl) {
      return stored == nullptr ? nullptr : &stored->value;
    } else {
      return stored;
    }
  }
  template <class Context>
  V& Upsert(const Context& context, const M& map_key, bool reset) {
    internal::EntryWas was = internal::EntryWas::kThere;
    Entry& entry = entries_.Upsert(context, map_key, was, [] { return Entry(); });
    if (was == internal::EntryWas::kMissing) entry.number = Append(context, map_key);
    if (was == internal::EntryWas::kExpired && reset) entry.value = V();
    return entry.value;
  }
  // Numbers the new entry. Touches the table of chunks only: entries stay where they are.
  template <class Context>
  std::uint32_t Append(const Context& context, const M& map_key) {
    const std::uint32_t number = chunks_.Mutable(context, 0).map_size++;
    chunks_.Mutable(context, number / kChunk).map_keys[number % kChunk] = map_key;
    return number;
  }
  // The last entry takes the number that is free.
  template <class Context>
  void FillGap(const Context& context, std::uint32_t number) {
    for (;;) {
      const std::uint32_t last = --chunks_.FindForWrite(context, 0)->map_size;
      M moved = chunks_.Find(context, last / kChunk)->map_keys[last % kChunk];
      if (last % kChunk == 0) chunks_.Erase(context, last / kChunk);
      if (last == number) return;
      Entry* const entry = Numbered(context, moved);
      if (entry == nullptr || entry->number != last) continue;  // left out of a snapshot
      entry->number = number;
      chunks_.FindForWrite(context, number / kChunk)->map_keys[number % kChunk] = std::move(moved);
      return;
    }
  }

  std::string name_;
  internal::StateEntries<M, Entry, Ttl> entries_;
  internal::StateEntries<std::uint32_t, Chunk, NoTtl> chunks_;
};

}  // namespace weir
