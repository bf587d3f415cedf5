// A table whose entries lie in a store of bytes, with those in use kept in memory, typed: a
// write-back cache. What changes is written when it is evicted, or after a barrier.
//
// The entries in memory are a HeapTable of Cached<V>. A snapshot is one of that table, cheap at the
// barrier and saved by other threads, of the entries that changed since the last one; it goes to
// the store. The engine then exports the store, and only then calls Thaw(). Between Freeze() and
// Thaw() nothing else is written: what has changed stays in memory, and when that becomes too much
// the task has to wait (must_wait()).
//
// A miss asks the store. A StoreError is thrown where that fails. The task's thread, except
// SaveNext(). A value's address is good until the entry is written or the cache evicts.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/internal/function_reference.h>
#include <weir/internal/state/cached_entries.h>
#include <weir/internal/state/entry_block.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/store_entry.h>
#include <weir/internal/state/table_restore.h>

namespace weir::internal {

template <class K, class N, class M, class V>
class StoreCache final : public KeyedTable {
 public:
  using Where = Address<K, N, M>;

  // The store outlives the cache.
  StoreCache(const KeyGroupRange& range, KeyedStore& store, const StoreCacheLimits& limits)
      : KeyedTable(TableSlot<K, N, M, V>::Schema()),
        space_(range),
        size_(store.entry_count()),
        entries_(range, store, limits, size_ == 0) {}

  // --- one entry: as HeapTable ---

  const V* Find(const Where& where) {
    const Cached<V>& cached = entries_.Loaded(where);
    return cached.present ? &cached.value : nullptr;
  }
  V* FindForWrite(const Where& where) {
    return entries_.Loaded(where).present ? &entries_.ForWrite(where).value : nullptr;
  }
  template <class Make>
  V& FindOrInsert(const Where& where, bool& inserted, Make&& make) {
    inserted = !entries_.Loaded(where).present;
    Cached<V>& cached = entries_.ForWrite(where);
    if (inserted) Appear(cached, make);
    return cached.value;
  }
  V& FindOrInsert(const Where& where) {
    bool inserted = false;
    return FindOrInsert(where, inserted, [] { return V{}; });
  }
  bool Erase(const Where& where) {
    if (!entries_.Loaded(where).present) return false;
    Cached<V>& cached = entries_.ForWrite(where);
    cached.value = V{};
    cached.present = false;
    if (size_ > 0) --size_;  // it began as an estimate
    return true;
  }
  void Prefetch(const Where& where) const { entries_.memory().Prefetch(where); }

  // --- a block of records: as HeapTable; the store is asked once, for all that are missing ---

  template <class HashOf, class KeyOf, class NamespaceOf, class Make, class Apply>
  void UpsertBlock(std::uint32_t count, HashOf&& hash_of, KeyOf&& key_of,
                   NamespaceOf&& namespace_of, Make&& make, Apply&& apply)
    requires std::is_same_v<M, NoMapKey>
  {
    block_.Reset(count);
    for (std::uint32_t i = 0; i < count; ++i) block_.Set(i, hash_of(i), key_of(i), namespace_of(i));
    entries_.LoadBlock(block_);
    for (std::uint32_t i = 0; i < count; ++i) {
      bool inserted = false;
      V& value = FindOrInsert(block_.At(i), inserted, [&]() -> decltype(auto) { return make(i); });
      apply(i, value, inserted);
    }
  }

  // --- all of a key group ---

  // visit(key, namespace, map key, const value), in no order; calls nothing of this table.
  using Visit = FunctionReference<void(const K&, const N&, const M&, const V&)>;
  void ForEachInGroup(std::uint32_t group, Visit visit) {
    entries_.memory().ForEachInGroup(
        group, [&](const K& key, const N& name_space, const M& map_key, const Cached<V>& cached) {
          if (cached.present) visit(key, name_space, map_key, cached.value);
        });
    if (!entries_.MayBeStored(group)) return;
    const std::unique_ptr<StoreCursor> cursor = entries_.store().Scan(group, {});
    while (cursor->Next()) VisitUnlessInMemory(*cursor, visit);
    ThrowUnlessOk(cursor->status());
  }

  // Of those in memory TaggedEntries::VisitSome() for as many slots; and some that are not, half as
  // many. Goes on where the last call ended; then begins anew.
  void VisitSome(std::uint32_t slots, Visit visit) {
    entries_.VisitSome(
        slots, [&](const K& key, const N& name_space, const M& map_key, const Cached<V>& cached) {
          if (cached.present) visit(key, name_space, map_key, cached.value);
        });
    position_.Walk(entries_.store(), entries_.range(), slots / 2,
                   [&](const StoreCursor& cursor) { VisitUnlessInMemory(cursor, visit); });
  }

  // --- memory ---

  bool in_store() const override { return true; }
  void Evict() override { entries_.Evict(); }
  bool must_wait() const override { return entries_.must_wait(); }
  // KeyedStore::Expire(), of a table whose values have a time to live.
  void Expire(std::int64_t limit_ms)
    requires kIsExpiring<V>
  {
    entries_.store().Expire(limit_ms);
  }
  std::uint64_t entries_in_memory() const { return entries_.memory().size(); }

  // --- KeyedTable ---

  std::uint64_t size() const override { return size_; }
  void PrefetchBlock(const std::uint64_t* key_hashes, std::uint32_t count) const override {
    entries_.memory().PrefetchBlock(key_hashes, count);
  }
  void Freeze() override { entries_.Freeze(); }
  // Writes to the store; the writer given is not used. After false, when all savers have returned,
  // the store has the state at Freeze().
  Result<bool> SaveNext(StateWriter&) override { return entries_.SaveNext(); }
  Status Export(StateWriter& writer) const override {
    return ExportStore(entries_.store(), entries_.range(), writer);
  }
  void Thaw() override { entries_.Thaw(); }
  Status Restore(std::uint32_t entries, std::span<const std::byte> bytes) override {
    WEIR_RETURN_IF_ERROR((RestoreEntries<K, N, M, V>(
        space_, entries_.range().max_parallelism, entries, bytes, [&](const Where& at, V& value) {
          bool inserted = false;
          FindOrInsert(at, inserted, [&value] { return std::move(value); });
          return inserted;
        })));
    Evict();
    return Status::Ok();
  }

 private:
  template <class Make>
  void Appear(Cached<V>& cached, Make&& make) {
    cached.value = make();
    cached.present = true;
    ++size_;
  }
  void VisitUnlessInMemory(const StoreCursor& cursor, Visit visit) const {
    StoredEntry<K, N, M, V> entry;
    if (!entry.ReadKey(cursor.key())) throw StoreError(MalformedEntry());
    const Where where{StableHash(entry.key), entry.key, entry.name_space, entry.map_key};
    if (entries_.memory().Find(where) != nullptr) return;
    CachedEntries<K, N, M, V>::ReadValue(cursor.value(), entry.value);
    visit(entry.key, entry.name_space, entry.map_key, entry.value);
  }

  const TagSpace space_;
  std::uint64_t size_;
  CachedEntries<K, N, M, V> entries_;
  EntryBlock<K, N> block_;
  StorePosition position_;  // of VisitSome()
};

}  // namespace weir::internal
