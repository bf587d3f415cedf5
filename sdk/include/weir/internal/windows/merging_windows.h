// The windows of a key whose windows merge, and under which window each one's contents are kept
// (Flink's MergingWindowSet): when a session grows its contents stay where they are, only their
// window is another one.
//
// The windows of a key neither intersect nor touch. The task's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <weir/internal/state/keyed_state_backend.h>

namespace weir::internal {

template <class W>
struct WindowMapping {
  W window{};
  W state_window{};
};

// What adding a window comes to. `window`: the one that the record is in then.
template <class W>
struct WindowMerge {
  W window{};
  W state_window{};
  bool changed = false;                          // a window that is there becomes another one
  std::vector<WindowMapping<W>> merged_windows;  // those that `window` replaces, earliest first
};

template <class K, class W>
class MergingWindows {
 public:
  static constexpr char kStateName[] = "weir.merging-windows";

  explicit MergingWindows(KeyedStateBackend& backend)
      : table_(backend.Create<K, NoNamespace, NoMapKey, Mappings>(kStateName)) {}

  // Of a window that is to be added: merged with those of the key that it intersects. Where several
  // become one, their contents are to be kept where those of the earliest are: `state_window`.
  // Valid until the next call. Changes nothing until Commit().
  const WindowMerge<W>& Plan(std::uint64_t key_hash, const K& key, const W& added) {
    merge_.window = added;
    merge_.changed = false;
    merge_.merged_windows.clear();
    std::span<const WindowMapping<W>> mappings;
    if (const Mappings* found = table_.Find(At(key_hash, key))) mappings = *found;
    for (const auto& mapping : mappings) {
      if (!mapping.window.Intersects(added)) continue;
      merge_.window = merge_.window.Cover(mapping.window);
      merge_.merged_windows.push_back(mapping);
    }
    if (merge_.merged_windows.empty()) {
      merge_.state_window = added;
      return merge_;
    }
    std::sort(merge_.merged_windows.begin(), merge_.merged_windows.end(),
              [](const auto& a, const auto& b) { return a.window.start_ms < b.window.start_ms; });
    merge_.state_window = merge_.merged_windows.front().state_window;
    // Unless it lies within one that is there.
    merge_.changed = merge_.merged_windows.size() > 1 ||
                     !(merge_.merged_windows.front().window == merge_.window);
    return merge_;
  }
  // Does what the last Plan() said, which was of this key.
  void Commit(std::uint64_t key_hash, const K& key) {
    if (!merge_.changed && !merge_.merged_windows.empty()) return;
    Mappings& mappings = table_.FindOrInsert(At(key_hash, key));
    std::erase_if(mappings,
                  [&](const auto& each) { return each.window.Intersects(merge_.window); });
    mappings.push_back({merge_.window, merge_.state_window});
  }

  // Null: the key has no such window.
  const W* StateWindowOf(std::uint64_t key_hash, const K& key, const W& window) const {
    const Mappings* mappings = table_.Find(At(key_hash, key));
    if (mappings == nullptr) return nullptr;
    for (const auto& mapping : *mappings) {
      if (mapping.window == window) return &mapping.state_window;
    }
    return nullptr;
  }

  // The window has gone.
  void Retire(std::uint64_t key_hash, const K& key, const W& window) {
    Mappings* mappings = table_.FindForWrite(At(key_hash, key));
    if (mappings == nullptr) return;
    std::erase_if(*mappings, [&](const auto& mapping) { return mapping.window == window; });
    if (mappings->empty()) table_.Erase(At(key_hash, key));
  }

 private:
  using Mappings = std::vector<WindowMapping<W>>;

  static Address<K, NoNamespace, NoMapKey> At(std::uint64_t key_hash, const K& key) {
    static constexpr NoNamespace kNoNamespace;
    static constexpr NoMapKey kNoMapKey;
    return {key_hash, key, kNoNamespace, kNoMapKey};
  }

  const StateTable<K, NoNamespace, NoMapKey, Mappings> table_;
  WindowMerge<W> merge_;  // its memory is used again
};

}  // namespace weir::internal
