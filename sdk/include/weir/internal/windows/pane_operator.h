// Sliding event-time windows that are aggregated and fire when they end, over shared panes: one
// entry for each key with an accumulator for each pane, so a record costs one update however many
// windows it is in. A window fires as a walk over the table, group by group in hash order.
//
// Same results as WindowOperator's for functions that are associative and commutative, in the order
// of windows. Kept beside the panes: for each key group, under one of its keys, the first window
// that has not fired.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/windows/aggregating_window_operator.h>
#include <weir/internal/windows/group_walk.h>
#include <weir/internal/windows/lagging_visits.h>
#include <weir/internal/windows/pane_accumulators.h>
#include <weir/internal/windows/pane_merge.h>
#include <weir/internal/windows/pane_progress.h>
#include <weir/internal/windows/pane_schedule.h>

namespace weir::internal {

template <class T, class U, class Specification, class KeySelector>
class PaneOperator final : public AggregatingWindowOperator<T, U, Specification, KeySelector> {
 public:
  using Base = AggregatingWindowOperator<T, U, Specification, KeySelector>;
  using S = Specification;
  using Accumulator = typename S::Aggregation::Accumulator;
  using typename Base::Key;
  using typename Base::Where;

  PaneOperator(const OperatorContext& context, const typename Base::Prototype& prototype,
               Input<U>& output)
      : Base(context, prototype, output),
        layout_(this->function_.assigner.size_ms(), this->function_.assigner.slide_ms(),
                this->OffsetMs()),
        table_(this->backend().template Create<Key, NoNamespace, NoMapKey, Panes>(
            S::Aggregation::kStateName)),
        progress_(this->backend()),
        range_(this->backend().range()),
        schedule_(layout_, this->lateness_ms()) {}

  static std::vector<std::string> StateNames(S& specification) {
    std::vector<std::string> names{S::Aggregation::kStateName, PaneProgress<Key>::kStateName,
                                   KeyedTimers<Key, TimeWindow>::kEventTimeTable,
                                   KeyedTimers<Key, TimeWindow>::kProcessingTimeTable};
    AddWindowFunctionStates(specification.function, names);
    return names;
  }

  Status Open() override {
    for (std::uint32_t i = 0; i < range_.count; ++i) {
      table_.ForEachInGroup(
          range_.first + i, [this](const auto&, const auto&, const auto&, const Panes& panes) {
            panes.ForEach(kNoPane + 1, std::numeric_limits<std::int64_t>::max(),
                          [this](std::int64_t pane, const auto&) { schedule_.Note(pane); });
          });
    }
    restored_progress_ = progress_.Restore();
    return Base::Open();
  }

 protected:
  void Process(Batch<T>& in) override {
    this->context_.Enter();
    this->results_.CleanUp(in.size());
    if (this->rejects_records()) [[unlikely]] {
      return this->AddEach(in, [this](const auto&... record) { AddOne(record...); });
    }
    std::int64_t earliest_ms = 0;
    if (!this->CheckBlock(in, earliest_ms)) return;
    // No record is in a window that has fired, and each is in one.
    const bool on_time = layout_.panes_per_slide() <= layout_.panes_per_window() &&
                         layout_.FirstWindow(layout_.PaneOf(earliest_ms)) >=
                             std::max(schedule_.next_window(), restored_progress_);
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
    const bool all = FireEnded(count);
    this->results_.Finish();
    return all;
  }

 private:
  using Panes = PaneAccumulators<Accumulator>;

  static Address<Key, NoNamespace, NoMapKey> At(std::uint64_t key_hash, const Key& key) {
    static constexpr NoNamespace kNoNamespace;
    static constexpr NoMapKey kNoMapKey;
    return {key_hash, key, kNoNamespace, kNoMapKey};
  }
  TimeWindow WindowAt(std::int64_t window) const {
    return {layout_.StartOf(window), layout_.EndOf(window)};
  }
  std::pair<std::int64_t, std::int64_t> PanesOf(std::int64_t window) const {
    return {layout_.FirstPane(window), layout_.EndPane(window)};
  }

  // --- records ---

