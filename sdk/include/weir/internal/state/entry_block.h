// The addresses of a block of records, copied: what a store is asked for at once.
#pragma once

#include <cstdint>
#include <vector>

#include <weir/internal/state/table_slot.h>

namespace weir::internal {

// Keeps its memory, and that of its keys, when it is used again.
template <class K, class N>
class EntryBlock {
 public:
  void Reset(std::uint32_t count) {
    count_ = count;
    if (entries_.size() < count) entries_.resize(count);
  }
  std::uint32_t size() const { return count_; }
  void Set(std::uint32_t index, std::uint64_t key_hash, const K& key, const N& name_space) {
    Entry& entry = entries_[index];
    entry.key_hash = key_hash;
    entry.key = key;
    entry.name_space = name_space;
  }
  // References into the block.
  Address<K, N, NoMapKey> At(std::uint32_t index) const {
    static constexpr NoMapKey kNoMapKey;
    const Entry& entry = entries_[index];
    return {entry.key_hash, entry.key, entry.name_space, kNoMapKey};
  }

 private:
  struct Entry {
    std::uint64_t key_hash = 0;
    K key{};
    [[no_unique_address]] N name_space{};
  };
  std::uint32_t count_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace weir::internal
