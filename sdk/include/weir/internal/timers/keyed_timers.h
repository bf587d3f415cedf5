// The timers of one operator: event time and processing time, by key, namespace and time.
//
// An operator that is told of a watermark or of processing time advances its timers, then calls
// Fire() until it is true, a part in each step (internal/timers/timer_gate.h), and passes the
// watermark on after that. internal/operators/timed_keyed_operator.h does all this for operators
// with one input.
//
// As in Flink: an event-time timer at or below the current watermark fires with the next watermark,
// or in its turn if timers are being fired; a processing-time timer in the past fires in the next
// step. At the end of event time (kMaximumWatermark) all event-time timers fire; processing-time
// timers that are not due when the input has ended are dropped.
//
// A processing-time timer is due when its millisecond has passed, as an event-time timer is when no
// record of its millisecond is to come: a window's last millisecond belongs to the window (Flink's
// ProcessingTimeServiceUtil.getProcessingTimeDelay()).
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include <weir/internal/operator.h>
#include <weir/internal/state/keyed_state_backend.h>
#include <weir/internal/timers/timer_queue.h>
#include <weir/time_domain.h>
#include <weir/watermark_strategy.h>

namespace weir::internal {

// The task's thread.
template <class K, class N>
class KeyedTimers {
 public:
  // Names of the tables, for StreamNode::state_names.
  static constexpr char kEventTimeTable[] = "weir.event-time-timers";
  static constexpr char kProcessingTimeTable[] = "weir.processing-time-timers";

  // `backend` outlives it.
  KeyedTimers(const OperatorContext& context, KeyedStateBackend& backend)
      : context_(context),
        event_time_(backend, kEventTimeTable),
        processing_time_(backend, kProcessingTimeTable) {}

  // In Operator::Open(), when the tables have been restored.
  void Open() {
    event_time_.RebuildIndex();
    processing_time_.RebuildIndex();
    Arm();
  }

  // False: it is registered already, or the time cannot be, which is reported as the chain's
  // failure. Times are 0 to kMaximumTimestampMs, or kMaximumWatermark for the end of time.
  bool Register(TimeDomain domain, std::uint64_t key_hash, const K& key, const N& name_space,
                std::int64_t time_ms) {
    if (!IsTime(time_ms)) {
      ReportNoTime(domain, time_ms);
      return false;
    }
    if (!Queue(domain).Register(key_hash, key, name_space, time_ms)) return false;
    if (domain == TimeDomain::kProcessingTime && DueAt(time_ms) < armed_ms_) Arm();
    return true;
  }
  // False: there is none.
  bool Delete(TimeDomain domain, std::uint64_t key_hash, const K& key, const N& name_space,
              std::int64_t time_ms) {
    return Queue(domain).Delete(key_hash, key, name_space, time_ms);
  }

  // That of the burst that is being fired, too.
  std::int64_t current_watermark_ms() const { return watermark_ms_; }
  std::int64_t processing_time_ms() const { return context_.chain->processing_time_ms(); }
  std::uint64_t size(TimeDomain domain) const {
    return domain == TimeDomain::kEventTime ? event_time_.size() : processing_time_.size();
  }

  // Timers until there are due. Watermarks only grow.
  void AdvanceWatermark(std::int64_t watermark_ms) {
    watermark_ms_ = watermark_ms;
    event_time_due_ = true;
  }
  void AdvanceProcessingTime(std::int64_t now_ms) {
    armed_ms_ = kNoTimer;  // the chain has forgotten it
    until_ms_ = now_ms - 1;
    processing_time_due_ = true;
  }
  // The input has ended and no timer is due: what is left of processing time is dropped, and is in
  // no checkpoint any more.
  void Finish() {
    processing_time_.Clear();
    Arm();
  }
  // Calls call(domain, const FiredTimer<K, N>&) for due timers, in the order of their times within
  // a domain, looking at `count` at most, which is reduced. True: none is due any more.
  template <class Call>
  bool Fire(std::uint32_t& count, Call&& call) {
    if (event_time_due_) {
      const auto on_event_time = [&call](const auto& timer) {
        call(TimeDomain::kEventTime, timer);
      };
      if (!event_time_.Fire(watermark_ms_, count, on_event_time)) return false;
      event_time_due_ = false;
    }
    if (processing_time_due_) {
      const auto on_processing_time = [&call](const auto& timer) {
        call(TimeDomain::kProcessingTime, timer);
      };
      if (!processing_time_.Fire(until_ms_, count, on_processing_time)) return false;
      processing_time_due_ = false;
      Arm();
    }
    return true;
  }

 private:
  static bool IsTime(std::int64_t time_ms) {
    return (time_ms >= 0 && time_ms <= kMaximumTimestampMs) || time_ms == kMaximumWatermark;
  }
  [[gnu::noinline]] void ReportNoTime(TimeDomain domain, std::int64_t time_ms) {
    const char* const kind =
        domain == TimeDomain::kEventTime ? "an event-time" : "a processing-time";
    context_.failure->Report(Status::UserError(
        std::string(kind) + " timer was registered for " + std::to_string(time_ms) +
        "; times are milliseconds from 0 to 2^62 - 1, or kMaximumWatermark for the end of event "
        "time. Is it computed from a record without a timestamp, or has it overflowed?"));
  }

  TimerQueue<K, N>& Queue(TimeDomain domain) {
    return domain == TimeDomain::kEventTime ? event_time_ : processing_time_;
  }
  // When the clock has passed it; never for the end of time.
  static std::int64_t DueAt(std::int64_t time_ms) {
    return time_ms == kNoTimer ? kNoTimer : time_ms + 1;
  }
  void Arm() {
    const std::int64_t next_ms = DueAt(processing_time_.next_time_ms());
    if (next_ms == armed_ms_) return;
    armed_ms_ = next_ms;
    context_.SetTimer(next_ms);
  }

  const OperatorContext context_;
  TimerQueue<K, N> event_time_;
  TimerQueue<K, N> processing_time_;
  std::int64_t watermark_ms_ = Watermark().timestamp_ms;
  std::int64_t until_ms_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t armed_ms_ = kNoTimer;
  bool event_time_due_ = false;
  bool processing_time_due_ = false;
};

}  // namespace weir::internal
