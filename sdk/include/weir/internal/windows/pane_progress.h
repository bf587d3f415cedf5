// How far windows over shared panes have fired, for each key group: the first window that has not.
// It is keyed state under one of the group's keys, the first one that had a window fire, so that it
// moves with the group. One entry for each key group: in memory, whatever the backend.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <weir/internal/state/keyed_state_backend.h>
#include <weir/internal/windows/pane_accumulators.h>
#include <weir/stable_hash.h>

namespace weir::internal {

// The task's thread. `group`: counted from the first of the backend's range.
template <class Key>
class PaneProgress {
 public:
  static constexpr char kStateName[] = "weir.window-progress";

  // The backend outlives it.
  explicit PaneProgress(KeyedStateBackend& backend)
      : range_(backend.range()),
        table_(backend.CreateInMemory<Key, NoNamespace, NoMapKey, std::int64_t>(kStateName)),
        groups_(range_.count) {}

  // In Operator::Open(), when the table has been restored. Returns the largest of all groups,
  // kNoPane if there is none.
  std::int64_t Restore() {
    std::int64_t largest = kNoPane;
    for (std::uint32_t i = 0; i < range_.count; ++i) {
      table_.ForEachInGroup(range_.first + i,
                            [&](const Key& key, NoNamespace, NoMapKey, std::int64_t next_window) {
                              groups_[i] = {key, next_window};
                              largest = std::max(largest, next_window);
                            });
    }
    return largest;
  }

  // kNoPane: none has fired.
  std::int64_t next_window(std::uint32_t group) const { return groups_[group].next_window; }
  // A key of the group has a window fire; then SetNextWindow().
  void HasKey(std::uint32_t group, const Key& key) {
    if (!groups_[group].key) groups_[group].key = key;
  }
  // Does nothing for groups that have had no key.
  void SetNextWindow(std::uint32_t group, std::int64_t next_window) {
    Group& each = groups_[group];
    if (!each.key) return;
    each.next_window = next_window;
    static constexpr NoNamespace kNoNamespace;
    static constexpr NoMapKey kNoMapKey;
    table_.FindOrInsert({StableHash(*each.key), *each.key, kNoNamespace, kNoMapKey}) = next_window;
  }

 private:
  struct Group {
    std::optional<Key> key{};  // that the table has the group's progress under
    std::int64_t next_window = kNoPane;
  };

  const KeyGroupRange range_;
  HeapTable<Key, NoNamespace, NoMapKey, std::int64_t>& table_;
  std::vector<Group> groups_;
};

}  // namespace weir::internal
