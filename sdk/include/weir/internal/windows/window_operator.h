// Windows of every kind: any assigner, trigger, evictor and window function, as Flink's
// WindowOperator, EvictingWindowOperator and (through MergingWindows) sessions.
//
// For each record: its windows; in each that is not late, its contents, its trigger, and a timer
// that cleans up at the window's end, with the allowed lateness in event time. A window in event
// time is late when the watermark has reached its clean-up time; a record that was in no window
// that is not late goes to LateRecords if it is itself older than the watermark allows. Windows of
// processing time are never late. The task's thread.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/operators/timed_keyed_operator.h>
#include <weir/internal/record_errors.h>
#include <weir/internal/windows/merging_windows.h>
#include <weir/internal/windows/window_arithmetic.h>
#include <weir/internal/windows/window_emission.h>
#include <weir/internal/windows/window_output.h>
#include <weir/internal/windows/window_specification.h>
#include <weir/internal/windows/window_trigger_context.h>
#include <weir/watermark_strategy.h>
#include <weir/windowing/time_window_assigners.h>

namespace weir::internal {

template <class T, class U, class Specification, class KeySelector>
class WindowOperator final
    : public TimedKeyedOperator<T, U, Specification, KeySelector, typename Specification::Window> {
 public:
  using S = Specification;
  using W = typename S::Window;
  using Base = TimedKeyedOperator<T, U, S, KeySelector, W>;
  using Key = typename Base::Key;
  using Where = WindowAddress<Key, W>;
  using TriggerContext =
      WindowTriggerContext<Key, W, typename TriggerStateOf<typename S::Trigger>::Type>;
  static constexpr bool kEventTime = S::Assigner::kEventTime;
  static constexpr bool kHasSideOutputs = true;
  static constexpr bool kHandlesErrors = true;

  WindowOperator(const OperatorContext& context, const typename Base::Prototype& prototype,
                 Input<U>& output)
      : Base(context, prototype, output),
        contents_(MakeContents(this->backend(), this->function_, context.errors != nullptr)),
        trigger_context_(this->backend(), this->timers()),
        merging_(MakeMerging(this->backend())),
        results_(context, this->function_.function, this->backend(), output),
        late_records_(context, this->function_.late_records) {}

  // Of what the operator keeps, for StreamNode::state_names.
  static std::vector<std::string> StateNames(S& specification) {
    std::vector<std::string> names{Contents::kStateName, KeyedTimers<Key, W>::kEventTimeTable,
                                   KeyedTimers<Key, W>::kProcessingTimeTable};
    if constexpr (TriggerContext::kHasState) names.push_back(TriggerContext::kStateName);
    if constexpr (S::kMerging) names.push_back(MergingWindows<Key, W>::kStateName);
    AddWindowFunctionStates(specification.function, names);
    return names;
  }

 protected:
  void Process(Batch<T>& in) override {
    this->context_.Enter();
    results_.CleanUp(in.size());
    const WindowAssignerContext assigner_context{this->timers().processing_time_ms(), subtask()};
    this->WithHashes(in, [&](auto&& hash_of) {
      ForEachRecordUntilError(this->context_, in, [&](std::uint32_t i) {
        return Add(assigner_context, in[i], in.timestamp(i), hash_of(i));
      });
    });
    results_.Finish();
  }
  bool FireDue(std::uint32_t& count) override {
    this->context_.Enter();
    const bool all = this->timers().Fire(count, [this](TimeDomain domain, const auto& timer) {
      OnTimer(domain, {timer.key_hash, timer.key, timer.name_space}, timer.time_ms);
    });
    results_.Finish();
    return all;
  }

 private:
  static constexpr bool kKeepsRecords = !S::kAggregates || S::kEvicts;
  using Contents = typename ContentsOf<Key, S, kKeepsRecords>::Type;
  struct NoMerging {};
  using Merging = std::conditional_t<S::kMerging, MergingWindows<Key, W>, NoMerging>;

  static Contents MakeContents(KeyedStateBackend& backend, [[maybe_unused]] S& specification,
                               [[maybe_unused]] bool rejects) {
    if constexpr (kKeepsRecords) {
      return Contents(backend);
    } else {
      return Contents(backend, specification.aggregation, rejects);
    }
  }
  static Merging MakeMerging([[maybe_unused]] KeyedStateBackend& backend) {
    if constexpr (S::kMerging) return Merging(backend);
    if constexpr (!S::kMerging) return Merging();
  }

  std::uint32_t subtask() { return this->context_.chain->runtime().subtask_index(); }
  std::int64_t watermark_ms() { return this->timers().current_watermark_ms(); }

  // --- a record ---

  Status Add(const WindowAssignerContext& assigner_context, const T& record,
             std::int64_t timestamp_ms, std::uint64_t key_hash) {
    if constexpr (kEventTime) {
      WEIR_RETURN_IF_ERROR(CheckWindowTimestamp(timestamp_ms, subtask()));
    }
    const Key& key = this->KeyOf(record);
    bool in_a_window = false;
    Status failure;
    const auto add = [&](const W& window) {
      if (!failure.ok()) return;
      failure = CheckEnd(window, timestamp_ms);
      if (failure.ok()) in_a_window |= AddToWindow({key_hash, key, window}, record, timestamp_ms);
    };
    auto& assigner = this->function_.assigner;
    if constexpr (std::is_void_v<decltype(assigner.AssignWindows(record, timestamp_ms,
                                                                 assigner_context, add))>) {
      assigner.AssignWindows(record, timestamp_ms, assigner_context, add);
    } else {
      Status assigned = assigner.AssignWindows(record, timestamp_ms, assigner_context, add);
      if (!assigned.ok()) return AtRecord(std::move(assigned), timestamp_ms);
    }
    WEIR_RETURN_IF_ERROR(failure);
    if constexpr (kEventTime) {
      if (!in_a_window && SaturatingAdd(timestamp_ms, lateness_ms()) <= watermark_ms()) {
        late_records_.Handle(record, timestamp_ms);
      }
    }
    return Status::Ok();
  }

  // False: the window is late.
  bool AddToWindow(const Where& where, const T& record, std::int64_t timestamp_ms) {
    if constexpr (S::kMerging) {
      const WindowMerge<W>& merge = merging_.Plan(where.key_hash, where.key, where.window);
      if (IsLate(merge.window)) return false;
      const Where merged{where.key_hash, where.key, merge.window};
      const Where state{where.key_hash, where.key, merge.state_window};
      contents_.Prepare(state, merge.merged_windows, record);
      merging_.Commit(where.key_hash, where.key);
      if (merge.changed) OnMerged(merged, state, merge);
      AddAndTrigger(merged, state, record, timestamp_ms);
    } else {
      if (IsLate(where.window)) return false;
      AddAndTrigger(where, where, record, timestamp_ms);
    }
    return true;
  }
  void AddAndTrigger(const Where& where, const Where& state, const T& record,
                     std::int64_t timestamp_ms) {
    contents_.Add(state, record, timestamp_ms);
    trigger_context_.SetWindow(where);
    Do(this->function_.trigger.OnElement(record, timestamp_ms, where.window, trigger_context_),
       where, state);
    const std::int64_t cleanup_ms = CleanupTime(where.window);
    if (cleanup_ms == kMaximumWatermark) return;  // never
    this->timers().Register(kCleanupDomain, where.key_hash, where.key, where.window, cleanup_ms);
  }
  void OnMerged(const Where& where, const Where& state, const WindowMerge<W>& merge) {
    const FiringWindow merging(this->context_);  // half of a merge is no record to reject
    trigger_context_.SetWindow(where, &merge.merged_windows);
    OnMerge(this->function_.trigger, where.window, trigger_context_);
    for (const WindowMapping<W>& replaced : merge.merged_windows) {
      const Where gone{where.key_hash, where.key, replaced.window};
      trigger_context_.SetWindow(gone);
      ClearTrigger(this->function_.trigger, gone.window, trigger_context_);
      trigger_context_.DropState();
      this->timers().Delete(kCleanupDomain, gone.key_hash, gone.key, gone.window,
                            CleanupTime(gone.window));
      if (replaced.state_window == merge.state_window) continue;
      contents_.Merge(state, {where.key_hash, where.key, replaced.state_window});
    }
  }

  // --- a timer ---

  void OnTimer(TimeDomain domain, const Where& where, std::int64_t time_ms) {
    const W* state_window = &where.window;
    if constexpr (S::kMerging) {
      state_window = merging_.StateWindowOf(where.key_hash, where.key, where.window);
      if (state_window == nullptr) return;  // of a trigger that did not delete it
    }
    const W state_copy = *state_window;
    const Where state{where.key_hash, where.key, state_copy};
    trigger_context_.SetWindow(where);
    auto& trigger = this->function_.trigger;
    Do(domain == TimeDomain::kEventTime
           ? OnEventTime(trigger, time_ms, where.window, trigger_context_)
           : OnProcessingTime(trigger, time_ms, where.window, trigger_context_),
       where, state);
    if (domain == kCleanupDomain && time_ms == CleanupTime(where.window)) CleanUp(where, state);
  }
  void CleanUp(const Where& where, const Where& state) {
    contents_.Clear(state);
    trigger_context_.SetWindow(where);
    ClearTrigger(this->function_.trigger, where.window, trigger_context_);
    trigger_context_.DropState();
    results_.Clear(where, watermark_ms());
    if constexpr (S::kMerging) merging_.Retire(where.key_hash, where.key, where.window);
  }

  void Do(TriggerResult result, const Where& where, const Where& state) {
    if (IsFire(result)) {
      const FiringWindow firing(this->context_);
      emission_.Emit(this->function_, contents_, where, state, watermark_ms(), results_);
    }
    if (IsPurge(result)) contents_.Clear(state);
  }

  // --- times ---

  static constexpr TimeDomain kCleanupDomain =
      kEventTime ? TimeDomain::kEventTime : TimeDomain::kProcessingTime;
  std::int64_t lateness_ms() const { return this->function_.allowed_lateness_ms; }
  // The maximum: never.
  std::int64_t CleanupTime(const W& window) const {
    return kEventTime ? SaturatingAdd(window.MaxTimestamp(), lateness_ms()) : window.MaxTimestamp();
  }
  bool IsLate(const W& window) { return kEventTime && CleanupTime(window) <= watermark_ms(); }
  // So that every timer is a time (internal/timers/keyed_timers.h).
  Status CheckEnd(const W& window, std::int64_t timestamp_ms) {
    const std::int64_t cleanup_ms = CleanupTime(window);
    if (cleanup_ms <= kMaximumTimestampMs || cleanup_ms == kMaximumWatermark) [[likely]] {
      return Status::Ok();
    }
    return AtRecord(Status::UserError("the window " + ToString(window) +
                                      ", with the allowed lateness, ends behind 2^62 - 1"),
                    timestamp_ms);
  }
  Status AtRecord(const Status& failure, std::int64_t timestamp_ms) {
    return failure.WithContext("a record with the timestamp " + std::to_string(timestamp_ms) +
                               " (subtask " + std::to_string(subtask()) + ")");
  }

  Contents contents_;
  TriggerContext trigger_context_;
  [[no_unique_address]] Merging merging_;
  WindowOutput<Key, W, U, typename S::Function> results_;
  LateRecords<T> late_records_;
  WindowEmission<S, Key> emission_;
};

}  // namespace weir::internal
