// One slot of a table: a tag, and, where the tag says so, an entry.
//
// All tags of a segment share their highest bit, and an empty slot holds one that has the other:
// so "is it mine, is it free, is it another's" is one load and one exclusive or.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/internal/byte_reader.h>
#include <weir/internal/byte_writer.h>
#include <weir/internal/murmur3.h>
#include <weir/internal/state/cached_value.h>
#include <weir/internal/state/key_group_range.h>
#include <weir/internal/state/same_key.h>
#include <weir/internal/type_schema.h>
#include <weir/serializer.h>
#include <weir/stable_hash.h>

namespace weir::internal {

// A table without namespaces (windows), a state that is no map, a key that is in the tag.
struct NoNamespace {};
struct NoMapKey {};
struct KeyInTag {};

// The inverse of Fmix64().
constexpr std::uint64_t InverseFmix64(std::uint64_t h) {
  h ^= h >> 33;
  h *= 0x9cb4b2f8129337dbULL;
  h ^= h >> 33;
  h *= 0x4f74430c22a54005ULL;
  h ^= h >> 33;
  return h;
}

template <class Table>
class TaggedEntries;  // internal/state/tagged_entries.h

// Where an entry is: by key, namespace and map key. References for the length of a call.
template <class K, class N, class M>
struct Address {
  std::uint64_t key_hash;
  const K& key;
  const N& name_space;
  const M& map_key;
};

template <class K, class N, class M, class V>
class TableSlot {
 public:
  // The stable hash of an integer is a bijection, so the tag is the key.
  static constexpr bool kKeyInTag = std::is_integral_v<K> && !std::is_same_v<K, bool> &&
                                    std::is_same_v<N, NoNamespace> && std::is_same_v<M, NoMapKey>;

