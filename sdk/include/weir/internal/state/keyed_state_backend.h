// The tables of one keyed operator in one subtask, by the names of their states.
//
// Made here, typed, in the plugin: in memory (the heap backend), or, where the engine has stores
// for the operator (RocksDB), as typed write-back caches above those. Handles (weir/state.h) and
// operators ask for a table once, when they are made, so a record never costs a virtual call, and
// user code names neither backend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/function_reference.h>
#include <weir/internal/state/heap_table.h>
#include <weir/internal/state/key_bytes_check.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/state_table.h>
#include <weir/runtime_context.h>

namespace weir::internal {

// The task's thread. The tables live as long as the backend.
class KeyedStateBackend {
 public:
  struct NamedTable {
    std::string name;
    std::unique_ptr<KeyedTable> table;
  };

  // `stores`: ChainContext::keyed_stores() of the operator.
  explicit KeyedStateBackend(const TaskInformation& task, KeyedStores* stores = nullptr)
      : range_(KeyGroupRangeOf(task.subtask_index, task.parallelism, task.max_parallelism)),
        space_(range_),
        stores_(stores) {}

  const KeyGroupRange& range() const { return range_; }
  bool has_stores() const { return stores_ != nullptr; }
  // Names are unique (checked when the job was compiled). In a store, where the operator has one;
  // StoreError where it fails.
  template <class K, class N, class M, class V>
  StateTable<K, N, M, V> Create(std::string name) {
    if (stores_ == nullptr)
      return StateTable<K, N, M, V>(CreateInMemory<K, N, M, V>(std::move(name)));
    const Result<KeyedStore*> store = stores_->OpenTable(name, TableSlot<K, N, M, V>::Schema());
    if (!store.ok()) throw StoreError(store.status());
    return Add<K, N, M, V>(std::move(name), std::make_unique<StoreCache<K, N, M, V>>(
                                                range_, **store, stores_->limits()));
  }
  // In memory in any case.
  template <class K, class N, class M, class V>
  HeapTable<K, N, M, V>& CreateInMemory(std::string name) {
    return Add<K, N, M, V>(std::move(name), std::make_unique<HeapTable<K, N, M, V>>(range_))
        .in_memory_table();
  }
  const std::vector<NamedTable>& tables() const { return tables_; }

  // visit(const K&) for each entry of the state's tables, so more than once for a key with several;
  // changes no state. K is the type of the operator's keys.
  template <class K, class Visit>
  void ForEachEntryKey(const std::string& state_name, Visit&& visit) const {
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      const std::string& name = tables_[i].name;
      if (name != state_name && !name.starts_with(state_name + "/")) continue;
      key_visits_[i](*tables_[i].table, range_,
                     [&visit](const void* key) { visit(*static_cast<const K*>(key)); });
    }
  }
  // As StateTable::Evict(), of all tables.
  void Evict() const {
    if (!has_stores()) return;
    for (const NamedTable& each : tables_) each.table->Evict();
  }

  // Whether all these keys are of this subtask. They are, unless a key's hash differs from one
  // process to another.
  bool OwnsAll(const std::uint64_t* key_hashes, std::uint32_t count) const {
    if (range_.count == range_.max_parallelism) return true;
    bool owned = true;
    for (std::uint32_t i = 0; i < count; ++i) owned &= space_.Owns(key_hashes[i]);
    return owned;
  }

  // K is the type of the operator's keys.
  template <class K>
  KeyBytesCheck<K>& key_bytes_check() const {
    if (key_bytes_check_ == nullptr) key_bytes_check_ = std::make_shared<KeyBytesCheck<K>>();
    return *static_cast<KeyBytesCheck<K>*>(key_bytes_check_.get());
  }

 private:
  template <class K, class N, class M, class V>
  StateTable<K, N, M, V> Add(std::string name, std::unique_ptr<KeyedTable> table) {
    const StateTable<K, N, M, V> added(*table);
    tables_.push_back({std::move(name), std::move(table)});
    key_visits_.push_back([](KeyedTable& any, const KeyGroupRange& range,
                             FunctionReference<void(const void*)> visit) {
      const StateTable<K, N, M, V> typed(any);
      for (std::uint32_t group = range.first; group < range.first + range.count; ++group) {
        typed.ForEachInGroup(group,
                             [&](const K& key, const N&, const M&, const V&) { visit(&key); });
      }
    });
    return added;
  }

  const KeyGroupRange range_;
  const TagSpace space_;
  KeyedStores* const stores_;
  using KeyVisit = void (*)(KeyedTable&, const KeyGroupRange&,
                            FunctionReference<void(const void*)>);
  std::vector<NamedTable> tables_;
  std::vector<KeyVisit> key_visits_;               // by table
  mutable std::shared_ptr<void> key_bytes_check_;  // in debug builds, when it is asked for
};

}  // namespace weir::internal
