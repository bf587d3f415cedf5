// The entries of one keyed state in its table, with or without a time to live: what the handles
// (weir/state.h and others) are made of.
//
// With one, an entry carries when it was last used. Reads change nothing else; expired entries go
// between records, in CleanUp().
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/state/keyed_state_backend.h>
#include <weir/internal/state/tagged_entries.h>
#include <weir/stable_hash.h>
#include <weir/state_ttl.h>

namespace weir::internal {

// A key outside of a call, as states take it.
template <class K>
class KeyAtTime {
 public:
  using Key = K;
  KeyAtTime(const K& key, std::int64_t now_ms)
      : key_(key), key_hash_(StableHash(key)), now_ms_(now_ms) {}
  const K& key() const { return key_; }
  std::uint64_t key_hash() const { return key_hash_; }
  std::int64_t processing_time_ms() const { return now_ms_; }

 private:
  const K& key_;
  const std::uint64_t key_hash_;
  const std::int64_t now_ms_;
};

// What Upsert() found.
enum class EntryWas : std::uint8_t { kThere, kExpired, kMissing };

// M: the map key, NoMapKey for states that are no maps.
template <class M, class V, class Ttl>
class StateEntries {
 public:
  static constexpr bool kHasTtl = std::is_same_v<Ttl, WithTtl>;
  using Stored = std::conditional_t<kHasTtl, Expiring<V>, V>;

  StateEntries() = default;
  explicit StateEntries(const StateTtlConfig& ttl) : ttl_(ttl) {}

  const StateTtlConfig& ttl() const
    requires kHasTtl
  {
    return *ttl_;
  }
  template <class K>
  void Bind(KeyedStateBackend& backend, std::string name) {
    const auto table = backend.Create<K, NoNamespace, M, Stored>(std::move(name));
    table_ = &table.table();
    in_store_ = table.in_store();
    if constexpr (kHasTtl) {
      using Entries = TaggedEntries<HeapTable<K, NoNamespace, M, Stored>>;
      if (ttl_->cleans_up_full_snapshot() && !in_store_) {
        Entries(table.in_memory_table()).LeaveExpiredOut(*ttl_);
      }
    }
  }

  // Null: there is none to be seen.
  template <class Context>
  const V* Find(const Context& context, const M& map_key) const {
    if constexpr (kHasTtl) {
      if (ttl_->update_type() == TtlUpdateType::kOnReadAndWrite) {
        return FindAndUse(context, map_key);
      }
      const Stored* found = Table<Context>().Find(At(context, map_key));
      return found != nullptr && IsVisible(context, *found) ? &found->value : nullptr;
    } else {
      return Table<Context>().Find(At(context, map_key));
    }
  }
  // Uses it.
  template <class Context>
  V* FindForWrite(const Context& context, const M& map_key) const {
    Stored* const found = Table<Context>().FindForWrite(At(context, map_key));
    if constexpr (kHasTtl) {
      if (found == nullptr || !IsVisible(context, *found)) return nullptr;
      found->last_access_ms = context.processing_time_ms();
      return &found->value;
    } else {
      return found;
    }
  }
  // Made by `make()` if it was missing. One that has expired keeps its value: the caller resets it.
  template <class Context, class Make>
  V& Upsert(const Context& context, const M& map_key, EntryWas& was, Make&& make) const {
    bool inserted = false;
    if constexpr (kHasTtl) {
      const std::int64_t now_ms = context.processing_time_ms();
      Stored& stored = Table<Context>().FindOrInsert(At(context, map_key), inserted,
                                                     [&] { return Stored{now_ms, make()}; });
      was = inserted                     ? EntryWas::kMissing
            : IsVisible(context, stored) ? EntryWas::kThere
                                         : EntryWas::kExpired;
      if (inserted) ++insertions_;
      stored.last_access_ms = now_ms;
      return stored.value;
    } else {
      Stored& stored = Table<Context>().FindOrInsert(At(context, map_key), inserted, make);
      was = inserted ? EntryWas::kMissing : EntryWas::kThere;
      return stored;
    }
  }
  // V() if there was none to be seen.
  template <class Context>
  V& Mutable(const Context& context, const M& map_key) const {
    EntryWas was = EntryWas::kThere;
    V& value = Upsert(context, map_key, was, [] { return V(); });
    if (was == EntryWas::kExpired) value = V();
    return value;
  }
  // False: there was none to be seen.
  template <class Context>
  bool Erase(const Context& context, const M& map_key) const {
    if constexpr (kHasTtl) {
      const Stored* found = Table<Context>().Find(At(context, map_key));
      const bool seen = found != nullptr && IsVisible(context, *found);
      if (found != nullptr) Table<Context>().Erase(At(context, map_key));
      return seen;
    } else {
      return Table<Context>().Erase(At(context, map_key));
    }
  }
  // Whatever its age; for states that keep account of their entries.
  template <class Context>
  Stored* FindStored(const Context& context, const M& map_key) const {
    return Table<Context>().FindForWrite(At(context, map_key));
  }
  template <class Context>
  void Prefetch(const Context& context, const M& map_key) const {
    Table<Context>().Prefetch(At(context, map_key));
  }

