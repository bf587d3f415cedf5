// The tables of one keyed operator in one subtask, by the names of their states.
//
// The heap backend: tables of this kind, made here, typed, in the plugin. A backend with a store
// underneath (RocksDB) makes typed write-back caches that are KeyedTables as well; handles
// (weir/state.h) and operators ask for a table once, when they open, so a record never costs a
// virtual call, and user code names neither backend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/state/heap_table.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/internal/state/keyed_table.h>
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
  // Names are unique (checked when the job was compiled).
  template <class K, class N, class M, class V>
  HeapTable<K, N, M, V>& Create(std::string name) {
    auto table = std::make_unique<HeapTable<K, N, M, V>>(range_);
    HeapTable<K, N, M, V>& created = *table;
    tables_.push_back({std::move(name), std::move(table)});
    key_visits_.push_back([](const KeyedTable& any, const KeyGroupRange& range,
                             const std::function<void(const void*)>& visit) {
      const auto& typed = static_cast<const HeapTable<K, N, M, V>&>(any);
      for (std::uint32_t group = range.first; group < range.first + range.count; ++group) {
        typed.ForEachInGroup(group,
                             [&](const K& key, const N&, const M&, const V&) { visit(&key); });
      }
    });
    return created;
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

  // Whether all these keys are of this subtask. They are, unless a key's hash differs from one
  // process to another.
  bool OwnsAll(const std::uint64_t* key_hashes, std::uint32_t count) const {
    if (range_.count == range_.max_parallelism) return true;
    bool owned = true;
    for (std::uint32_t i = 0; i < count; ++i) owned &= space_.Owns(key_hashes[i]);
    return owned;
  }

 private:
  const KeyGroupRange range_;
  const TagSpace space_;
  KeyedStores* const stores_;
  using KeyVisit = void (*)(const KeyedTable&, const KeyGroupRange&,
                            const std::function<void(const void*)>&);
  std::vector<NamedTable> tables_;
  std::vector<KeyVisit> key_visits_;  // by table
};

}  // namespace weir::internal
