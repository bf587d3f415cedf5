// The entries of a store that are in memory: read through, written back (store_cache.h).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/state/cached_value.h>
#include <weir/internal/state/entry_block.h>
#include <weir/internal/state/heap_table.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/internal/state/store_cache_writer.h>
#include <weir/internal/state/store_entry.h>
#include <weir/internal/state/tagged_entries.h>

namespace weir::internal {

inline Status MalformedEntry() {
  return Status::Corruption("an entry of keyed state is cut off or malformed");
}
inline void ThrowUnlessOk(const Status& status) {
  if (!status.ok()) throw StoreError(status);
}

// The task's thread, except SaveNext(). Throws StoreError where the store fails.
template <class K, class N, class M, class V>
class CachedEntries {
 public:
  using Where = Address<K, N, M>;
  using Memory = HeapTable<K, N, M, Cached<V>>;

  CachedEntries(const KeyGroupRange& range, KeyedStore& store, const StoreCacheLimits& limits,
                bool store_is_empty)
      : range_(range),
        store_(store),
        limits_(limits),
        memory_(range),
        may_be_stored_(range.count, !store_is_empty) {}

  Memory& memory() { return memory_; }
  const Memory& memory() const { return memory_; }
  KeyedStore& store() const { return store_; }
  const KeyGroupRange& range() const { return range_; }
  std::uint32_t GroupOf(std::uint64_t hash) const {
    return KeyGroupOf(hash, range_.max_parallelism);
  }
  // False: the store has nothing of this key group.
  bool MayBeStored(std::uint32_t group) const { return may_be_stored_[group - range_.first]; }

  // As it is in memory, or was brought there.
  const Cached<V>& Loaded(const Where& where) {
    if (const Cached<V>* const found = memory_.Find(where)) [[likely]] {
      // Savers may be reading the entry.
      if (!frozen_) found->used = true;
      return *found;
    }
    return Load(where);
  }
  // One that was loaded, before it is changed.
  Cached<V>& ForWrite(const Where& where) { return Changed(*memory_.FindForWrite(where)); }
  // One that the memory gave for writing.
  Cached<V>& Changed(Cached<V>& cached) {
    cached.changed_epoch = epoch_;
    cached.used = true;
    return cached;
  }
  // Asks the store once for all of a block that are not in memory.
  void LoadBlock(const EntryBlock<K, N>& block)
    requires std::is_same_v<M, NoMapKey>
  {
    calls_.Clear();
    missing_.clear();
    for (std::uint32_t i = 0; i < block.size(); ++i) memory_.Prefetch(block.At(i));
    for (std::uint32_t i = 0; i < block.size(); ++i) {
      const Where where = block.At(i);
      if (!MayBeStored(GroupOf(where.key_hash)) || memory_.Find(where) != nullptr) continue;
      missing_.push_back(i);
      Ask(where);
    }
    if (missing_.empty()) return;
    ThrowUnlessOk(calls_.MultiGet(store_, values_));
    for (std::size_t index = 0; index < missing_.size(); ++index) {
      Bring(block.At(missing_[index]), index);
    }
  }
  // visit(key, namespace, map key, const Cached<V>&) for the next ones in memory.
  template <class Visit>
  void VisitSome(std::uint32_t slots, Visit&& visit) {
    TaggedEntries<Memory>(memory_).VisitSome(visited_, slots, visit);
  }

  // Takes out of memory what was not used lately, as far as the limit says. Writes what has changed
  // of it; while a snapshot is under way that stays.
  void Evict() {
    for (std::uint32_t sweeps = 0; memory_.size() > limits_.entries; ++sweeps) {
      if (frozen_ && sweeps == kSweepsWhileFrozen) return;
      EvictSome();
    }
  }
  bool must_wait() const {
    return frozen_ && memory_.size() > limits_.entries + limits_.overdraft_entries;
  }

  void Freeze() {
    TaggedEntries<Memory>(memory_).LeaveUnchangedOut(clean_epoch_);
    memory_.Freeze();
    frozen_ = true;
    saved_.store(false, std::memory_order_relaxed);
    failed_.store(false, std::memory_order_relaxed);
    ++epoch_;
    // What savers write may be removed again before it is evicted.
    may_be_stored_.assign(may_be_stored_.size(), true);
  }
  Result<bool> SaveNext() {
    StoreCacheWriter<K, N, M, V> writer(store_);
    Result<bool> more = memory_.SaveNext(writer);
    if (!more.ok()) {
      failed_.store(true, std::memory_order_relaxed);
    } else if (!*more) {
      saved_.store(true, std::memory_order_relaxed);
    }
    return more;
  }
  // What was saved counts as written, unless the snapshot was given up before its end.
  void Thaw() {
    memory_.Thaw();
    frozen_ = false;
    if (saved_.load(std::memory_order_relaxed) && !failed_.load(std::memory_order_relaxed)) {
      clean_epoch_ = epoch_ - 1;
    }
  }

