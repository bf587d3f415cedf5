// A table of keyed state wherever its entries lie: in memory (heap_table.h) or in a store
// (store_cache.h). Which of both is known when an operator opens its tables and never changes, so
// asking costs a branch that is always predicted; what a store needs is kept out of line.
//
// The contracts of the methods are those of HeapTable's: what they return is good until the next
// write to the table or the end of the block (then a cache evicts), reads of other entries leave it
// where it is. Those of a table in a store throw StoreError.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <weir/internal/state/heap_table.h>
#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/store_cache.h>

namespace weir::internal {

// A reference. The task's thread.
template <class K, class N, class M, class V>
class StateTable {
 public:
  using InMemory = HeapTable<K, N, M, V>;
  using InStore = StoreCache<K, N, M, V>;
  using Where = Address<K, N, M>;

  // An InMemory, or an InStore where it is in_store(); outlives this.
  explicit StateTable(KeyedTable& table) : StateTable(table, table.in_store()) {}
  StateTable(KeyedTable& table, bool in_store) : table_(&table), in_store_(in_store) {}

  KeyedTable& table() const { return *table_; }
  bool in_store() const { return in_store_; }
  InMemory& in_memory_table() const { return static_cast<InMemory&>(*table_); }
  InStore& in_store_table() const { return static_cast<InStore&>(*table_); }
  // About, for a table in a store.
  std::uint64_t size() const { return table_->size(); }

  const V* Find(const Where& where) const {
    return in_store_ ? FindStored(where) : std::as_const(in_memory_table()).Find(where);
  }
  V* FindForWrite(const Where& where) const {
    return in_store_ ? FindStoredForWrite(where) : in_memory_table().FindForWrite(where);
  }
  template <class Make>
  V& FindOrInsert(const Where& where, bool& inserted, Make&& make) const {
    if (in_store_) [[unlikely]] {
      return FindOrInsertStored(where, inserted, make);
    }
    return in_memory_table().FindOrInsert(where, inserted, std::forward<Make>(make));
  }
  V& FindOrInsert(const Where& where) const {
    bool inserted = false;
    return FindOrInsert(where, inserted, [] { return V{}; });
  }
  bool Erase(const Where& where) const {
    return in_store_ ? EraseStored(where) : in_memory_table().Erase(where);
  }
  // One of very many in a step.
  void EraseAndEvict(const Where& where) const {
    Erase(where);
    Evict();
  }
  void Prefetch(const Where& where) const {
    if (!in_store_) in_memory_table().Prefetch(where);
  }

  template <class HashOf, class KeyOf, class NamespaceOf, class Make, class Apply>
  void UpsertBlock(std::uint32_t count, HashOf&& hash_of, KeyOf&& key_of,
                   NamespaceOf&& namespace_of, Make&& make, Apply&& apply) const
    requires std::is_same_v<M, NoMapKey>
  {
    if (in_store_) [[unlikely]] {
      UpsertStoredBlock(count, hash_of, key_of, namespace_of, make, apply);
    } else {
      in_memory_table().UpsertBlock(count, hash_of, key_of, namespace_of, make, apply);
    }
  }

  // visit(key, namespace, map key, const value), in no order; calls nothing of this table.
  template <class Visit>
  void ForEachInGroup(std::uint32_t group, Visit&& visit) const {
    if (in_store_) [[unlikely]] {
      in_store_table().ForEachInGroup(group, visit);
    } else {
      in_memory_table().ForEachInGroup(group, visit);
    }
  }

  // Takes out of memory what is over a cache's limit, in a step that uses many entries. What was
  // found or inserted is no longer good.
  void Evict() const {
    if (in_store_) [[unlikely]] {
      table_->Evict();
    }
  }

 private:
  [[gnu::noinline]] const V* FindStored(const Where& where) const {
    return in_store_table().Find(where);
  }
  [[gnu::noinline]] V* FindStoredForWrite(const Where& where) const {
    return in_store_table().FindForWrite(where);
  }
  [[gnu::noinline]] bool EraseStored(const Where& where) const {
    return in_store_table().Erase(where);
  }
  template <class Make>
  [[gnu::noinline]] V& FindOrInsertStored(const Where& where, bool& inserted, Make& make) const {
    return in_store_table().FindOrInsert(where, inserted, make);
  }
  template <class HashOf, class KeyOf, class NamespaceOf, class Make, class Apply>
  [[gnu::noinline]] void UpsertStoredBlock(std::uint32_t count, HashOf& hash_of, KeyOf& key_of,
                                           NamespaceOf& namespace_of, Make& make,
                                           Apply& apply) const {
    in_store_table().UpsertBlock(count, hash_of, key_of, namespace_of, make, apply);
  }

  KeyedTable* table_;
  bool in_store_;
};

}  // namespace weir::internal
