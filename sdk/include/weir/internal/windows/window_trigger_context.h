// What a trigger may ask and do (weir/windowing/triggers.h): timers and state of one window.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include <weir/internal/state/keyed_state_backend.h>
#include <weir/internal/timers/keyed_timers.h>
#include <weir/internal/windows/merging_windows.h>
#include <weir/internal/windows/trigger_calls.h>
#include <weir/internal/windows/window_contents.h>

namespace weir::internal {

// The task's thread. One for an operator, pointed at one window after the other.
template <class K, class W, class State>
class WindowTriggerContext {
 public:
  static constexpr bool kHasState = !std::is_same_v<State, NoTriggerState>;
  static constexpr char kStateName[] = "weir.trigger";
  using Merged = std::vector<WindowMapping<W>>;

  // What is given outlives it.
  WindowTriggerContext(KeyedStateBackend& backend, KeyedTimers<K, W>& timers) : timers_(timers) {
    if constexpr (kHasState) {
      const auto table = backend.Create<K, W, NoMapKey, State>(kStateName);
      table_ = &table.table();
      in_store_ = table.in_store();
    }
  }

  // For the operator. `merged`: the windows that were replaced, in OnMerge.
  void SetWindow(const WindowAddress<K, W>& where, const Merged* merged = nullptr) {
    key_hash_ = where.key_hash;
    key_ = &where.key;
    window_ = &where.window;
    merged_ = merged;
  }
  void DropState() {
    if constexpr (kHasState) ClearState();
  }

  std::int64_t current_watermark_ms() const { return timers_.current_watermark_ms(); }
  std::int64_t processing_time_ms() const { return timers_.processing_time_ms(); }
  void RegisterEventTimeTimer(std::int64_t time_ms) {
    timers_.Register(TimeDomain::kEventTime, key_hash_, *key_, *window_, time_ms);
  }
  void DeleteEventTimeTimer(std::int64_t time_ms) {
    timers_.Delete(TimeDomain::kEventTime, key_hash_, *key_, *window_, time_ms);
  }
  void RegisterProcessingTimeTimer(std::int64_t time_ms) {
    timers_.Register(TimeDomain::kProcessingTime, key_hash_, *key_, *window_, time_ms);
  }
  void DeleteProcessingTimeTimer(std::int64_t time_ms) {
    timers_.Delete(TimeDomain::kProcessingTime, key_hash_, *key_, *window_, time_ms);
  }

  // Null: there is none.
  const State* FindState() const
    requires kHasState
  {
    return Table().Find(At(*window_));
  }
  State& MutableState()
    requires kHasState
  {
    return Table().FindOrInsert(At(*window_));
  }
  void ClearState()
    requires kHasState
  {
    Table().Erase(At(*window_));
  }
  // combine(State& into, const State& from) for the state of each window that was merged into this
  // one. Those states are gone then.
  template <class Combine>
  void MergeStates(Combine&& combine)
    requires kHasState
  {
    if (merged_ == nullptr) return;
    for (const auto& mapping : *merged_) {
      const State* found = Table().Find(At(mapping.window));
      if (found == nullptr || mapping.window == *window_) continue;
      const State from = *found;
      Table().Erase(At(mapping.window));
      bool inserted = false;
      State& into = Table().FindOrInsert(At(*window_), inserted, [&] { return from; });
      if (!inserted) combine(into, from);
    }
  }

 private:
  Address<K, W, NoMapKey> At(const W& window) const {
    static constexpr NoMapKey kNoMapKey;
    return {key_hash_, *key_, window, kNoMapKey};
  }

  auto Table() const { return StateTable<K, W, NoMapKey, State>(*table_, in_store_); }

  KeyedTimers<K, W>& timers_;
  KeyedTable* table_ = nullptr;
  bool in_store_ = false;
  std::uint64_t key_hash_ = 0;
  const K* key_ = nullptr;
  const W* window_ = nullptr;
  const Merged* merged_ = nullptr;
};

}  // namespace weir::internal