  // Between records, `records` of which have come: looks at the next entries and calls
  // remove(KeyAtTime, map key) for those that have expired. More entries, where more than one were
  // inserted for each record: it keeps up with those.
  template <class K, class Remove>
  void CleanUp(std::int64_t now_ms, std::uint32_t records, Remove&& remove)
    requires kHasTtl
  {
    ExpireStored<K>(now_ms);
    const std::uint64_t came = std::max(records, std::exchange(insertions_, 0));
    if (table_->size() == 0 || ttl_->entries_per_record() == 0) return;
    std::vector<std::pair<K, M>> expired;
    // Half of a table's slots have entries.
    VisitSome<K>(SlotCount(2 * came * ttl_->entries_per_record()),
                 [&](const K& key, const M& map_key, const Stored& stored) {
                   if (ttl_->HasExpired(stored.last_access_ms, now_ms)) {
                     expired.emplace_back(key, map_key);
                   }
                 });
    for (const auto& [key, map_key] : expired) remove(KeyAtTime<K>(key, now_ms), map_key);
  }
  static std::uint32_t SlotCount(std::uint64_t slots) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(slots, std::numeric_limits<std::uint32_t>::max()));
  }
  // visit(key, map key, const Stored&) for the next entries, round and round.
  template <class K, class Visit>
  void VisitSome(std::uint32_t slots, Visit&& visit) {
    const StateTable<K, NoNamespace, M, Stored> table(*table_, in_store_);
    const auto visit_entry = [&](const K& key, const auto&, const M& map_key,
                                 const Stored& stored) { visit(key, map_key, stored); };
    if (in_store_) return table.in_store_table().VisitSome(slots, visit_entry);
    using Entries = TaggedEntries<HeapTable<K, NoNamespace, M, Stored>>;
    typename Entries::Position position{position_tag_, position_slot_};
    Entries(table.in_memory_table()).VisitSome(position, slots, visit_entry);
    position_tag_ = position.tag;
    position_slot_ = position.slot;
  }

 private:
  static constexpr NoNamespace kNoNamespace{};

  // Entries of maps are counted by their keys, which only CleanUp() takes back.
  template <class K>
  void ExpireStored([[maybe_unused]] std::int64_t now_ms) {
    if constexpr (std::is_same_v<M, NoMapKey>) {
      if (!in_store_) return;
      const StateTable<K, NoNamespace, M, Stored> table(*table_, in_store_);
      table.in_store_table().Expire(ttl_->ExpiryLimit(now_ms));
    }
  }
  // A read that makes it live anew, unless it has expired and is seen only because it is there.
  template <class Context>
  const V* FindAndUse(const Context& context, const M& map_key) const
    requires kHasTtl
  {
    Stored* const found = Table<Context>().FindForWrite(At(context, map_key));
    if (found == nullptr) return nullptr;
    const std::int64_t now_ms = context.processing_time_ms();
    if (!ttl_->IsVisible(found->last_access_ms, now_ms)) return nullptr;
    if (!ttl_->HasExpired(found->last_access_ms, now_ms)) found->last_access_ms = now_ms;
    return &found->value;
  }
  template <class Context>
  static auto At(const Context& context, const M& map_key) {
    return Address<typename Context::Key, NoNamespace, M>{context.key_hash(), context.key(),
                                                          kNoNamespace, map_key};
  }
  template <class Context>
  auto Table() const {
    return StateTable<typename Context::Key, NoNamespace, M, Stored>(*table_, in_store_);
  }
  template <class Context>
  bool IsVisible(const Context& context, const Stored& stored) const {
    return ttl_->IsVisible(stored.last_access_ms, context.processing_time_ms());
  }

  std::optional<StateTtlConfig> ttl_;
  KeyedTable* table_ = nullptr;
  bool in_store_ = false;
  mutable std::uint32_t insertions_ = 0;  // since CleanUp(), with a time to live
  std::uint64_t position_tag_ = 0;        // of CleanUp()
  std::uint32_t position_slot_ = 0;
};

// Why the state cannot be as it is declared.
template <class Entries>
Status CheckEntries(const Entries& entries, const std::string& name) {
  if constexpr (Entries::kHasTtl) {
    return entries.ttl().Check(name);
  } else {
    return Status::Ok();
  }
}

}  // namespace weir::internal
