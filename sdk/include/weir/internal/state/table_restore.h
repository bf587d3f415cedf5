// The entries that a snapshot wrote, back into a table of any kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <weir/internal/byte_reader.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/table_slot.h>
#include <weir/stable_hash.h>
#include <weir/status.h>

namespace weir::internal {

// KeyedTable::Restore(): insert(address, value) takes the value over and says whether there was
// none at the address.
template <class K, class N, class M, class V, class Insert>
Status RestoreEntries(const TagSpace& space, std::uint32_t max_parallelism, std::uint32_t entries,
                      std::span<const std::byte> bytes, Insert&& insert) {
  ByteReader reader(bytes);
  K key{};
  N name_space{};
  M map_key{};
  for (std::uint32_t i = 0; i < entries; ++i) {
    V value{};
    if (!TableSlot<K, N, M, V>::ReadFrom(reader, key, name_space, map_key, value)) {
      return Status::Corruption("an entry of keyed state is cut off or malformed");
    }
    const std::uint64_t hash = StableHash(key);
    if (!space.Owns(hash)) {
      return Status::Corruption("an entry of keyed state is of key group " +
                                std::to_string(KeyGroupOf(hash, max_parallelism)) +
                                ", which this subtask does not own");
    }
    if (!insert(Address<K, N, M>{hash, key, name_space, map_key}, value)) {
      return Status::Corruption("an entry of keyed state is there twice");
    }
  }
  if (reader.empty()) return Status::Ok();
  return Status::Corruption(std::to_string(reader.remaining()) + " bytes follow the last of " +
                            std::to_string(entries) + " entries of keyed state");
}

}  // namespace weir::internal
