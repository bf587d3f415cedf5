// A trigger chosen at run time: all of them in one instantiation of an operator.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <variant>

#include <weir/api.h>

#include "tests/unit/sdk/window_oracle.h"

namespace weir::testing {

struct DeltaOfValues {
  double operator()(const OracleRecord& a, const OracleRecord& b) const {
    return static_cast<double>(std::abs(a.value - b.value));
  }
};

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

}  // namespace weir::testing
