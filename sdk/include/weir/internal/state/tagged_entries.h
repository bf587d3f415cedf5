// Entries of a table by their tags: for an index that is kept beside it and does not repeat keys.
#pragma once

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

 private:
  using Slot = typename Table::Slot;

  template <class Is>
  Slot* Find(std::uint64_t tag, Is& is) const {
    return table_.FindTagged(tag,
                             [&is](const Slot& slot) { return is(slot.map_key(), slot.value()); });
  }

  Table& table_;
};

}  // namespace weir::internal
