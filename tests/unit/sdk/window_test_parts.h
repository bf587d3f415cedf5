// Assigners and evictors chosen at run time, so that one instantiation of an operator
// meets all of them; and functions that show what a window held.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <weir/api.h>

#include "tests/unit/sdk/any_trigger.h"
#include "tests/unit/sdk/window_oracle.h"

namespace weir::testing {

struct GapOfRecord {
  std::int64_t operator()(const OracleRecord& record) const { return record.gap_ms; }
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
