// Entries of a table by their tags, for an index that is kept beside it and does not repeat keys;
// and some at a time, for what goes round and round.
#pragma once

#include <algorithm>
#include <cstdint>

#include <weir/internal/state/heap_table.h>

namespace weir::internal {

// The task's thread. The table outlives it.
template <class K, class N, class M, class V>
class TaggedEntries<HeapTable<K, N, M, V>> {
 public:
  using Table = HeapTable<K, N, M, V>;
  explicit TaggedEntries(Table& table) : table_(table) {}

  // Different entries may have the same tag.
  std::uint64_t TagOf(const Address<K, N, M>& where) const { return table_.TagOf(where); }
  void Prefetch(std::uint64_t tag) const { table_.segments_.Prefetch(tag); }

  // Whether an entry with this tag is one: is(map key, value).
  template <class Is>
  bool Contains(std::uint64_t tag, Is&& is) const {
    return Find(tag, is) != nullptr;
  }
  // Removes it after take(key, namespace). False: there is none.
  template <class Is, class TakeOver>
  bool Take(std::uint64_t tag, Is&& is, TakeOver&& take) {
    Slot* const slot = Find(tag, is);
    if (slot == nullptr) return false;
    take(slot->key(table_.segments_.space()), slot->name_space());
    table_.segments_.Erase(slot);
    return true;
  }

  // Of the table's snapshots.
  void LeaveExpiredOut(const StateTtlConfig& ttl) {
    table_.segments_.snapshot().LeaveExpiredOut(ttl);
  }
  void LeaveUnchangedOut(std::uint32_t epoch) {
    table_.segments_.snapshot().LeaveUnchangedOut(epoch);
  }

  // Where VisitSome() goes on.
  struct Position {
    std::uint64_t tag = 0;
    std::uint32_t slot = 0;  // counted through the segment and its overflow
  };
  // visit(key, namespace, map key, value) for the entries in the next `slots` slots, or up to the
  // end of the table; then begins anew. Changes nothing. When slots moved since the last call, some
  // entries may be left out in this round.
  template <class Visit>
  void VisitSome(Position& position, std::uint32_t slots, Visit&& visit) const {
    while (slots > 0) {
      const auto entry = table_.segments_.At(position.tag);
      const Segment* const head = entry.segment();
      std::uint32_t before = 0;  // slots of earlier parts
      for (Segment* part = entry.segment(); part != nullptr; part = part->overflow) {
        slots -= VisitPart(part, before, position, slots, visit);
        before += part->slots;
      }
      if (position.slot < before) return;
      position = {(head->first_tag | (~std::uint64_t{0} >> entry.depth())) + 1, 0};
      if (position.tag == 0) return;
    }
  }

 private:
  using Slot = typename Table::Slot;

  // Returns the number of slots that it has looked at.
  template <class Visit>
  std::uint32_t VisitPart(Segment* part, std::uint32_t before, Position& position,
                          std::uint32_t slots, Visit& visit) const {
    if (position.slot >= before + part->slots) return 0;
    const Slot* const first = SlotsOf<Slot>(part);
    const std::uint32_t from = position.slot - before;
    const std::uint32_t end = from + std::min(slots, part->slots - from);
    for (std::uint32_t i = from; i < end; ++i) {
      const Slot& slot = first[i];
      if (slot.IsEmptyFor(part->first_tag)) continue;
      visit(slot.key(table_.segments_.space()), slot.name_space(), slot.map_key(), slot.value());
    }
    position.slot = before + end;
    return end - from;
  }

  template <class Is>
  Slot* Find(std::uint64_t tag, Is& is) const {
    return table_.FindTagged(tag,
                             [&is](const Slot& slot) { return is(slot.map_key(), slot.value()); });
  }

  Table& table_;
};

}  // namespace weir::internal
