// Takes the entries of a cache's snapshot to its store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <weir/internal/state/cached_value.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/store_entry.h>

namespace weir::internal {

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
      if (!StoreKeyBytes<K, N, M>::Read(reader, key_, name_space_, map_key_) ||
          !Serializer<Cached<V>>::Read(reader, cached_)) {
        return Status::Internal("a cache of keyed state does not read what it has written");
      }
      const auto write_key = [this](ByteWriter& out) {
        StoreKeyBytes<K, N, M>::Write(out, key_, name_space_, map_key_);
      };
      if (cached_.present) {
        calls_.AddPut(key_group, write_key,
                      [this](ByteWriter& out) { Serializer<V>::Write(out, cached_.value); });
      } else {
        calls_.AddDelete(key_group, write_key);
      }
    }
    return calls_.WriteTo(store_);
  }

 private:
  KeyedStore& store_;
  StoreCalls calls_;
  K key_{};
  N name_space_{};
  M map_key_{};
  Cached<V> cached_;
};

}  // namespace weir::internal
