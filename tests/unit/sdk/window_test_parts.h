// Assigners, triggers and evictors chosen at run time, so that one instantiation of an operator
// meets all of them; and functions that show what a window held.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <weir/api.h>

#include "tests/unit/sdk/window_oracle.h"

namespace weir::testing {

struct GapOfRecord {
  std::int64_t operator()(const OracleRecord& record) const { return record.gap_ms; }
};
struct DeltaOfValues {
  double operator()(const OracleRecord& a, const OracleRecord& b) const {
    return static_cast<double>(std::abs(a.value - b.value));
  }
};

template <bool kInEventTime, bool kMerges, class... Assigners>
struct AnyAssigner {
  using Window = TimeWindow;
  static constexpr bool kEventTime = kInEventTime;
  static constexpr bool kMerging = kMerges;
  std::variant<Assigners...> assigner;
  Status Check() const {
    return std::visit([](const auto& each) { return each.Check(); }, assigner);
  }
  NeverTrigger DefaultTrigger() const { return {}; }
  Status AssignWindows(const OracleRecord& record, std::int64_t timestamp_ms,
                       const WindowAssignerContext& context, auto&& emit) {
    return std::visit(
        [&](auto& each) {
          if constexpr (std::is_void_v<decltype(each.AssignWindows(record, timestamp_ms, context,
                                                                   emit))>) {
            each.AssignWindows(record, timestamp_ms, context, emit);
            return Status::Ok();
          } else {
            return each.AssignWindows(record, timestamp_ms, context, emit);
          }
        },
        assigner);
  }
};
using AnyEventTimeAssigner =
    AnyAssigner<true, false, TumblingEventTimeWindows, SlidingEventTimeWindows>;
using AnyProcessingTimeAssigner =
    AnyAssigner<false, false, TumblingProcessingTimeWindows, SlidingProcessingTimeWindows>;
using AnyEventTimeSession =
    AnyAssigner<true, true, EventTimeSessionWindows,
                decltype(EventTimeSessionWindows::WithDynamicGap(GapOfRecord()))>;
using AnyProcessingTimeSession =
    AnyAssigner<false, true, ProcessingTimeSessionWindows,
                decltype(ProcessingTimeSessionWindows::WithDynamicGap(GapOfRecord()))>;

inline AnyEventTimeAssigner EventTimeAssigner(const OraclePlan& plan) {
  if (plan.size_ms == plan.slide_ms) {
    return {TumblingEventTimeWindows::Of(plan.size_ms, plan.offset_ms)};
  }
  return {SlidingEventTimeWindows::Of(plan.size_ms, plan.slide_ms, plan.offset_ms)};
}
inline AnyProcessingTimeAssigner ProcessingTimeAssigner(const OraclePlan& plan) {
  if (plan.size_ms == plan.slide_ms) {
    return {TumblingProcessingTimeWindows::Of(plan.size_ms, plan.offset_ms)};
  }
  return {SlidingProcessingTimeWindows::Of(plan.size_ms, plan.slide_ms, plan.offset_ms)};
}
inline AnyEventTimeSession EventTimeSession(const OraclePlan& plan) {
  if (!plan.dynamic_gap) return {EventTimeSessionWindows::WithGap(plan.gap_ms)};
  return {EventTimeSessionWindows::WithDynamicGap(GapOfRecord())};
}
inline AnyProcessingTimeSession ProcessingTimeSession(const OraclePlan& plan) {
  if (!plan.dynamic_gap) return {ProcessingTimeSessionWindows::WithGap(plan.gap_ms)};
  return {ProcessingTimeSessionWindows::WithDynamicGap(GapOfRecord())};
}

// A trigger of a user's own, with a state that merges. `Part` of it is the chosen trigger's.
struct AnyTrigger {
  using Delta = DeltaTriggerOf<OracleRecord, DeltaOfValues>;
  struct State {
    CountTrigger::State count{};
    internal::NextFiring next{};
    OracleRecord fired{};
    bool has_fired = false;
  };
  static constexpr bool kCanMerge = true;
  std::variant<EventTimeTrigger, ProcessingTimeTrigger, CountTrigger, ContinuousEventTimeTrigger,
               ContinuousProcessingTimeTrigger, Delta, NeverTrigger, EndOfStreamTrigger>
      trigger;
  bool purging = false;