  template <class HashOf>
  void AddBlock(Batch<T>& in, HashOf& hash_of) {
    const std::int64_t* const timestamps = in.timestamps();
    std::int64_t pane = layout_.PaneOf(timestamps[0]);
    std::int64_t start_ms = layout_.PaneStart(pane);
    table_.UpsertBlock(
        in.size(), hash_of, [&](std::uint32_t i) -> decltype(auto) { return this->KeyOf(in[i]); },
        [](std::uint32_t) { return NoNamespace(); }, [](std::uint32_t) { return Panes(); },
        [&](std::uint32_t i, Panes& panes, bool) {
          if (static_cast<std::uint64_t>(timestamps[i] - start_ms) >=
              static_cast<std::uint64_t>(layout_.pane_ms())) {
            pane = layout_.PaneOf(timestamps[i]);
            start_ms = layout_.PaneStart(pane);
          }
          AddToPane(panes, pane, std::as_const(in[i]));
        });
  }
  void AddToPane(Panes& panes, std::int64_t pane, const T& record) {
    bool inserted = false;
    Accumulator& accumulator = panes.FindOrInsert(pane, schedule_.first_live_pane(), inserted);
    if (!inserted) {
      this->aggregation().Add(record, accumulator);
      return;
    }
    accumulator = this->aggregation().First(record);
    schedule_.Note(pane);
  }
  void AddOne(const T& record, std::int64_t timestamp_ms, std::uint64_t key_hash) {
    const std::int64_t pane = layout_.PaneOf(timestamp_ms);
    const std::int64_t first_window = layout_.FirstWindow(pane);
    const std::int64_t last_window = layout_.LastWindow(pane);
    if (first_window > last_window || pane < schedule_.first_live_pane()) {
      return this->HandleLate(record, timestamp_ms);
    }
    const Key& key = this->KeyOf(record);
    Panes& panes = table_.FindOrInsert(At(key_hash, key));
    if (!this->rejects_records()) {
      AddToPane(panes, pane, record);
    } else if (AddToCopyOfPane(panes, pane, schedule_.first_live_pane(), this->aggregation(),
                               record)) {
      schedule_.Note(pane);
    }
    // Windows that have fired fire again, but for those that are late.
    const std::uint32_t group = KeyGroupOf(key_hash, range_.max_parallelism) - range_.first;
    const std::int64_t next = std::max(schedule_.next_window(), progress_.next_window(group));
    const std::int64_t first = std::max(first_window, schedule_.first_live_window());
    const std::int64_t end = std::min(next, last_window + 1);
    for (std::int64_t window = first; window < end; ++window) {
      FireKey(window, {key_hash, key, WindowAt(window)}, panes);
    }
    if (first >= end || next == progress_.next_window(group)) return;
    progress_.HasKey(group, key);
    progress_.SetNextWindow(group, next);
  }

  // --- the watermark ---

  // False: `count` is used up.
  bool FireEnded(std::uint32_t& count) {
    schedule_.Advance(this->watermark_ms());
    while (const std::optional<std::int64_t> window = schedule_.NextWindow()) {
      if (!groups_.Go(count, [&](std::uint32_t group) { return FireGroup(*window, group); })) {
        return false;
      }
      schedule_.Fired(*window);
    }
    schedule_.Expire();
    if (schedule_.any_live() || table_.size() == 0) {
      groups_.Restart();  // an earlier share may have been used up by the last entries
      return true;
    }
    return groups_.Go(count, [this](std::uint32_t group) { return EraseGroup(group); });
  }
  // All of a group in one go, which are as many as it returns: a snapshot then finds a window fired
  // for a group or not.
  std::uint32_t FireGroup(std::int64_t window, std::uint32_t number) {
    if (window < progress_.next_window(number)) return 0;
    const auto [first, end] = PanesOf(window);
    const TimeWindow time_window = WindowAt(window);
    const std::int64_t first_needed = schedule_.FirstPaneNeededAfter(window);
    std::uint32_t keys = 0;
    const auto fire = [&](const Key& key, const Panes& panes) {
      const Where where{StableHash(key), key, time_window};
      if (const auto* all = merge_.OfNext(panes, first, end, where.key_hash, this->aggregation())) {
        this->Emit(where, *all);
      }
      if (panes.newest() < first_needed) expired_keys_.push_back(key);
    };
    LaggingVisits<Key, Panes, decltype(fire)> visits(fire);
    table_.ForEachInGroup(range_.first + number,
                          [&](const Key& key, NoNamespace, NoMapKey, const Panes& panes) {
                            if (keys++ == 0) progress_.HasKey(number, key);
                            if (table_.in_store()) {
                              fire(key, panes);  // it does not stay where it is
                            } else {
                              visits.Add(key, panes);
                            }
                          });
    visits.Finish();
    EraseExpired();
    progress_.SetNextWindow(number, window + 1);
    return keys;
  }
  void FireKey(std::int64_t window, const Where& where, const Panes& panes) {
    const auto [first, end] = PanesOf(window);
    if (const auto* all = merge_.Of(panes, first, end, this->aggregation())) {
      this->Emit(where, *all);
    }
  }
  // Nothing in the table is live.
  std::uint32_t EraseGroup(std::uint32_t number) {
    table_.ForEachInGroup(range_.first + number,
                          [this](const Key& key, const auto&...) { expired_keys_.push_back(key); });
    return EraseExpired();
  }
  std::uint32_t EraseExpired() {
    const auto count = static_cast<std::uint32_t>(expired_keys_.size());
    for (const Key& key : expired_keys_) table_.EraseAndEvict(At(StableHash(key), key));
    expired_keys_.clear();
    return count;
  }

  const PaneLayout layout_;
  const StateTable<Key, NoNamespace, NoMapKey, Panes> table_;
  PaneProgress<Key> progress_;
  const KeyGroupRange range_;
  PaneSchedule schedule_;
  std::int64_t restored_progress_ = kNoPane;  // of all groups
  GroupWalk groups_{range_.count};            // of what is under way in FireEnded()
  PaneMerge<Accumulator> merge_;
  std::vector<Key> expired_keys_;
};

}  // namespace weir::internal