  static void ReadValue(std::string_view bytes, V& value) {
    ByteReader reader(AsBytes(bytes));
    if (!Serializer<V>::Read(reader, value) || !reader.empty()) throw StoreError(MalformedEntry());
  }

 private:
  static constexpr std::uint32_t kSlotsPerSweep = 1024;
  // It may find that nothing can go.
  static constexpr std::uint32_t kSweepsWhileFrozen = 4;

  [[gnu::noinline]] const Cached<V>& Load(const Where& where) {
    calls_.Clear();
    if (MayBeStored(GroupOf(where.key_hash))) {
      Ask(where);
      ThrowUnlessOk(calls_.MultiGet(store_, values_));
    } else {
      values_.Reset(1);
    }
    return Bring(where, 0);
  }
  void Ask(const Where& where) {
    calls_.AddKey(GroupOf(where.key_hash), [&](ByteWriter& out) {
      StoreKeyBytes<K, N, M>::Write(out, where.key, where.name_space, where.map_key);
    });
  }
  const Cached<V>& Bring(const Where& where, std::size_t index) {
    Cached<V> loaded;
    loaded.used = true;
    if (const std::optional<std::string_view> bytes = values_[index]) {
      ReadValue(*bytes, loaded.value);
      loaded.present = true;
    }
    bool inserted = false;
    return memory_.FindOrInsert(where, inserted, [&] { return std::move(loaded); });
  }
  struct Victim {
    K key;
    N name_space;
    M map_key;
  };
  // Second chance (the clock algorithm): an entry goes when it was not used since the hand came by
  // last.
  void EvictSome() {
    victims_.clear();
    calls_.Clear();
    const std::uint64_t excess = memory_.size() - limits_.entries;
    const auto look = [&](const K& key, const N& name_space, const M& map_key,
                          const Cached<V>& cached) {
      if (victims_.size() >= excess) return;
      const bool changed = cached.changed_epoch > clean_epoch_;
      if (frozen_ && changed) return;
      if (!frozen_ && std::exchange(cached.used, false)) return;
      victims_.push_back({key, name_space, map_key});
      const std::uint32_t group = GroupOf(StableHash(key));
      if (changed) Note(group, victims_.back(), cached);
      if (cached.present) may_be_stored_[group - range_.first] = true;
    };
    TaggedEntries<Memory>(memory_).VisitSome(hand_, kSlotsPerSweep, look);
    if (!calls_.empty()) ThrowUnlessOk(calls_.WriteTo(store_));
    for (const Victim& victim : victims_) {
      memory_.Erase({StableHash(victim.key), victim.key, victim.name_space, victim.map_key});
    }
  }
  void Note(std::uint32_t group, const Victim& victim, const Cached<V>& cached) {
    const auto write_key = [&](ByteWriter& out) {
      StoreKeyBytes<K, N, M>::Write(out, victim.key, victim.name_space, victim.map_key);
    };
    if (cached.present) {
      calls_.AddPut(group, write_key,
                    [&](ByteWriter& out) { Serializer<V>::Write(out, cached.value); });
    } else if (MayBeStored(group)) {
      calls_.AddDelete(group, write_key);
    }
  }

  const KeyGroupRange range_;
  KeyedStore& store_;
  const StoreCacheLimits limits_;
  Memory memory_;
  std::vector<bool> may_be_stored_;  // by key group of the range
  // An entry is to be written when it changed in an epoch above the clean one.
  std::uint32_t epoch_ = 1;
  std::uint32_t clean_epoch_ = 0;
  bool frozen_ = false;
  std::atomic<bool> saved_{false};
  std::atomic<bool> failed_{false};
  typename TaggedEntries<Memory>::Position hand_;     // of the eviction
  typename TaggedEntries<Memory>::Position visited_;  // of VisitSome()
  // Their memory is used again.
  StoreCalls calls_;
  StoreValues values_;
  std::vector<std::uint32_t> missing_;
  std::vector<Victim> victims_;
};

}  // namespace weir::internal
