// Debug builds look at whether keys that are equal are also written as the same bytes. Memory finds
// an entry by operator==, a store (RocksDB) by the bytes: where they disagree one key becomes two
// as soon as its state lies in a store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/fields.h>
#include <weir/internal/state/same_key.h>
#include <weir/internal/state/store_entry.h>
#include <weir/internal/state/table_slot.h>
#include <weir/internal/type_name.h>
#include <weir/serializer.h>
#include <weir/status.h>

namespace weir::internal {

#ifdef NDEBUG
inline constexpr bool kChecksKeyBytes = false;
#else
inline constexpr bool kChecksKeyBytes = true;
#endif

// Whether that can be at all: only where an author wrote the equality or the serializer.
template <class T>
constexpr bool KeyBytesMayDiffer() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string>) {
    return false;
  } else if constexpr (!requires { typename Serializer<T>::PrimarySerializer; }) {
    if constexpr (kIsOptional<T> || kIsList<T>) {
      return KeyBytesMayDiffer<typename T::value_type>();
    } else if constexpr (kIsTuple<T>) {
      return []<std::size_t... I>(std::index_sequence<I...>) {
        return (KeyBytesMayDiffer<std::tuple_element_t<I, T>>() || ...);
      }(std::make_index_sequence<std::tuple_size_v<T>>());
    } else {
      return true;
    }
  } else if constexpr (HasNamedFields<T>) {
    return []<class... Field>(std::type_identity<std::tuple<const Field&...>>) {
      return (KeyBytesMayDiffer<Field>() || ...);
    }(std::type_identity<decltype(NamedFieldReferences(std::declval<const T&>()))>());
  } else {
    return true;
  }
}

// Of one operator. Remembers some of the keys that came last. The task's thread.
template <class K>
class KeyBytesCheck {
 public:
  // An error, for the author of the key type, for a key that an equal one before was not written
  // like.
  Status Check(std::uint64_t key_hash, const K& key) {
    bytes_.clear();
    {
      ByteWriter writer(bytes_);  // until it ends there is more
      StoreKeyBytes<K, NoNamespace, NoMapKey>::Write(writer, key, {}, {});
    }
    Seen& seen = seen_[key_hash % kSeen];
    if (seen.present && seen.key_hash == key_hash && SameKey(seen.key, key) &&
        seen.bytes != bytes_) {
      return Status::UserError("two keys of type " + TypeName<K>() +
                               " are equal and are written as different bytes, " +
                               Hexadecimal(seen.bytes) + " and " + Hexadecimal(bytes_) +
                               ": in a store they would be two keys. Serializer<K>::Write must "
                               "write keys that are equal alike");
    }
    seen.present = true;
    seen.key_hash = key_hash;
    seen.key = key;
    seen.bytes = bytes_;
    return Status::Ok();
  }

 private:
  static constexpr std::size_t kSeen = 64;
  struct Seen {
    bool present = false;
    std::uint64_t key_hash = 0;
    K key{};
    std::vector<std::byte> bytes;
  };
  static std::string Hexadecimal(const std::vector<std::byte>& bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
      for (const int digit : {std::to_integer<int>(byte) >> 4, std::to_integer<int>(byte) & 15}) {
        text += "0123456789abcdef"[digit];
      }
    }
    return text;
  }

  std::array<Seen, kSeen> seen_;
  std::vector<std::byte> bytes_;
};

}  // namespace weir::internal
