// Takes the entries of a cache's snapshot to its store, and those of a store to a state file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <weir/internal/function_reference.h>
#include <weir/internal/state/cached_value.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/store_entry.h>

namespace weir::internal {

// All entries of these key groups, which may be in the form that HeapTable saves: key bytes and
// value bytes are those of an entry. One thread; the store is not written to meanwhile.
Status ExportStore(const KeyedStore& store, const KeyGroupRange& range, StateWriter& writer);

// Where a walk over a store that goes on bit by bit is. The store may change in between.
class StorePosition {
 public:
  // visit(cursor) for the next `entries` of these key groups, fewer where groups are small, or up
  // to the end of the last one; then begins anew. StoreError.
  void Walk(const KeyedStore& store, const KeyGroupRange& range, std::uint32_t entries,
            FunctionReference<void(const StoreCursor&)> visit);

 private:
  std::uint32_t group_ = 0;  // counted from the first of the range
  std::string from_;         // key bytes
};

// One thread; a batch of changes for each segment's part of a key group.
template <class K, class N, class M, class V>
class StoreCacheWriter final : public StateWriter {
 public:
  explicit StoreCacheWriter(KeyedStore& store) : store_(store) {}

  Status Write(std::uint32_t key_group, std::uint32_t entries,
               std::span<const std::byte> bytes) override {
    calls_.Clear();
    ByteReader reader(bytes);
    for (std::uint32_t i = 0; i < entries; ++i) {
      StoredEntry<K, N, M, Cached<V>> entry;  // serializers may rely on a new value
      if (!StoreKeyBytes<K, N, M>::Read(reader, entry.key, entry.name_space, entry.map_key) ||
          !Serializer<Cached<V>>::Read(reader, entry.value)) {
        return Status::Internal("a cache of keyed state does not read what it has written");
      }
      const auto write_key = [&entry](ByteWriter& out) {
        StoreKeyBytes<K, N, M>::Write(out, entry.key, entry.name_space, entry.map_key);
      };
      if (entry.value.present) {
        calls_.AddPut(key_group, write_key,
                      [&entry](ByteWriter& out) { Serializer<V>::Write(out, entry.value.value); });
      } else {
        calls_.AddDelete(key_group, write_key);
      }
    }
    return calls_.WriteTo(store_);
  }

 private:
  KeyedStore& store_;
  StoreCalls calls_;
};

}  // namespace weir::internal
