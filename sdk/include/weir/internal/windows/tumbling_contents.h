// What tumbling_operator.h keeps in its windows, by key and start of the window: accumulators, or
// all records for the window function.
//
// AddBlock(block, hash_of, key_of, starts, added): for records none of which is late; added(i) for
// each that is the first of its key and window. Add(): for one record; true if it is the first.
// The task's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <weir/internal/state/keyed_state_backend.h>
#include <weir/internal/windows/window_aggregation.h>
#include <weir/internal/windows/window_contents.h>
#include <weir/windowing/window_functions.h>

namespace weir::internal {

template <class K, class T, class Aggregation>
class TumblingAccumulators {
 public:
  using Accumulator = typename Aggregation::Accumulator;
  using Where = Address<K, std::int64_t, NoMapKey>;
  static constexpr const char* kStateName = Aggregation::kStateName;

  // Both outlive it. `rejects`: a record whose aggregation throws leaves no trace.
  TumblingAccumulators(KeyedStateBackend& backend, Aggregation& aggregation, bool rejects)
      : aggregation_(aggregation),
        rejects_(rejects),
        table_(backend.Create<K, std::int64_t, NoMapKey, Accumulator>(kStateName)) {}

  template <class HashOf, class KeyOf, class Added>
  void AddBlock(const Batch<T>& in, HashOf& hash_of, KeyOf& key_of, const std::int64_t* starts,
                Added&& added) {
    table_.UpsertBlock(
        in.size(), hash_of, key_of,
        [starts](std::uint32_t i) -> const std::int64_t& { return starts[i]; },
        [&](std::uint32_t i) -> decltype(auto) { return aggregation_.First(in[i]); },
        [&](std::uint32_t i, Accumulator& accumulator, bool inserted) {
          if (inserted) [[unlikely]] {
            added(i);
          } else {
            aggregation_.Add(in[i], accumulator);
          }
        });
  }
  bool Add(const Where& where, const T& record, std::int64_t /*timestamp_ms*/) {
    bool inserted = false;
    if (rejects_) [[unlikely]] {
      AddToCopy(table_, where, aggregation_, record, inserted);
      return inserted;
    }
    Accumulator& accumulator = table_.FindOrInsert(
        where, inserted, [&]() -> decltype(auto) { return aggregation_.First(record); });
    if (!inserted) aggregation_.Add(record, accumulator);
    return inserted;
  }
  // Of a window that is there.
  template <class Output, class W>
  void Emit(const Where& where, const W& window, std::int64_t watermark_ms, Output& output) {
    aggregation_.WithResult(
        where.key, *std::as_const(table_).Find(where),
        [&]<class R>(R&& result) { output.Emit(window, watermark_ms, std::forward<R>(result)); });
  }
  void Erase(const Where& where) { table_.Erase(where); }
  void Prefetch(const Where& where) const { table_.Prefetch(where); }
  // visit(key, start of the window)
  template <class Visit>
  void ForEachInGroup(std::uint32_t group, Visit&& visit) const {
    table_.ForEachInGroup(group, [&](const K& key, std::int64_t start_ms, NoMapKey,
                                     const Accumulator&) { visit(key, start_ms); });
  }

 private:
  Aggregation& aggregation_;
  const bool rejects_;
  const StateTable<K, std::int64_t, NoMapKey, Accumulator> table_;
};

template <class K, class T>
class TumblingRecords {
 public:
  using Where = Address<K, std::int64_t, NoMapKey>;
  static constexpr const char* kStateName = RecordContents<K, std::int64_t, T>::kStateName;

  explicit TumblingRecords(KeyedStateBackend& backend) : contents_(backend) {}

  template <class HashOf, class KeyOf, class Added>
  void AddBlock(const Batch<T>& in, HashOf& hash_of, KeyOf& key_of, const std::int64_t* starts,
                Added&& added) {
    std::uint64_t hashes[kPrefetchedRecords];
    for (std::uint32_t from = 0; from < in.size(); from += kPrefetchedRecords) {
      const std::uint32_t end = std::min(in.size(), from + kPrefetchedRecords);
      for (std::uint32_t i = from; i < end; ++i) {
        hashes[i - from] = hash_of(i);
        const K& key = key_of(i);
        contents_.Prefetch({hashes[i - from], key, starts[i]});
      }
      for (std::uint32_t i = from; i < end; ++i) {
        const K& key = key_of(i);
        if (contents_.Add({hashes[i - from], key, starts[i]}, in[i], in.timestamp(i))) added(i);
      }
    }
  }
  bool Add(const Where& where, const T& record, std::int64_t timestamp_ms) {
    return contents_.Add({where.key_hash, where.key, where.name_space}, record, timestamp_ms);
  }
  template <class Output, class W>
  void Emit(const Where& where, const W& window, std::int64_t watermark_ms, Output& output) {
    records_.clear();
    contents_.ForEach({where.key_hash, where.key, where.name_space},
                      [this](const T& record, std::int64_t) { records_.push_back(&record); });
    output.EmitElements(window, watermark_ms, WindowElements<T>(records_.data(), records_.size()));
  }
  void Erase(const Where& where) { contents_.Clear({where.key_hash, where.key, where.name_space}); }
  void Prefetch(const Where& where) const {
    contents_.Prefetch({where.key_hash, where.key, where.name_space});
  }
  template <class Visit>
  void ForEachInGroup(std::uint32_t group, Visit&& visit) const {
    contents_.ForEachInGroup(group, visit);
  }

 private:
  // Ahead of their use.
  static constexpr std::uint32_t kPrefetchedRecords = 32;

  RecordContents<K, std::int64_t, T> contents_;
  std::vector<const T*> records_;  // of the window that fires; their memory is used again
};

template <class K, class T, class Aggregation>
struct TumblingContentsOf {
  using Type = TumblingAccumulators<K, T, Aggregation>;
};
template <class K, class T>
struct TumblingContentsOf<K, T, NoAggregation> {
  using Type = TumblingRecords<K, T>;
};

}  // namespace weir::internal
