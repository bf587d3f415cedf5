// What is kept in a window: an accumulator, or all records. Addressed by key and (state) window.
// The task's thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/state/keyed_state_backend.h>
#include <weir/internal/windows/copied_accumulators.h>
#include <weir/internal/windows/merging_windows.h>
#include <weir/windowing/evictors.h>

namespace weir::internal {

// A key's hash, the key and the window that its state is kept under. References for a call.
template <class K, class W>
struct WindowAddress {
  std::uint64_t key_hash;
  const K& key;
  const W& window;
};

template <class K, class W, class Aggregation>
class AccumulatorContents {
 public:
  using Accumulator = typename Aggregation::Accumulator;
  using Where = WindowAddress<K, W>;
  static constexpr const char* kStateName = Aggregation::kStateName;

  // Both outlive it. `rejects`: a record whose aggregation throws leaves no trace.
  AccumulatorContents(KeyedStateBackend& backend, Aggregation& aggregation, bool rejects)
      : aggregation_(aggregation),
        rejects_(rejects),
        table_(backend.Create<K, W, NoMapKey, Accumulator>(Aggregation::kStateName)) {}

  // Before windows merge, or a record comes into one that may merge. With `rejects`: merges and
  // adds on a copy, so that what is thrown then changes nothing; the Merge()s and the Add() that
  // follow, of the same windows and record, put the copy in its place.
  template <class T>
  void Prepare(const Where& into, const std::vector<WindowMapping<W>>& merged, const T& record) {
    if (!rejects_) [[likely]] {
      return;
    }
    prepared_.reset();  // of a record whose windows could not be merged
    prepared_ = MergedCopy<Accumulator>(aggregation_, record, [&](auto&& take) {
      take(Find(into));
      for (const WindowMapping<W>& each : merged) {
        if (each.state_window == into.window) continue;
        take(Find({into.key_hash, into.key, each.state_window}));
      }
    });
  }
  template <class T>
  void Add(const Where& where, const T& record, std::int64_t /*timestamp_ms*/) {
    bool inserted = false;
    if (rejects_) [[unlikely]] {
      if (prepared_) {
        Put(table_, At(where), *prepared_, inserted);
        prepared_.reset();
        return;
      }
      return AddToCopy(table_, At(where), aggregation_, record, inserted);
    }
    Accumulator& accumulator = table_.FindOrInsert(
        At(where), inserted, [&]() -> decltype(auto) { return aggregation_.First(record); });
    if (!inserted) aggregation_.Add(record, accumulator);
  }
  const Accumulator* Find(const Where& where) const { return table_.Find(At(where)); }
  void Clear(const Where& where) { table_.Erase(At(where)); }
  // What was in `from` is in `into` then.
  void Merge(const Where& into, const Where& from) {
    if (prepared_) return Clear(from);
    const Accumulator* found = table_.Find(At(from));
    if (found == nullptr) return;
    Accumulator moved = *found;
    table_.Erase(At(from));
    bool inserted = false;
    Accumulator& accumulator =
        table_.FindOrInsert(At(into), inserted, [&]() -> decltype(auto) { return (moved); });
    if (!inserted) aggregation_.Merge(accumulator, std::as_const(moved));
  }

 private:
  static Address<K, W, NoMapKey> At(const Where& where) {
    static constexpr NoMapKey kNoMapKey;
    return {where.key_hash, where.key, where.window, kNoMapKey};
  }

  Aggregation& aggregation_;
  const bool rejects_;
  std::optional<Accumulator> prepared_;
  const StateTable<K, W, NoMapKey, Accumulator> table_;
};

// A record as a window keeps it.
template <class T>
struct WindowRecord {
  std::int64_t timestamp_ms = 0;
  T record{};
};
// Some consecutive records of a window: an entry of the table, so that one of bounded size is
// copied for a snapshot, however much is in the window. The first one counts.
template <class T>
struct WindowChunk {
  static constexpr std::uint32_t kCapacity =
      static_cast<std::uint32_t>(std::clamp<std::size_t>(200 / sizeof(WindowRecord<T>), 1, 8));
  std::uint32_t window_size = 0;
  std::array<WindowRecord<T>, kCapacity> records{};
};

// All records, in the order in which they came.
template <class K, class W, class T>
class RecordContents {
 public:
  using Where = WindowAddress<K, W>;
  static constexpr const char* kStateName = "weir.window-contents";