  // Shows a trigger its own part of the state.
  template <class Context, class Part>
  struct PartOfState {
    Context& context;
    Part State::* part;
    std::int64_t current_watermark_ms() const { return context.current_watermark_ms(); }
    std::int64_t processing_time_ms() const { return context.processing_time_ms(); }
    void RegisterEventTimeTimer(std::int64_t time_ms) { context.RegisterEventTimeTimer(time_ms); }
    void DeleteEventTimeTimer(std::int64_t time_ms) { context.DeleteEventTimeTimer(time_ms); }
    void RegisterProcessingTimeTimer(std::int64_t time_ms) {
      context.RegisterProcessingTimeTimer(time_ms);
    }
    void DeleteProcessingTimeTimer(std::int64_t time_ms) {
      context.DeleteProcessingTimeTimer(time_ms);
    }
    const Part* FindState() const {
      const State* state = context.FindState();
      if (state == nullptr) return nullptr;
      if (std::is_same_v<Part, OracleRecord> && !state->has_fired) return nullptr;
      return &(state->*part);
    }
    Part& MutableState() {
      State& state = context.MutableState();
      state.has_fired = true;
      return state.*part;
    }
    void ClearState() { context.ClearState(); }
    template <class Combine>
    void MergeStates(Combine&& combine) {
      context.MergeStates([&](State& into, const State& from) { combine(into.*part, from.*part); });
    }
  };

  template <class Context, class Call>
  decltype(auto) Visit(Context& context, Call&& call) {
    return std::visit(
        [&](auto& each) {
          using Each = std::remove_cvref_t<decltype(each)>;
          if constexpr (std::is_same_v<Each, CountTrigger>) {
            PartOfState<Context, CountTrigger::State> part{context, &State::count};
            return call(each, part);
          } else if constexpr (std::is_same_v<Each, Delta>) {
            PartOfState<Context, OracleRecord> part{context, &State::fired};
            return call(each, part);
          } else {
            PartOfState<Context, internal::NextFiring> part{context, &State::next};
            return call(each, part);
          }
        },
        trigger);
  }

