// Event time: where the timestamps of records come from, and how far time has come.
//
//   auto strategy = weir::WatermarkStrategy<Order>::ForBoundedOutOfOrderness(5'000)
//                       .WithTimestampAssigner([](const Order& order, std::int64_t) {
//                         return order.time_ms;
//                       })
//                       .WithIdleness(60'000);
//   env.FromSource(source, strategy, "orders")
//
// Times are milliseconds since the epoch, from 0 to kMaximumTimestampMs. A source runs one
// generator for each of its splits (for Kafka: partitions) and emits the smallest of their
// watermarks; splits that have ended or are idle do not hold it back. Watermarks never go back: a
// lower one than before is not emitted. Nothing is dropped here; what is late is for windows and
// timers to say.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/internal/control_element.h>
#include <weir/internal/event_time_functions.h>
#include <weir/status.h>

namespace weir {

// The largest event timestamp that a record may have: leaves room for windows and delays.
inline constexpr std::int64_t kMaximumTimestampMs = (std::int64_t{1} << 62) - 1;

// Where a generator puts its watermarks.
class WatermarkOutput {
 public:
  // No record with this timestamp or an older one is expected any more. The highest of all calls
  // counts, and it is emitted behind the records that were handled together with this one. Ends an
  // idleness that MarkIdle() began.
  void EmitWatermark(std::int64_t timestamp_ms) {
    watermark_ms_ = std::max(watermark_ms_, timestamp_ms);
    marked_idle_ = false;
  }
  // What comes from here does not hold back the watermark, until the next EmitWatermark() or
  // MarkActive(). Rarely needed: see WatermarkStrategy::WithIdleness().
  void MarkIdle() { marked_idle_ = true; }
  void MarkActive() { marked_idle_ = false; }
  // Milliseconds since the epoch.
  std::int64_t processing_time_ms() const { return processing_time_ms_; }

  // For the operator.
  std::int64_t watermark_ms() const { return watermark_ms_; }
  bool marked_idle() const { return marked_idle_; }
  void SetProcessingTime(std::int64_t time_ms) { processing_time_ms_ = time_ms; }

 private:
  std::int64_t watermark_ms_ = internal::Watermark().timestamp_ms;
  std::int64_t processing_time_ms_ = 0;
  bool marked_idle_ = false;
};

// Copied for each split, called by the task's thread. OnEvent: for every record; a generator that
// emits there is a punctuated one. OnPeriodicEmit (may be missing): every
// `pipeline.auto-watermark-interval`.
template <class G, class T>
concept WatermarkGenerator =
    std::copy_constructible<G> &&
    requires(G& generator, const T& record, std::int64_t timestamp_ms, WatermarkOutput& output) {
      generator.OnEvent(record, timestamp_ms, output);
    };

// std::int64_t f(const T& record, std::int64_t record_timestamp): `record_timestamp` is what the
// source gave the record, or internal::kNoTimestamp. Also std::int64_t f(const T&).
template <class F, class T>
concept TimestampAssigner = std::copy_constructible<F> &&
                            (std::is_invocable_r_v<std::int64_t, F&, const T&, std::int64_t> ||
                             std::is_invocable_r_v<std::int64_t, F&, const T&>);

// Sources and splits that wait for each other in event time (WithWatermarkAlignment).
struct WatermarkAlignment {
  std::string group;
  std::int64_t max_drift_ms = 0;
  std::int64_t update_interval_ms = 0;
};

// A value: the With… methods return a changed copy. Wrong arguments are reported when the job is
// submitted.
template <class T>
class WatermarkStrategy {
 public:
  // Records may have timestamps, but time does not advance before the end of the input.
  static WatermarkStrategy NoWatermarks() { return WatermarkStrategy(); }
  // Timestamps never go back within a split.
  static WatermarkStrategy ForMonotonousTimestamps() { return ForBoundedOutOfOrderness(0); }
  // A record is at most so much older than the newest one before it in its split.
  static WatermarkStrategy ForBoundedOutOfOrderness(std::int64_t max_out_of_orderness_ms) {
    WatermarkStrategy strategy =
        ForGenerator(internal::BoundedOutOfOrdernessWatermarks{max_out_of_orderness_ms});
    strategy.Check("the out-of-orderness", max_out_of_orderness_ms, 0);
    return strategy;
  }
  // An own generator: see WatermarkGenerator above.
  template <WatermarkGenerator<T> G>
  static WatermarkStrategy ForGenerator(G prototype) {
    WatermarkStrategy strategy;
    strategy.generator_ =
        std::make_shared<const internal::TypedGeneratorFactory<T, G, WatermarkOutput>>(
            std::move(prototype));
    return strategy;
  }

