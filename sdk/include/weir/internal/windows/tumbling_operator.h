// Tumbling event-time windows that are aggregated and fire when they end: one accumulator for each
// key and window in one table, a block of records at a time.
//
// Same results as WindowOperator's. Results of a watermark come in the order of their windows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/windows/aggregating_window_operator.h>
#include <weir/internal/windows/window_keys.h>

namespace weir::internal {

template <class T, class U, class Specification, class KeySelector>
class TumblingOperator final : public AggregatingWindowOperator<T, U, Specification, KeySelector> {
 public:
  using Base = AggregatingWindowOperator<T, U, Specification, KeySelector>;
  using S = Specification;
  using typename Base::Accumulator;
  using typename Base::Key;
  using typename Base::Where;

  TumblingOperator(const OperatorContext& context, const typename Base::Prototype& prototype,
                   Input<U>& output)
      : Base(context, prototype, output),
        size_ms_(this->function_.assigner.size_ms()),
        table_(this->backend().template Create<Key, std::int64_t, NoMapKey, Accumulator>(
            S::Aggregation::kStateName)),
        fired_(this->backend().template Create<Key, std::int64_t, NoMapKey, bool>(kFiredState)) {}

  static std::vector<std::string> StateNames(S& specification) {
    std::vector<std::string> names{S::Aggregation::kStateName, kFiredState,
                                   KeyedTimers<Key, TimeWindow>::kEventTimeTable,
                                   KeyedTimers<Key, TimeWindow>::kProcessingTimeTable};
    AddWindowFunctionStates(specification.function, names);
    return names;
  }

  Status Open() override {
    const KeyGroupRange& range = this->backend().range();
    for (std::uint32_t group = range.first; group < range.first + range.count; ++group) {
      table_.ForEachInGroup(
          group, [this](const Key& key, std::int64_t start_ms, NoMapKey, const Accumulator&) {
            const bool fired = fired_.Find(At(StableHash(key), key, start_ms)) != nullptr;
            auto& keys = keys_.At(start_ms);
            (fired ? keys.fired : keys.waiting).Add(key);
            if (fired) fired_before_ms_ = std::max(fired_before_ms_, start_ms + size_ms_ - 1);
          });
    }
    return Base::Open();
  }

 protected:
  void Process(Batch<T>& in) override {
    this->context_.Enter();
    this->results_.CleanUp(in.size());
    std::int64_t earliest_ms = 0;
    if (!this->CheckBlock(in, earliest_ms)) return;
    offset_ms_ = this->OffsetMs();
    const bool on_time = WindowStart(earliest_ms, offset_ms_, size_ms_) + size_ms_ - 1 >
                         std::max(this->watermark_ms(), fired_before_ms_);
    this->WithHashes(in, [&](auto&& hash_of) {
      if (on_time) [[likely]] {
        AddBlock(in, hash_of);
      } else {
        for (std::uint32_t i = 0; i < in.size(); ++i) {
          AddOne(in[i], in.timestamp(i), hash_of(i));
        }
      }
    });
    this->results_.Finish();
  }

  bool FireDue(std::uint32_t& count) override {
    this->context_.Enter();
    const bool all = FireEnded(count) && CleanUpEnded(count);
    this->results_.Finish();
    return all;
  }

 private:
  static constexpr char kFiredState[] = "weir.window-fired";
  using WhereStart = Address<Key, std::int64_t, NoMapKey>;

  static WhereStart At(std::uint64_t key_hash, const Key& key, const std::int64_t& start_ms) {
    static constexpr NoMapKey kNoMapKey;
    return {key_hash, key, start_ms, kNoMapKey};
  }

  // --- records ---