  TriggerResult Result(TriggerResult result) const {
    return purging && IsFire(result) ? TriggerResult::kFireAndPurge : result;
  }
  TriggerResult OnElement(const OracleRecord& record, std::int64_t timestamp_ms, const auto& window,
                          auto& context) {
    return Result(Visit(context, [&](auto& each, auto& part) {
      return each.OnElement(record, timestamp_ms, window, part);
    }));
  }
  TriggerResult OnEventTime(std::int64_t time_ms, const auto& window, auto& context) {
    return Result(Visit(context, [&](auto& each, auto& part) {
      return internal::OnEventTime(each, time_ms, window, part);
    }));
  }
  TriggerResult OnProcessingTime(std::int64_t time_ms, const auto& window, auto& context) {
    return Result(Visit(context, [&](auto& each, auto& part) {
      return internal::OnProcessingTime(each, time_ms, window, part);
    }));
  }
  void OnMerge(const auto& window, auto& context) {
    Visit(context, [&](auto& each, auto& part) { internal::OnMerge(each, window, part); });
  }
  void Clear(const auto& window, auto& context) {
    Visit(context, [&](auto& each, auto& part) { internal::ClearTrigger(each, window, part); });
  }
};
inline AnyTrigger TriggerOf(const OraclePlan& plan) {
  const std::int64_t argument = plan.trigger_argument;
  switch (plan.trigger) {
    case OracleTrigger::kEventTime:
      return {EventTimeTrigger::Create(), plan.purging};
    case OracleTrigger::kProcessingTime:
      return {ProcessingTimeTrigger::Create(), plan.purging};
    case OracleTrigger::kCount:
      return {CountTrigger::Of(argument), plan.purging};
    case OracleTrigger::kContinuousEventTime:
      return {ContinuousEventTimeTrigger::Of(argument), plan.purging};
    case OracleTrigger::kContinuousProcessingTime:
      return {ContinuousProcessingTimeTrigger::Of(argument), plan.purging};
    case OracleTrigger::kDelta:
      return {DeltaTrigger<OracleRecord>(static_cast<double>(argument), DeltaOfValues()),
              plan.purging};
    case OracleTrigger::kNever:
      return {NeverTrigger(), plan.purging};
    case OracleTrigger::kEndOfStream:
      return {EndOfStreamTrigger(), plan.purging};
  }
  return {};
}

struct AnyEvictor {
  std::variant<CountEvictor, TimeEvictor, DeltaEvictor<DeltaOfValues>> evictor;
  void EvictBefore(EvictableElements<OracleRecord>& elements, const auto& window) {
    std::visit([&](auto& each) { each.EvictBefore(elements, window); }, evictor);
  }
  void EvictAfter(EvictableElements<OracleRecord>& elements, const auto& window) {
    std::visit([&](auto& each) { each.EvictAfter(elements, window); }, evictor);
  }
};
inline AnyEvictor EvictorOf(const OraclePlan& plan) {
  const EvictWhen when = plan.evict_after ? EvictWhen::kAfter : EvictWhen::kBefore;
  if (plan.evictor == OracleEvictor::kCount) {
    return {CountEvictor::Of(plan.evictor_argument, when)};
  }
  if (plan.evictor == OracleEvictor::kTime) return {TimeEvictor::Of(plan.evictor_argument, when)};
  return {DeltaEvictor(static_cast<double>(plan.evictor_argument), DeltaOfValues(), when)};
}

// What a window held when it fired: in any order, or in the order of arrival.
struct Contents {
  std::int64_t count = 0;
  std::int64_t sum = 0;
  std::uint64_t order = 0;
  auto operator<=>(const Contents&) const = default;
};
inline void AddTo(Contents& contents, std::int64_t value, bool ordered) {
  ++contents.count;
  contents.sum += value;
  if (ordered) contents.order = contents.order * 31 + static_cast<std::uint64_t>(value);
}
struct Shown {
  std::int64_t key = 0;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  Contents contents{};
  std::int64_t timestamp_ms = 0;
  auto operator<=>(const Shown&) const = default;
};

struct SumContents {
  Contents CreateAccumulator() const { return {}; }
  void Add(const OracleRecord& record, Contents& contents) const {
    AddTo(contents, record.value, false);
  }
  void Merge(Contents& into, const Contents& from) const {
    into.count += from.count;
    into.sum += from.sum;
  }
  Contents GetResult(const Contents& contents) const { return contents; }
};

template <class W>
std::pair<std::int64_t, std::int64_t> BoundsOf(const W& window) {
  if constexpr (std::is_same_v<W, TimeWindow>) {
    return {window.start_ms, window.end_ms};
  } else {
    return {0, INT64_MAX};
  }
}

template <class W>
struct ShowResult {
  void Process(const std::int64_t& key, WindowContext<std::int64_t, W>& context,
               const WindowElements<Contents>& elements, Collector<Shown>& out) {
    const auto [start, end] = BoundsOf(context.window());
    out.Collect({key, start, end, elements[0], context.timestamp_ms()});
  }
};
template <class W>
struct ShowRecords {
  void Process(const std::int64_t& key, WindowContext<std::int64_t, W>& context,
               const WindowElements<OracleRecord>& elements, Collector<Shown>& out) {
    const auto [start, end] = BoundsOf(context.window());
    Contents contents;
    for (const OracleRecord& record : elements) AddTo(contents, record.value, true);
    out.Collect({key, start, end, contents, context.timestamp_ms()});
  }
};

}  // namespace weir::testing