  static std::uint64_t TagOf(const TagSpace& space, std::uint64_t key_hash,
                             [[maybe_unused]] const N& name_space,
                             [[maybe_unused]] const M& map_key) {
    if constexpr (kKeyInTag) {
      return space.TagOf(key_hash);
    } else {
      std::uint64_t mixed = key_hash;
      if constexpr (!std::is_same_v<N, NoNamespace>) {
        mixed = Fmix64(mixed * 31 + StableHash(name_space));
      }
      if constexpr (!std::is_same_v<M, NoMapKey>) {
        mixed = Fmix64(mixed * 31 + StableHash(map_key));
      }
      // Mixed once more, so that a weak StableHasher of a user's type costs its key groups only.
      return space.MixedTagOf(key_hash, Fmix64(mixed + 1));
    }
  }
  // What marks a slot as empty among those that may hold `tag`.
  static std::uint64_t EmptyTag(std::uint64_t tag) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(~tag) >> 63);
  }

  std::uint64_t tag() const { return tag_; }
  void SetEmpty(std::uint64_t empty_tag) { tag_ = empty_tag; }
  // For a tag of the same segment.
  bool IsEmptyFor(std::uint64_t tag) const { return static_cast<std::int64_t>(tag_ ^ tag) < 0; }

  // The tags are equal; are the addresses?
  bool Holds(const Address<K, N, M>& address) const {
    return Holds(address.key, address.name_space, address.map_key);
  }
  bool Holds([[maybe_unused]] const K& key, [[maybe_unused]] const N& name_space,
             [[maybe_unused]] const M& map_key) const {
    if constexpr (!kKeyInTag) {
      const Entry& entry = this->entry();
      if (!SameKey(entry.key, key)) return false;
      if constexpr (!std::is_same_v<N, NoNamespace>) {
        if (!SameKey(entry.name_space, name_space)) return false;
      }
      if constexpr (!std::is_same_v<M, NoMapKey>) {
        if (!SameKey(entry.map_key, map_key)) return false;
      }
    }
    return true;
  }

  V& value() { return entry().value; }
  const V& value() const { return entry().value; }
  decltype(auto) key(const TagSpace& space) const {
    if constexpr (kKeyInTag) {
      return static_cast<K>(InverseFmix64(space.KeyHashOf(tag_)));
    } else {
      return (entry().key);
    }
  }
  const N& name_space() const { return entry().name_space; }
  const M& map_key() const { return entry().map_key; }

  // For snapshots, and back: key, namespace, map key, value.
  void WriteTo(ByteWriter& out, const TagSpace& space) const {
    Serializer<K>::Write(out, key(space));
    if constexpr (!std::is_same_v<N, NoNamespace>) Serializer<N>::Write(out, name_space());
    if constexpr (!std::is_same_v<M, NoMapKey>) Serializer<M>::Write(out, map_key());
    Serializer<V>::Write(out, value());
  }
  static std::string Schema() {
    return EntrySchema<K, !std::is_same_v<N, NoNamespace>, N, !std::is_same_v<M, NoMapKey>, M, V>();
  }
  // False: malformed.
  [[nodiscard]] static bool ReadFrom(ByteReader& in, K& key, N& name_space, M& map_key, V& value) {
    if (!Serializer<K>::Read(in, key)) return false;
    if constexpr (!std::is_same_v<N, NoNamespace>) {
      if (!Serializer<N>::Read(in, name_space)) return false;
    }
    if constexpr (!std::is_same_v<M, NoMapKey>) {
      if (!Serializer<M>::Read(in, map_key)) return false;
    }
    return Serializer<V>::Read(in, value);
  }

  // `make()` gives the value. The slot was empty; if anything throws it still is.
  template <class Make>
  void Construct(std::uint64_t tag, const Address<K, N, M>& address, Make&& make) {
    if constexpr (kBoxed) {
      Entry* const boxed = new Entry{KeyOf(address), address.name_space, address.map_key, make()};
      std::memcpy(storage_, &boxed, sizeof(boxed));
    } else {
      ::new (static_cast<void*>(storage_))
          Entry{KeyOf(address), address.name_space, address.map_key, make()};
    }
    tag_ = tag;
  }
  // Leaves the tag alone.
  void Destroy() {
    if constexpr (kBoxed) {
      delete box();
    } else {
      entry().~Entry();
    }
  }
  // Moves the entry to an empty slot. Leaves the tag alone.
  void RelocateTo(TableSlot& target) {
    if constexpr (kPlain || kBoxed) {
      std::memcpy(static_cast<void*>(&target), static_cast<const void*>(this), sizeof(TableSlot));
    } else {
      ::new (static_cast<void*>(target.storage_)) Entry(std::move(entry()));
      entry().~Entry();
      target.tag_ = tag_;
    }
  }

 private:
  using StoredKey = std::conditional_t<kKeyInTag, KeyInTag, K>;
  static decltype(auto) KeyOf(const Address<K, N, M>& address) {
    if constexpr (kKeyInTag) {
      return KeyInTag();
    } else {
      return (address.key);
    }
  }
  struct Entry {
    [[no_unique_address]] StoredKey key;
    [[no_unique_address]] N name_space;
    [[no_unique_address]] M map_key;
    V value;
  };

 public:
  // A large entry is kept outside of the segment: a segment holds enough slots to be a table, and
  // growing moves pointers. One of a cache is, too: reading may bring others in, and what was read
  // before stays where it is.
  static constexpr bool kBoxed = sizeof(Entry) > 504 || alignof(Entry) > 16 || kIsCached<V>;
  // A slot is copied as its bytes.
  static constexpr bool kPlain = !kBoxed && std::is_trivially_copyable_v<Entry>;
  // For a snapshot under writes entries are copied one by one, not with all others of the segment:
  // where that is more than its 32 KiB, or so few entries that copying them costs more than it
  // saves.
  static constexpr bool kCopiedAlone = !kPlain || sizeof(Entry) >= 64;

 private:
  static constexpr std::size_t kStorageBytes = kBoxed ? sizeof(void*) : sizeof(Entry);
  static constexpr std::size_t kStorageAlignment = kBoxed ? alignof(void*) : alignof(Entry);

  Entry* box() const {
    Entry* boxed = nullptr;
    std::memcpy(&boxed, storage_, sizeof(boxed));
    return boxed;
  }
  Entry& entry() {
    if constexpr (kBoxed) {
      return *box();
    } else {
      return *std::launder(reinterpret_cast<Entry*>(storage_));
    }
  }
  const Entry& entry() const { return const_cast<TableSlot*>(this)->entry(); }

  std::uint64_t tag_;
  alignas(kStorageAlignment) std::byte storage_[kStorageBytes];
};

}  // namespace weir::internal
