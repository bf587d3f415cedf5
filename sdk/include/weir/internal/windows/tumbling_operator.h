// Tumbling event-time windows that fire when they end: for each key and window one accumulator, or
// the records, in one table, a block of records at a time. Without timers.
//
// Same results as WindowOperator's. Results of a watermark come in the order of their windows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/windows/aggregating_window_operator.h>
#include <weir/internal/windows/tumbling_contents.h>
#include <weir/internal/windows/window_keys.h>

namespace weir::internal {

template <class T, class U, class Specification, class KeySelector>
class TumblingOperator final : public AggregatingWindowOperator<T, U, Specification, KeySelector> {
 public:
  using Base = AggregatingWindowOperator<T, U, Specification, KeySelector>;
  using S = Specification;
  using typename Base::Key;
  using typename Base::Where;

  TumblingOperator(const OperatorContext& context, const typename Base::Prototype& prototype,
                   Input<U>& output)
      : Base(context, prototype, output),
        size_ms_(this->function_.assigner.size_ms()),
        contents_(MakeContents()),
        fired_(this->backend().template Create<Key, std::int64_t, NoMapKey, bool>(kFiredState)) {}

  static std::vector<std::string> StateNames(S& specification) {
    std::vector<std::string> names{Contents::kStateName, kFiredState,
                                   KeyedTimers<Key, TimeWindow>::kEventTimeTable,
                                   KeyedTimers<Key, TimeWindow>::kProcessingTimeTable};
    AddWindowFunctionStates(specification.function, names);
    return names;
  }

  Status Open() override {
    const KeyGroupRange& range = this->backend().range();
    for (std::uint32_t group = range.first; group < range.first + range.count; ++group) {
      contents_.ForEachInGroup(group, [this](const Key& key, const std::int64_t& start_ms) {
        const bool fired = fired_.Find(At(StableHash(key), key, start_ms)) != nullptr;
        auto& keys = keys_.At(start_ms);
        (fired ? keys.fired : keys.waiting).Add(key);
        if (fired) fired_before_ms_ = std::max(fired_before_ms_, start_ms + size_ms_ - 1);
        fired_.Evict();
      });
    }
    return Base::Open();
  }

 protected:
  void Process(Batch<T>& in) override {
    this->context_.Enter();
    this->results_.CleanUp(in.size());
    offset_ms_ = this->OffsetMs();
    if (this->rejects_records()) [[unlikely]] {
      return this->AddEach(in, [this](const auto&... record) { AddOne(record...); });
    }
    std::int64_t earliest_ms = 0;
    if (!this->CheckBlock(in, earliest_ms)) return;
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
  using Aggregation = typename S::Aggregation;
  using Contents = typename TumblingContentsOf<Key, T, Aggregation>::Type;
  using WhereStart = Address<Key, std::int64_t, NoMapKey>;

  static WhereStart At(std::uint64_t key_hash, const Key& key, const std::int64_t& start_ms) {
    static constexpr NoMapKey kNoMapKey;
    return {key_hash, key, start_ms, kNoMapKey};
  }

  Contents MakeContents() {
    if constexpr (S::kAggregates) {
      return Contents(this->backend(), this->aggregation(), this->rejects_records());
    } else {
      return Contents(this->backend());
    }
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
    contents_.AddBlock(in, hash_of, key_of, starts,
                       [&](std::uint32_t i) { keys_.At(starts[i]).waiting.Add(key_of(i)); });
  }
  void AddOne(const T& record, std::int64_t timestamp_ms, std::uint64_t key_hash) {
    const std::int64_t start_ms = WindowStart(timestamp_ms, offset_ms_, size_ms_);
    const std::int64_t last_ms = start_ms + size_ms_ - 1;
    if (SaturatingAdd(last_ms, this->lateness_ms()) <= this->watermark_ms()) {
      this->HandleLate(record, timestamp_ms);
      return;
    }
    const Key& key = this->KeyOf(record);
    const WhereStart where = At(key_hash, key, start_ms);
    const bool inserted = contents_.Add(where, record, timestamp_ms);
    const bool fires = last_ms <= this->watermark_ms() ||
                       (last_ms <= fired_before_ms_ && fired_.Find(where) != nullptr);
    if (inserted) {
      auto& keys = keys_.At(start_ms);
      (fires ? keys.fired : keys.waiting).Add(key);
      if (fires) fired_.FindOrInsert(where) = true;
    }
    if (fires) EmitWindow(where);
  }
  TimeWindow WindowAt(std::int64_t start_ms) const { return {start_ms, start_ms + size_ms_}; }
  void EmitWindow(const WhereStart& where) {
    const FiringWindow firing(this->context_);
    const TimeWindow window = WindowAt(where.name_space);
    contents_.Emit(where, Where{where.key_hash, where.key, window}, this->watermark_ms(),
                   this->results_);
  }

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
    EmitWindow(where);
    if (this->lateness_ms() > 0) {
      fired_.FindOrInsert(where) = true;
      keys.fired.Add(key);
    } else {
      contents_.Erase(where);
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
        contents_.Erase(At(key_hash, key, start_ms));
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
    contents_.Prefetch(At(StableHash(ahead), ahead, start_ms));
  }

  const std::int64_t size_ms_;
  std::int64_t offset_ms_ = 0;
  Contents contents_;
  // Windows that have fired and are kept for late records: their keys here as well.
  const StateTable<Key, std::int64_t, NoMapKey, bool> fired_;
  // Some windows that were restored have fired, the last of them with this end.
  std::int64_t fired_before_ms_ = Watermark().timestamp_ms;
  WindowKeys<Key> keys_;
  std::vector<std::int64_t> starts_ms_;  // by record of the block
};

}  // namespace weir::internal