  // Replaces the timestamps that the source gave its records; see TimestampAssigner above.
  template <TimestampAssigner<T> F>
  WatermarkStrategy WithTimestampAssigner(F assigner) const {
    WatermarkStrategy changed = *this;
    changed.assigner_ =
        std::make_shared<const internal::TypedAssignerFactory<T, F>>(std::move(assigner));
    return changed;
  }
  // A split that had no record for so long does not hold back the watermark until it has one. Time
  // in which its reader was held up (by back pressure, or because it was not scheduled) does not
  // count.
  WatermarkStrategy WithIdleness(std::int64_t timeout_ms) const {
    WatermarkStrategy changed = *this;
    changed.Check("the idleness timeout", timeout_ms, 1);
    changed.idle_timeout_ms_ = timeout_ms;
    return changed;
  }
  // Splits of all sources of the group that are more than `max_drift_ms` ahead of the slowest one
  // are not read until that has caught up. What a reader has fetched is still let through, so
  // splits run ahead by a little more. The slowest is looked for every `update_interval_ms`, and
  // up to ten times as often while it moves fast. A reader counts as soon as all its splits have a
  // watermark, so a split without records needs WithIdleness(); splits that are idle or have ended
  // hold nobody back. For sources, whose reader pauses single splits (SourceReader::
  // PauseOrResumeSplits) where it reads several at once.
  WatermarkStrategy WithWatermarkAlignment(std::string group, std::int64_t max_drift_ms,
                                           std::int64_t update_interval_ms = 1000) const {
    WatermarkStrategy changed = *this;
    changed.Check("the maximum drift", max_drift_ms, 0);
    changed.Check("the alignment's update interval", update_interval_ms, 1);
    changed.alignment_ = WatermarkAlignment{std::move(group), max_drift_ms, update_interval_ms};
    if (changed.failure_.ok() && !changed.generator_) {
      changed.failure_ =
          Status::InvalidArgument("WatermarkStrategy: the alignment group '" +
                                  changed.alignment_->group + "' is of no use without watermarks");
    }
    return changed;
  }

  // For operators. Null where there is none.
  const std::shared_ptr<const internal::GeneratorFactory<T, WatermarkOutput>>& generator() const {
    return generator_;
  }
  const std::shared_ptr<const internal::AssignerFactory<T>>& assigner() const { return assigner_; }
  const std::optional<std::int64_t>& idle_timeout_ms() const { return idle_timeout_ms_; }
  const std::optional<WatermarkAlignment>& alignment() const { return alignment_; }
  // What is wrong with the arguments.
  const Status& failure() const { return failure_; }
  // For an operator that is no source.
  Status FailureWithoutSplits() const {
    if (!failure_.ok() || !alignment_) return failure_;
    return Status::InvalidArgument("WatermarkStrategy: only a source can be aligned (group '" +
                                   alignment_->group + "'); give the strategy to FromSource");
  }

 private:
  void Check(const char* what, std::int64_t value_ms, std::int64_t minimum_ms) {
    if (!failure_.ok() || (value_ms >= minimum_ms && value_ms <= kMaximumTimestampMs)) return;
    failure_ = Status::InvalidArgument(std::string("WatermarkStrategy: ") + what + " is " +
                                       std::to_string(value_ms) + " ms; it must be from " +
                                       std::to_string(minimum_ms) + " to 2^62 - 1");
  }

  std::shared_ptr<const internal::GeneratorFactory<T, WatermarkOutput>> generator_;
  std::shared_ptr<const internal::AssignerFactory<T>> assigner_;
  std::optional<std::int64_t> idle_timeout_ms_;
  std::optional<WatermarkAlignment> alignment_;
  Status failure_;
};

}  // namespace weir
