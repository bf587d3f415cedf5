// Entries of a typed cache above a store of bytes, as bytes.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/fields.h>
#include <weir/internal/byte_reader.h>
#include <weir/internal/byte_writer.h>
#include <weir/internal/state/cached_value.h>
#include <weir/internal/state/keyed_store.h>
#include <weir/internal/state/same_key.h>
#include <weir/internal/state/table_slot.h>
#include <weir/internal/type_schema.h>
#include <weir/serializer.h>
#include <weir/status.h>

namespace weir::internal {

// Makes keys that are the same (same_key.h) the same bytes: -0 becomes 0, every NaN one NaN.
template <class T>
void MakeCanonical(T& value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (value == 0) value = 0;
    if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();
  } else if constexpr (HasNamedFields<T>) {
    std::apply([](auto&... field) { (MakeCanonical(field), ...); }, NamedFieldReferences(value));
  } else if constexpr (kIsTuple<T>) {
    std::apply([](auto&... part) { (MakeCanonical(part), ...); }, value);
  } else if constexpr (kIsOptional<T>) {
    if (value) MakeCanonical(*value);
  } else if constexpr (kIsList<T>) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if constexpr (!std::is_same_v<typename T::value_type, bool>) MakeCanonical(value[i]);
    }
  }
}
// Whether MakeCanonical() can change something.
template <class T>
inline constexpr bool kMayNeedCanonical =
    std::is_floating_point_v<T> || HasNamedFields<T> || kIsTuple<T> || kIsOptional<T> || kIsList<T>;

// Key bytes: key, namespace, map key, of those the ones that the table has.
template <class K, class N, class M>
struct StoreKeyBytes {
  static void Write(ByteWriter& out, const K& key, const N& name_space, const M& map_key) {
    WritePart(out, key);
    if constexpr (!std::is_same_v<N, NoNamespace>) WritePart(out, name_space);
    if constexpr (!std::is_same_v<M, NoMapKey>) WritePart(out, map_key);
  }
  // False: malformed.
  [[nodiscard]] static bool Read(ByteReader& in, K& key, N& name_space, M& map_key) {
    if (!Serializer<K>::Read(in, key)) return false;
    if constexpr (!std::is_same_v<N, NoNamespace>) {
      if (!Serializer<N>::Read(in, name_space)) return false;
    }
    if constexpr (!std::is_same_v<M, NoMapKey>) {
      if (!Serializer<M>::Read(in, map_key)) return false;
    }
    return true;
  }

 private:
  template <class T>
  static void WritePart(ByteWriter& out, const T& part) {
    if constexpr (kMayNeedCanonical<T>) {
      T canonical = part;
      MakeCanonical(canonical);
      Serializer<T>::Write(out, canonical);
    } else {
      Serializer<T>::Write(out, part);
    }
  }
};

// A place to read entries of a store into.
template <class K, class N, class M, class V>
struct StoredEntry {
  K key{};
  N name_space{};
  M map_key{};
  V value{};
  // False: malformed.
  [[nodiscard]] bool ReadKey(std::string_view bytes) {
    ByteReader reader(std::as_bytes(std::span(bytes.data(), bytes.size())));
    return StoreKeyBytes<K, N, M>::Read(reader, key, name_space, map_key) && reader.empty();
  }
};

inline std::string_view AsText(const std::vector<std::byte>& bytes, std::size_t from,
                               std::size_t to) {
  return {reinterpret_cast<const char*>(bytes.data()) + from, to - from};
}
inline std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Keys, or changes, gathered for one call of a store. Keeps its memory when it is used again.
class StoreCalls {
 public:
  void Clear() {
    bytes_.clear();
    calls_.clear();
  }
  std::size_t size() const { return calls_.size(); }
  bool empty() const { return calls_.empty(); }

  // write_key(ByteWriter&), write_value(ByteWriter&).
  template <class WriteKey>
  void AddKey(std::uint32_t key_group, WriteKey&& write_key) {
    Add(StoreChange::Kind::kDelete, key_group, write_key, [](ByteWriter&) {});
  }
  template <class WriteKey>
  void AddDelete(std::uint32_t key_group, WriteKey&& write_key) {
    AddKey(key_group, write_key);
  }
  template <class WriteKey, class WriteValue>
  void AddPut(std::uint32_t key_group, WriteKey&& write_key, WriteValue&& write_value) {
    Add(StoreChange::Kind::kPut, key_group, write_key, write_value);
  }

  Status MultiGet(const KeyedStore& store, StoreValues& values) const {
    std::vector<StoreKey> keys;
    keys.reserve(calls_.size());
    for (const Call& call : calls_) keys.push_back(KeyOf(call));
    return store.MultiGet(keys, values);
  }
  Status WriteTo(KeyedStore& store) const {
    std::vector<StoreChange> changes;
    changes.reserve(calls_.size());
    for (const Call& call : calls_) {
      changes.push_back({call.kind, KeyOf(call), AsText(bytes_, call.value, call.end)});
    }
    return store.Write(changes);
  }

 private:
  struct Call {
    StoreChange::Kind kind;
    std::uint32_t key_group;
    std::size_t key;
    std::size_t value;
    std::size_t end;
  };
  template <class WriteKey, class WriteValue>
  void Add(StoreChange::Kind kind, std::uint32_t key_group, WriteKey& write_key,
           WriteValue&& write_value) {
    ByteWriter writer(bytes_);
    Call call{kind, key_group, writer.size(), 0, 0};
    write_key(writer);
    call.value = writer.size();
    write_value(writer);
    call.end = writer.size();
    calls_.push_back(call);
  }
  StoreKey KeyOf(const Call& call) const {
    return {call.key_group, AsText(bytes_, call.key, call.value)};
  }

  std::vector<std::byte> bytes_;
  std::vector<Call> calls_;
};

}  // namespace weir::internal

// For the snapshot of a cache's table: goes to the store, never to a file.
template <class V>
struct weir::Serializer<weir::internal::Cached<V>> {
  static std::string Schema() { return "cached<" + internal::SchemaOf<V>() + ">"; }
  static void Write(ByteWriter& out, const internal::Cached<V>& cached) {
    out.WriteFixed(static_cast<std::uint8_t>(cached.present));
    if (cached.present) Serializer<V>::Write(out, cached.value);
  }
  [[nodiscard]] static bool Read(ByteReader& in, internal::Cached<V>& cached) {
    std::uint8_t present = 0;
    if (!in.ReadFixed(present) || present > 1) return false;
    cached.present = present == 1;
    return !cached.present || Serializer<V>::Read(in, cached.value);
  }
};
