// The heap backend's table: values by key, namespace (window) and map key, in segments of at most
// 32 KiB: the unit of growth, copy-on-write and hand-over. A key group is a range of segments.
//
// Reads are const; writes go through methods that preserve the segment for a running snapshot
// first. A value's address is good until the next insertion or removal. The task's thread, except
// SaveNext(). sdk/README.md says how it is laid out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/segment_reservation.h>
#include <weir/internal/state/segment_table.h>
#include <weir/internal/state/table_restore.h>
#include <weir/internal/state/table_slot.h>

namespace weir::internal {

template <class K, class N, class M, class V>
class HeapTable final : public KeyedTable {
 public:
  using Where = Address<K, N, M>;

  explicit HeapTable(const KeyGroupRange& range)
      : KeyedTable(Slot::Schema()), range_(range), segments_(range) {}

  // --- one entry ---

  // Null: there is none.
  const V* Find(const Where& where) const {
    const Slot* const slot = FindSlot(TagOf(where), where);
    return slot == nullptr ? nullptr : &slot->value();
  }
  V* FindForWrite(const Where& where) {
    Slot* const slot = FindSlot(TagOf(where), where);
    if (slot == nullptr) return nullptr;
    if (segments_.snapshot().running()) segments_.BeforeWrite(slot);
    return &slot->value();
  }
  // The value, made by `make()` if there was none.
  template <class Make>
  V& FindOrInsert(const Where& where, bool& inserted, Make&& make) {
    Slot& slot = UpsertSlot(where, TagOf(where), inserted, make);
    if (segments_.snapshot().running()) segments_.BeforeWrite(&slot);
    return slot.value();
  }
  V& FindOrInsert(const Where& where) {
    bool inserted = false;
    return FindOrInsert(where, inserted, [] { return V{}; });
  }
  // False: there was none.
  bool Erase(const Where& where) {
    Slot* const slot = FindSlot(TagOf(where), where);
    if (slot == nullptr) return false;
    segments_.Erase(slot);
    return true;
  }

  // Asks for an entry's place ahead of its use.
  void Prefetch(const Where& where) const { segments_.Prefetch(TagOf(where)); }

  // --- a block of records ---

  // For each of `count` records, in order: its address is key_of(i) with the stable hash
  // hash_of(i), namespace_of(i) and no map key; make(i) is the value where there is none, apply(i,
  // value, inserted) changes it. The places of all are asked for before the first is used, so that
  // their cache misses overlap.
  template <class HashOf, class KeyOf, class NamespaceOf, class Make, class Apply>
  void UpsertBlock(std::uint32_t count, HashOf&& hash_of, KeyOf&& key_of,
                   NamespaceOf&& namespace_of, Make&& make, Apply&& apply)
    requires std::is_same_v<M, NoMapKey>
  {
    Home homes[2 * kChunk];
    for (std::uint32_t done = 0, found = 0; done < count; done += kChunk) {
      const std::uint32_t from = found;
      found = std::min(count, done + 2 * kChunk);
      FindHomes(homes, from, found, hash_of, namespace_of);
      const BlockPart part{homes, done, std::min(count, done + kChunk), found};
      if (segments_.snapshot().running()) [[unlikely]] {
        UpsertPart<true>(part, hash_of, key_of, namespace_of, make, apply);
      } else {
        UpsertPart<false>(part, hash_of, key_of, namespace_of, make, apply);
      }
    }
  }

  // --- all of a key group ---

  // visit(key, namespace, map key, const value), in no order; changes nothing in the table.
  template <class Visit>
  void ForEachInGroup(std::uint32_t group, Visit&& visit) const {
    const TagSpace& space = segments_.space();
    segments_.ForEach(space.FirstTagOf(group), space.LastTagOf(group), [&](const Slot& slot) {
      visit(slot.key(space), slot.name_space(), slot.map_key(), slot.value());
    });
  }

  std::size_t allocated_bytes() const { return segments_.allocated_bytes(); }

  // KeyedTable
  std::uint64_t size() const override { return segments_.size(); }
  void PrefetchBlock(const std::uint64_t* key_hashes, std::uint32_t count) const override {
    if constexpr (std::is_same_v<N, NoNamespace> && std::is_same_v<M, NoMapKey>) {
      for (std::uint32_t i = 0; i < count; ++i) {
        segments_.Prefetch(Slot::TagOf(segments_.space(), key_hashes[i], {}, {}));
      }
    }
  }
  void Freeze() override { segments_.snapshot().Freeze(snapshot_time_ms()); }
  Result<bool> SaveNext(StateWriter& writer) override {
    return segments_.snapshot().SaveNext(writer);
  }
  void Thaw() override { segments_.snapshot().Thaw(); }
  void Reserve(std::uint32_t key_group, std::uint64_t entries) override {
    SegmentReservation<Slot>(segments_).Reserve(key_group, entries);
  }
  Status Restore(std::uint32_t entries, std::span<const std::byte> bytes) override {
    return RestoreEntries<K, N, M, V>(
        segments_.space(), range_.max_parallelism, entries, bytes, [&](const Where& at, V& value) {
          bool inserted = false;
          FindOrInsert(at, inserted, [&value] { return std::move(value); });
          return inserted;
        });
  }

