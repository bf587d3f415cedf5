// The interval join as a function on two keyed streams. Each side keeps its records for each key by
// their timestamps until the watermark says that no partner can come (Flink's
// IntervalJoinOperator, which forgets them a millisecond earlier).
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/collector.h>
#include <weir/error_policy.h>
#include <weir/functions.h>
#include <weir/internal/function_traits.h>
#include <weir/internal/record_errors.h>
#include <weir/map_state.h>
#include <weir/process_context.h>
#include <weir/side_output.h>
#include <weir/status.h>
#include <weir/watermark_strategy.h>

namespace weir {

namespace internal {
template <class A, class B, class K, class U, class F>
class IntervalJoinFunction;
}  // namespace internal

// What a join function may ask about the pair. Valid during the call.
class ProcessJoinContext {
 public:
  std::int64_t left_timestamp_ms() const { return left_timestamp_ms_; }
  std::int64_t right_timestamp_ms() const { return right_timestamp_ms_; }
  // The larger one, which results have.
  std::int64_t timestamp_ms() const { return context_.timestamp_ms(); }
  std::int64_t current_watermark_ms() const { return context_.current_watermark_ms(); }
  RuntimeContext& runtime() const { return context_.runtime(); }
  // A record for a side output (weir/side_output.h), with that timestamp.
  template <class S, class V>
  void Output(const OutputTag<S>& tag, V&& value) {
    context_.Output(tag, std::forward<V>(value));
  }

 private:
  template <class A, class B, class K, class U, class F>
  friend class internal::IntervalJoinFunction;
  ProcessJoinContext(ProcessContext& context, std::int64_t left_timestamp_ms,
                     std::int64_t right_timestamp_ms)
      : context_(context),
        left_timestamp_ms_(left_timestamp_ms),
        right_timestamp_ms_(right_timestamp_ms) {}

  ProcessContext& context_;
  const std::int64_t left_timestamp_ms_;
  const std::int64_t right_timestamp_ms_;
};

// void f(const A&, const B&, ProcessJoinContext&, Collector<U>&), as operator() or ProcessElement.
template <class F, class A, class B, class U>
concept ProcessJoinFunction =
    !std::is_void_v<U> && std::invocable<internal::ProcessCall<F>&, const A&, const B&,
                                         ProcessJoinContext&, Collector<U>&>;

namespace internal {

template <class A, class B>
struct IntervalJoinSettings {
  std::int64_t lower_ms = 0;
  std::int64_t upper_ms = 0;
  bool lower_exclusive = false;
  bool upper_exclusive = false;
  std::optional<OutputTag<A>> left_late{};
  std::optional<OutputTag<B>> right_late{};

  // The bounds, both included. Only where Check() is ok.
  std::int64_t lowest_ms() const { return lower_ms + (lower_exclusive ? 1 : 0); }
  std::int64_t highest_ms() const { return upper_ms - (upper_exclusive ? 1 : 0); }
  Status Check() const {
    for (const std::int64_t bound_ms : {lower_ms, upper_ms}) {
      if (bound_ms < -kMaximumTimestampMs || bound_ms > kMaximumTimestampMs) {
        return Status::InvalidArgument("IntervalJoin: the bound " + std::to_string(bound_ms) +
                                       " ms is not between -2^62 and 2^62");
      }
    }
    if (lowest_ms() <= highest_ms()) return Status::Ok();
    return Status::InvalidArgument(
        "IntervalJoin: nothing lies between the lower bound " + std::to_string(lower_ms) + " ms" +
        (lower_exclusive ? " (exclusive)" : "") + " and the upper bound " +
        std::to_string(upper_ms) + " ms" + (upper_exclusive ? " (exclusive)" : ""));
  }
};

template <class A, class B, class K, class U, class F>
class IntervalJoinFunction {
 public:
  IntervalJoinFunction(F function, IntervalJoinSettings<A, B> settings)
      : function_(std::move(function)), settings_(std::move(settings)) {}

  auto States() { return std::tie(left_, right_); }
  Status Open(RuntimeContext& context) {
    dropped_ = &context.metrics().counter("numLateRecordsDropped");
    return OpenFunction(function_, context);
  }
  Status Close() { return CloseFunction(function_); }

