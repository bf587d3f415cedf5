// A map for each key. Look-ups, insertions and removals cost what they cost for a ValueState: each
// map entry is an entry of the table, so one key may have millions. Enumerating a key's map costs a
// look-up for each entry and one for every few entries.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <weir/fields.h>
#include <weir/internal/state/keyed_state_backend.h>

namespace weir {

namespace internal {

// A map entry knows its number among those of its key, from 0 without gaps.
template <class V>
struct NumberedValue {
  std::uint32_t number = 0;
  V value{};
};
// The map keys by their numbers, a few to an entry of the table. The first chunk of a key counts.
template <class M>
struct MapKeyChunk {
  static constexpr std::uint32_t kCapacity =
      static_cast<std::uint32_t>(std::clamp<std::size_t>(56 / sizeof(M), 4, 14));
  std::uint32_t map_size = 0;
  std::array<M, kCapacity> map_keys{};
};

}  // namespace internal

template <class M, class V>
class MapState {
 public:
  explicit MapState(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

  // Null: the map has no such entry.
  template <class Context>
  const V* Find(const Context& context, const M& map_key) const {
    const auto* found = Values<Context>().Find(At(context, map_key));
    return found == nullptr ? nullptr : &found->value;
  }
  template <class Context>
  bool Contains(const Context& context, const M& map_key) const {
    return Find(context, map_key) != nullptr;
  }
  template <class Context>
  std::uint32_t Size(const Context& context) const {
    const auto* chunk = Chunks<Context>().Find(At(context, kFirstChunk));
    return chunk == nullptr ? 0 : chunk->map_size;
  }
  template <class Context>
  bool IsEmpty(const Context& context) const {
    return Size(context) == 0;
  }
  // visit(const M&, const V&) for each entry, in no particular order. It changes no state.
  template <class Context, class Visit>
  void ForEach(const Context& context, Visit&& visit) const {
    const std::uint32_t size = Size(context);
    for (std::uint32_t first = 0; first < size; first += kChunk) {
      const std::uint32_t chunk_number = first / kChunk;
      const Chunk* chunk = Chunks<Context>().Find(At(context, chunk_number));
      const std::uint32_t end = std::min(kChunk, size - first);
      for (std::uint32_t i = 0; i < end; ++i) {
        Values<Context>().Prefetch(At(context, chunk->map_keys[i]));
      }
      for (std::uint32_t i = 0; i < end; ++i) {
        const M& map_key = chunk->map_keys[i];
        visit(map_key, Values<Context>().Find(At(context, map_key))->value);
      }
    }
  }

  template <class Context>
  void Put(const Context& context, const M& map_key, V value) {
    Mutable(context, map_key) = std::move(value);
  }
  // To be changed in place; V() where there was none.
  template <class Context>
  V& Mutable(const Context& context, const M& map_key) {
    bool inserted = false;
    auto& entry = Values<Context>().FindOrInsert(At(context, map_key), inserted,
                                                 [] { return internal::NumberedValue<V>(); });
    if (inserted) entry.number = Append(context, map_key);
    return entry.value;
  }
  // False: there was none.
  template <class Context>
  bool Remove(const Context& context, const M& map_key) {
    const auto* entry = Values<Context>().Find(At(context, map_key));
    if (entry == nullptr) return false;
    const std::uint32_t number = entry->number;
    const M removed = map_key;  // may be a reference into this state
    Values<Context>().Erase(At(context, removed));
    // The last one takes its number.
    const std::uint32_t last = --Chunks<Context>().FindForWrite(At(context, kFirstChunk))->map_size;
    const std::uint32_t last_chunk = last / kChunk;
    if (number != last) {
      const std::uint32_t its_chunk = number / kChunk;
      M moved = Chunks<Context>().Find(At(context, last_chunk))->map_keys[last % kChunk];
      Values<Context>().FindForWrite(At(context, moved))->number = number;
      Chunks<Context>().FindForWrite(At(context, its_chunk))->map_keys[number % kChunk] =
          std::move(moved);
    }
    if (last % kChunk == 0) Chunks<Context>().Erase(At(context, last_chunk));
    return true;
  }
  template <class Context>
  void Clear(const Context& context) {
    const std::uint32_t size = Size(context);
    for (std::uint32_t chunk_number = 0; chunk_number * kChunk < size; ++chunk_number) {
      const Chunk* chunk = Chunks<Context>().Find(At(context, chunk_number));
      const std::uint32_t end = std::min(kChunk, size - chunk_number * kChunk);
      for (std::uint32_t i = 0; i < end; ++i) {
        Values<Context>().Erase(At(context, chunk->map_keys[i]));
      }
      Chunks<Context>().Erase(At(context, chunk_number));
    }
  }

  // For the operator, once.
  template <class K>
  void Bind(internal::KeyedStateBackend& backend) {
    values_ = &backend.Create<K, internal::NoNamespace, M, internal::NumberedValue<V>>(name_);
    chunks_ = &backend.Create<K, internal::NoNamespace, std::uint32_t, Chunk>(name_ + "/keys");
  }

 private:
  using Chunk = internal::MapKeyChunk<M>;
  static constexpr std::uint32_t kChunk = Chunk::kCapacity;
  static constexpr std::uint32_t kFirstChunk = 0;
  static constexpr internal::NoNamespace kNoNamespace{};

  // Numbers the new entry. Touches the table of chunks only: entries stay where they are.
  template <class Context>
  std::uint32_t Append(const Context& context, const M& map_key) {
    const std::uint32_t number =
        Chunks<Context>().FindOrInsert(At(context, kFirstChunk)).map_size++;
    const std::uint32_t chunk = number / kChunk;
    Chunks<Context>().FindOrInsert(At(context, chunk)).map_keys[number % kChunk] = map_key;
    return number;
  }
  template <class Context, class Second>
  static auto At(const Context& context, const Second& map_key) {
    return internal::Address<typename Context::Key, internal::NoNamespace, Second>{
        context.key_hash(), context.key(), kNoNamespace, map_key};
  }
  template <class Context>
  auto& Values() const {
    return static_cast<internal::HeapTable<typename Context::Key, internal::NoNamespace, M,
                                           internal::NumberedValue<V>>&>(*values_);
  }
  template <class Context>
  auto& Chunks() const {
    return static_cast<
        internal::HeapTable<typename Context::Key, internal::NoNamespace, std::uint32_t, Chunk>&>(
        *chunks_);
  }

  std::string name_;
  internal::KeyedTable* values_ = nullptr;
  internal::KeyedTable* chunks_ = nullptr;
};

}  // namespace weir