 private:
  friend class TaggedEntries<HeapTable>;
  using Slot = TableSlot<K, N, M, V>;
  // Records whose places are looked for in one go, a chunk ahead of their use: as long as a cache
  // miss takes, little enough for the first-level cache.
  static constexpr std::uint32_t kChunk = 32;
  struct Home {
    std::uint64_t tag;
    Slot* slot;
  };
  struct BlockPart {
    Home* homes;  // of record i: homes[i % (2 * kChunk)]
    std::uint32_t first;
    std::uint32_t end;
    std::uint32_t found;  // records whose homes are known
  };

  std::uint64_t TagOf(const Where& where) const {
    return Slot::TagOf(segments_.space(), where.key_hash, where.name_space, where.map_key);
  }

  Slot* FindSlot(std::uint64_t tag, const Where& where) const {
    return FindTagged(tag, [&where](const Slot& slot) { return slot.Holds(where); });
  }
  // `holds(slot)` is asked for slots with this tag.
  template <class Holds>
  Slot* FindTagged(std::uint64_t tag, Holds&& holds) const {
    const auto entry = segments_.At(tag);
    for (Slot* slot = segments_.Home(entry, tag); !slot->IsEmptyFor(tag); ++slot) {
      if (slot->tag() == tag && holds(*slot)) return slot;
    }
    return entry.has_overflow() ? segments_.FindInOverflow(entry, tag, holds) : nullptr;
  }

  // For any kind of entry; the caller preserves a slot that was there before.
  template <class Make>
  Slot& UpsertSlot(const Where& where, std::uint64_t tag, bool& inserted, Make&& make) {
    Slot* slot = FindSlot(tag, where);
    inserted = slot == nullptr;
    if (inserted) {
      slot = segments_.Insert(tag, [&](Slot& free) { free.Construct(tag, where, make); });
    }
    return *slot;
  }

  template <class HashOf, class NamespaceOf>
  void FindHomes(Home* homes, std::uint32_t from, std::uint32_t end, HashOf& hash_of,
                 NamespaceOf& namespace_of) const {
    for (std::uint32_t i = from; i < end; ++i) {
      const std::uint64_t tag =
          Slot::TagOf(segments_.space(), hash_of(i), namespace_of(i), NoMapKey());
      Slot* const home = segments_.Home(segments_.At(tag), tag);
      SegmentTable<Slot>::Prefetch(home);
      homes[i % (2 * kChunk)] = {tag, home};
    }
  }

  template <bool kSnapshot, class HashOf, class KeyOf, class NamespaceOf, class Make, class Apply>
  void UpsertPart(const BlockPart& part, HashOf& hash_of, KeyOf& key_of, NamespaceOf& namespace_of,
                  Make& make, Apply& apply) {
    const Home* const homes = part.homes;
    const std::uint32_t end = part.end;
    for (std::uint32_t i = part.first; i < end; ++i) {
      const std::uint64_t tag = homes[i % (2 * kChunk)].tag;
      Slot* slot = homes[i % (2 * kChunk)].slot;
      const auto holds = [&](const Slot& candidate) {
        return candidate.tag() == tag && candidate.Holds(key_of(i), namespace_of(i), NoMapKey());
      };
      while (!holds(*slot) && !slot->IsEmptyFor(tag)) ++slot;
      bool inserted = false;
      if (slot->tag() != tag) [[unlikely]] {
        const auto upserted = UpsertInPart(part, i, hash_of, key_of, namespace_of, make);
        slot = upserted.first;
        inserted = upserted.second;
      }
      if constexpr (kSnapshot) segments_.BeforeWrite(slot);
      apply(i, slot->value(), inserted);
    }
  }
  // What the search along the homes did not find. The homes after it are found again if slots
  // moved.
  template <class HashOf, class KeyOf, class NamespaceOf, class Make>
  [[gnu::noinline]] std::pair<Slot*, bool> UpsertInPart(const BlockPart& part, std::uint32_t i,
                                                        HashOf& hash_of, KeyOf& key_of,
                                                        NamespaceOf& namespace_of, Make& make) {
    const auto& key = key_of(i);
    const auto& name_space = namespace_of(i);
    constexpr NoMapKey kNoMapKey;
    const std::uint64_t structure = segments_.structure_version();
    bool inserted = false;
    Slot& slot = UpsertSlot({hash_of(i), key, name_space, kNoMapKey},
                            part.homes[i % (2 * kChunk)].tag, inserted, [&] { return make(i); });
    if (structure != segments_.structure_version()) {
      FindHomes(part.homes, i + 1, part.found, hash_of, namespace_of);
    }
    return {&slot, inserted};
  }

  const KeyGroupRange range_;
  SegmentTable<Slot> segments_;
};

}  // namespace weir::internal