  explicit RecordContents(KeyedStateBackend& backend)
      : table_(backend.Create<K, W, std::uint32_t, Chunk>(kStateName)) {}

  // Merging runs no user code here.
  void Prepare(const Where&, const std::vector<WindowMapping<W>>&, const T&) {}
  // True: it is the first one.
  bool Add(const Where& where, const T& record, std::int64_t timestamp_ms) {
    bool is_first = false;
    bool inserted = false;
    constexpr std::uint32_t kFirst = 0;
    const auto make = [] { return Chunk(); };
    // A copy that throws has changed nothing.
    std::conditional_t<std::is_nothrow_copy_assignable_v<T>, const T&, T> copy = record;
    Chunk* first = &table_.FindOrInsert(At(where, kFirst), is_first, make);
    const std::uint32_t number = first->window_size++;
    const std::uint32_t chunk_number = number / Chunk::kCapacity;
    Chunk& chunk =
        chunk_number == 0 ? *first : table_.FindOrInsert(At(where, chunk_number), inserted, make);
    WindowRecord<T>& added = chunk.records[number % Chunk::kCapacity];
    added.timestamp_ms = timestamp_ms;
    added.record = std::move(copy);
    return is_first;
  }
  // Asks for its place ahead of its use.
  void Prefetch(const Where& where) const {
    constexpr std::uint32_t kFirst = 0;
    table_.Prefetch(At(where, kFirst));
  }
  // visit(key, window) for each that has records.
  template <class Visit>
  void ForEachInGroup(std::uint32_t group, Visit&& visit) const {
    table_.ForEachInGroup(
        group, [&](const K& key, const W& window, std::uint32_t chunk_number, const Chunk&) {
          if (chunk_number == 0) visit(key, window);
        });
  }
  // visit(const T&, timestamp) for each; the records stay where they are until the next write.
  // False: there are none.
  template <class Visit>
  bool ForEach(const Where& where, Visit&& visit) const {
    const std::uint32_t size = Size(where);
    for (std::uint32_t from = 0; from < size; from += Chunk::kCapacity) {
      const std::uint32_t chunk_number = from / Chunk::kCapacity;
      const Chunk* chunk = table_.Find(At(where, chunk_number));
      const std::uint32_t count = std::min(Chunk::kCapacity, size - from);
      for (std::uint32_t i = 0; i < count; ++i) {
        visit(chunk->records[i].record, chunk->records[i].timestamp_ms);
      }
    }
    return size > 0;
  }
  void Clear(const Where& where) {
    const std::uint32_t size = Size(where);
    for (std::uint32_t from = 0; from < size; from += Chunk::kCapacity) {
      const std::uint32_t chunk_number = from / Chunk::kCapacity;
      table_.Erase(At(where, chunk_number));
    }
  }
  void Merge(const Where& into, const Where& from) {
    std::vector<WindowRecord<T>> moved;
    ForEach(from,
            [&](const T& record, std::int64_t time_ms) { moved.push_back({time_ms, record}); });
    Clear(from);
    for (const auto& each : moved) Add(into, each.record, each.timestamp_ms);
  }
  // Keeps only `elements`, which are some of those that are there.
  void Keep(const Where& where, const EvictableElements<T>& elements) {
    std::vector<WindowRecord<T>> kept;
    kept.reserve(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      kept.push_back({elements.timestamp_ms(i), elements[i]});
    }
    Clear(where);
    for (const auto& each : kept) Add(where, each.record, each.timestamp_ms);
  }

 private:
  using Chunk = WindowChunk<T>;

  static Address<K, W, std::uint32_t> At(const Where& where, const std::uint32_t& chunk_number) {
    return {where.key_hash, where.key, where.window, chunk_number};
  }
  std::uint32_t Size(const Where& where) const {
    constexpr std::uint32_t kFirst = 0;
    const Chunk* first = table_.Find(At(where, kFirst));
    return first == nullptr ? 0 : first->window_size;
  }

  const StateTable<K, W, std::uint32_t, Chunk> table_;
};

}  // namespace weir::internal