  template <class HashOf>
  void AddBlock(Batch<T>& in, HashOf& hash_of) {
    const std::int64_t* const timestamps = in.timestamps();
    const std::uint32_t size = in.size();
    starts_ms_.resize(std::max<std::size_t>(starts_ms_.size(), size));
    std::int64_t* const starts = starts_ms_.data();
    std::int64_t start = WindowStart(timestamps[0], offset_ms_, size_ms_);
    for (std::uint32_t i = 0; i < size; ++i) {
      // Most records are of the window of the one before: no division.
      if (static_cast<std::uint64_t>(timestamps[i] - start) >=
          static_cast<std::uint64_t>(size_ms_)) {
        start = WindowStart(timestamps[i], offset_ms_, size_ms_);
      }
      starts[i] = start;
    }
    const auto key_of = [&](std::uint32_t i) -> decltype(auto) { return this->KeyOf(in[i]); };
    auto& aggregation = this->aggregation();
    table_.UpsertBlock(
        size, hash_of, key_of,
        [starts](std::uint32_t i) -> const std::int64_t& { return starts[i]; },
        [&](std::uint32_t i) -> decltype(auto) { return aggregation.First(std::as_const(in[i])); },
        [&](std::uint32_t i, Accumulator& accumulator, bool inserted) {
          if (inserted) [[unlikely]] {
            keys_.At(starts[i]).waiting.Add(key_of(i));
          } else {
            aggregation.Add(std::as_const(in[i]), accumulator);
          }
        });
  }
  void AddOne(const T& record, std::int64_t timestamp_ms, std::uint64_t key_hash) {
    const std::int64_t start_ms = WindowStart(timestamp_ms, offset_ms_, size_ms_);
    const std::int64_t last_ms = start_ms + size_ms_ - 1;
    if (SaturatingAdd(last_ms, this->lateness_ms()) <= this->watermark_ms()) {
      this->HandleLate(record, timestamp_ms);
      return;
    }
    const Key& key = this->KeyOf(record);
    bool inserted = false;
    auto& aggregation = this->aggregation();
    const WhereStart where = At(key_hash, key, start_ms);
    Accumulator& accumulator = table_.FindOrInsert(
        where, inserted, [&]() -> decltype(auto) { return aggregation.First(record); });
    if (!inserted) aggregation.Add(record, accumulator);
    const bool fires = last_ms <= this->watermark_ms() ||
                       (last_ms <= fired_before_ms_ && fired_.Find(where) != nullptr);
    if (inserted) {
      auto& keys = keys_.At(start_ms);
      (fires ? keys.fired : keys.waiting).Add(key);
      if (fires) fired_.FindOrInsert(where) = true;
    }
    if (fires) this->Emit({key_hash, key, WindowAt(start_ms)}, std::as_const(accumulator));
  }
  TimeWindow WindowAt(std::int64_t start_ms) const { return {start_ms, start_ms + size_ms_}; }

  // --- the watermark ---

  // False: `count` is used up.
  bool FireEnded(std::uint32_t& count) {
    for (auto window = keys_.windows().begin(); window != keys_.windows().end();) {
      if (window->first + size_ms_ - 1 > this->watermark_ms()) return true;
      auto& keys = window->second;
      while (!keys.waiting.empty()) {
        if (count == 0) return false;
        --count;
        FireNext(window->first, keys);
      }
      const auto fired = window++;
      if (fired->second.fired.empty()) keys_.Erase(fired);
    }
    return true;
  }
  void FireNext(std::int64_t start_ms, typename WindowKeys<Key>::Keys& keys) {
    Prefetch(start_ms, keys.waiting);
    const Key key = keys.waiting.TakeLast();
    const std::uint64_t key_hash = StableHash(key);
    const TimeWindow window = WindowAt(start_ms);
    const WhereStart where = At(key_hash, key, start_ms);
    this->Emit({key_hash, key, window}, *std::as_const(table_).Find(where));
    if (this->lateness_ms() > 0) {
      fired_.FindOrInsert(where) = true;
      keys.fired.Add(key);
    } else {
      table_.Erase(where);
      this->results_.Clear({key_hash, key, window}, this->watermark_ms());
    }
  }
  bool CleanUpEnded(std::uint32_t& count) {
    if (this->lateness_ms() == 0) return true;
    auto& windows = keys_.windows();
    for (auto window = windows.begin(); window != windows.end(); window = windows.begin()) {
      const std::int64_t start_ms = window->first;
      const std::int64_t cleanup_ms = SaturatingAdd(start_ms + size_ms_ - 1, this->lateness_ms());
      if (cleanup_ms > this->watermark_ms()) return true;
      auto& fired = window->second.fired;
      while (!fired.empty()) {
        if (count == 0) return false;
        --count;
        Prefetch(start_ms, fired);
        const Key key = fired.TakeLast();
        const std::uint64_t key_hash = StableHash(key);
        table_.Erase(At(key_hash, key, start_ms));
        fired_.Erase(At(key_hash, key, start_ms));
        this->results_.Clear({key_hash, key, WindowAt(start_ms)}, this->watermark_ms());
      }
      keys_.Erase(window);
    }
    return true;
  }
  // The place of a key that is taken some keys later.
  void Prefetch(const std::int64_t& start_ms, const KeyList<Key>& keys) {
    constexpr std::size_t kAhead = 8;
    if (keys.size() <= kAhead) return;
    const Key& ahead = keys.FromEnd(kAhead);
    table_.Prefetch(At(StableHash(ahead), ahead, start_ms));
  }

  const std::int64_t size_ms_;
  std::int64_t offset_ms_ = 0;
  HeapTable<Key, std::int64_t, NoMapKey, Accumulator>& table_;  // by the window's start
  // Windows that have fired and are kept for late records: their keys here as well.
  HeapTable<Key, std::int64_t, NoMapKey, bool>& fired_;
  // Some windows that were restored have fired, the last of them with this end.
  std::int64_t fired_before_ms_ = Watermark().timestamp_ms;
  WindowKeys<Key> keys_;
  std::vector<std::int64_t> starts_ms_;  // by record of the block
};

}  // namespace weir::internal