  void ProcessElement1(const A& left, KeyedProcessContext<K>& context, Collector<U>& out) {
    const std::int64_t time_ms = context.timestamp_ms();
    if (IsLate(left, context, settings_.left_late)) return;
    left_.Mutable(context, time_ms).push_back(left);
    Register(context, time_ms, LeftWaitMs());
    ForEachBetween(right_, context, time_ms + settings_.lowest_ms(),
                   time_ms + settings_.highest_ms(),
                   [&](std::int64_t right_time_ms, const B& right) {
                     Join(left, time_ms, right, right_time_ms, context, out);
                   });
  }
  void ProcessElement2(const B& right, KeyedProcessContext<K>& context, Collector<U>& out) {
    const std::int64_t time_ms = context.timestamp_ms();
    if (IsLate(right, context, settings_.right_late)) return;
    right_.Mutable(context, time_ms).push_back(right);
    Register(context, time_ms, RightWaitMs());
    ForEachBetween(left_, context, time_ms - settings_.highest_ms(),
                   time_ms - settings_.lowest_ms(), [&](std::int64_t left_time_ms, const A& left) {
                     Join(left, left_time_ms, right, time_ms, context, out);
                   });
  }
  // The time is that of the records which go, of either side.
  void OnTimer(std::int64_t time_ms, OnTimerContext<K>& context, Collector<U>&) {
    left_.Remove(context, time_ms - LeftWaitMs());
    right_.Remove(context, time_ms - RightWaitMs());
  }

 private:
  // How long after its time a record can still find a partner that is not late, and one more: no
  // record before the watermark comes any more, but one at it may.
  std::int64_t LeftWaitMs() const { return std::max<std::int64_t>(settings_.highest_ms(), 0) + 1; }
  std::int64_t RightWaitMs() const { return std::max<std::int64_t>(-settings_.lowest_ms(), 0) + 1; }

  // What is due behind the end of all times stays until the end of the job.
  static void Register(KeyedProcessContext<K>& context, std::int64_t time_ms,
                       std::int64_t wait_ms) {
    if (time_ms > kMaximumTimestampMs - wait_ms) return;
    context.TimerService().RegisterEventTimeTimer(time_ms + wait_ms);
  }

  template <class T>
  bool IsLate(const T& record, KeyedProcessContext<K>& context,
              const std::optional<OutputTag<T>>& tag) {
    if (!context.has_timestamp()) {
      throw RecordError(Status::UserError(
          "a record of an interval join has no timestamp; give its source a watermark strategy "
          "with timestamps"));
    }
    if (context.timestamp_ms() >= context.current_watermark_ms()) return false;
    if (tag) {
      context.Output(*tag, record);
    } else {
      dropped_->Increment();
    }
    return true;
  }

  // use(time_ms, record) for each record with a time between these, both included. Whatever takes
  // fewer steps: looking for each time, or at each record.
  template <class T, class Use>
  static void ForEachBetween(const MapState<std::int64_t, std::vector<T>>& records,
                             const KeyedProcessContext<K>& context, std::int64_t first_ms,
                             std::int64_t last_ms, Use&& use) {
    const std::uint32_t times = records.Size(context);
    if (times == 0) return;
    if (last_ms - first_ms < times) {
      for (std::int64_t time_ms = first_ms; time_ms <= last_ms; ++time_ms) {
        const std::vector<T>* found = records.Find(context, time_ms);
        if (found == nullptr) continue;
        for (const T& record : *found) use(time_ms, record);
      }
      return;
    }
    records.ForEach(context, [&](std::int64_t time_ms, const std::vector<T>& at_time) {
      if (time_ms < first_ms || time_ms > last_ms) return;
      for (const T& record : at_time) use(time_ms, record);
    });
  }

  void Join(const A& left, std::int64_t left_time_ms, const B& right, std::int64_t right_time_ms,
            KeyedProcessContext<K>& context, Collector<U>& out) {
    const std::int64_t time_ms = std::max(left_time_ms, right_time_ms);
    context.SetTimestamp(time_ms);
    out.SetTimestamp(time_ms);
    ProcessJoinContext join_context(context, left_time_ms, right_time_ms);
    ProcessCall<F> call{function_};
    CallForPair(context.operator_context(), left, right, time_ms,
                [&] { call(left, right, join_context, out); });
  }

  F function_;
  IntervalJoinSettings<A, B> settings_;
  MapState<std::int64_t, std::vector<A>> left_{"left"};
  MapState<std::int64_t, std::vector<B>> right_{"right"};
  Counter* dropped_ = nullptr;
};

}  // namespace internal
}  // namespace weir
