// Timestamps and watermarks as a source and AssignTimestampsAndWatermarks make them: assigns, asks
// the splits' generators, and emits what the splits have in common.
//
// Generators see a block at a time, and what they emit goes out behind it. The task's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/internal/input.h>
#include <weir/internal/operator.h>
#include <weir/internal/split_alignment.h>
#include <weir/internal/split_watermarks.h>
#include <weir/internal/watermark_alignment_group.h>
#include <weir/watermark_strategy.h>

namespace weir::internal {

template <class T>
class EventTime {
 public:
  // What is given outlives it.
  EventTime(const OperatorContext& context, const WatermarkStrategy<T>& strategy, AnyInput& output)
      : context_(context),
        output_(output),
        strategy_(strategy),
        interval_ms_(strategy.generator() && strategy.generator()->periodic()
                         ? context.chain->auto_watermark_interval_ms()
                         : 0),
        watermarks_(InNanos(strategy.idle_timeout_ms()), context.chain->unhindered_time_ns()) {
    if (strategy.assigner()) assigner_ = strategy.assigner()->Create();
    if (strategy.alignment()) alignment_.emplace(*strategy.alignment());
  }

  // Whether the strategy has anything to do.
  static bool Needed(const WatermarkStrategy<T>& strategy) {
    return strategy.generator() || strategy.assigner() || strategy.idle_timeout_ms() ||
           strategy.alignment();
  }

  void Open() {
    if (interval_ms_ > 0 && !strategy_.generator()->only_after_events()) SetNextEmission();
    Arm();
  }
  std::uint32_t AddSplit() {
    const std::uint32_t split = watermarks_.Add(Now());
    if (generators_.size() <= split) generators_.resize(split + 1);
    generators_[split] = Generator();
    if (alignment_) alignment_->splits.Add(split);
    if (strategy_.generator()) generators_[split].generator = strategy_.generator()->Create();
    Publish();
    Arm();
    return split;
  }
  void RemoveSplit(std::uint32_t split) {
    AskPeriodically(split);
    watermarks_.Remove(split, Now());
    if (alignment_) alignment_->splits.Remove(split);
    generators_[split] = Generator();
    Publish();
    Arm();
  }

  // Records of one split, before they are pushed; then Wake(). Gives them their timestamps. The
  // error names a timestamp that cannot be.
  Status OnRecords(std::uint32_t split, const T* records, std::int64_t* timestamps,
                   std::uint32_t count) {
    if (assigner_) assigner_->Assign(records, timestamps, count);
    if (assigner_ || strategy_.generator()) {
      WEIR_RETURN_IF_ERROR(CheckTimestamps(timestamps, count));
    }
    watermarks_.OnRecords(split, Now());
    if (!strategy_.generator()) return Status::Ok();
    Generator& generator = generators_[split];
    if (strategy_.generator()->asks_for_time())
      generator.output.SetProcessingTime(context_.chain->processing_time_ms());
    generator.generator->OnEvents(records, timestamps, count, generator.output);
    Hear(split);
    // Not a whole interval later: by then a split may be far ahead.
    if (alignment_ && strategy_.generator()->only_after_events()) AskPeriodically(split);
    if (interval_ms_ > 0 && !next_emission_ms_) {
      SetNextEmission();
      Arm();
    }
    return Status::Ok();
  }
  // An idle source that has records is active before they are pushed.
  void Wake() {
    if (idle_ && !watermarks_.idle()) {
      SetIdle(false);
      Arm();
    }
  }
  // After they were pushed: what the generators emitted.
  void AfterPush() {
    if (heard_) Publish();
  }

  void OnProcessingTime(std::int64_t now_ms) {
    if (next_emission_ms_ && *next_emission_ms_ <= now_ms) {
      next_emission_ms_.reset();
      for (std::uint32_t i = 0; i < generators_.size(); ++i) AskPeriodically(i);
      if (!strategy_.generator()->only_after_events()) SetNextEmission();
    }
    watermarks_.PassTime(Now());
    Publish();
    Arm();
  }
  // The end of the input is the end of event time.
  void End() {
    context_.SetTimer(kNoTimer);
    output_.OnWatermark({kMaximumWatermark});
    if (alignment_) SendReport(kMaximumWatermark);
  }

  // Watermark alignment. The group's coordinator said how far this reader may go.
  Status OnMaxAllowedWatermark(std::span<const std::byte> content) {
    WEIR_ASSIGN_OR_RETURN(const std::int64_t watermark_ms, DecodeWatermarkContent(content));
    if (alignment_) alignment_->splits.SetMaxAllowed(watermark_ms);
    return Status::Ok();
  }
  // Null without alignment.
  const SplitAlignment* alignment() const { return alignment_ ? &alignment_->splits : nullptr; }
  // Which splits are to be paused or resumed since the last call.
  SplitAlignment::Change TakeAlignmentChange() {
    SplitAlignment::Change change = alignment_->splits.TakeChange();
    if (change.empty()) return change;
    for (const std::uint32_t split : change.pause) watermarks_.SetPaused(split, true, Now());
    for (const std::uint32_t split : change.resume) watermarks_.SetPaused(split, false, Now());
    Arm();
    return change;
  }

 private:
  struct Generator {
    std::unique_ptr<ErasedGenerator<T, WatermarkOutput>> generator;
    WatermarkOutput output;
  };
  struct Alignment {
    explicit Alignment(const WatermarkAlignment& alignment) : reports(alignment) {}
    SplitAlignment splits;
    WatermarkReports reports;
  };

  static std::optional<std::int64_t> InNanos(const std::optional<std::int64_t>& time_ms) {
    constexpr std::int64_t kLongestMs = std::int64_t{1} << 43;  // fits in nanoseconds
    if (!time_ms) return std::nullopt;
    return std::min(*time_ms, kLongestMs) * kNanosPerMilli;
  }
  std::int64_t Now() const { return context_.chain->unhindered_time_ns(); }

  Status CheckTimestamps(const std::int64_t* timestamps, std::uint32_t count) const {
    std::uint64_t bits = 0;  // of all of them; the range ends below a power of two
    for (std::uint32_t i = 0; i < count; ++i) bits |= static_cast<std::uint64_t>(timestamps[i]);
    if (bits <= static_cast<std::uint64_t>(kMaximumTimestampMs)) [[likely]] {
      return Status::Ok();
    }
    const std::int64_t* wrong = std::find_if(timestamps, timestamps + count, [](std::int64_t time) {
      return time < 0 || time > kMaximumTimestampMs;
    });
    if (*wrong == kNoTimestamp) {
      return Status::UserError(
          assigner_ ? "the timestamp assigner gave a record no timestamp"
                    : "a record of the source has no timestamp; give the watermark strategy a "
                      "WithTimestampAssigner");
    }
    return Status::UserError("a record has the timestamp " + std::to_string(*wrong) + " from the " +
                             (assigner_ ? "timestamp assigner" : "source") +
                             "; event timestamps are milliseconds from 0 to 2^62 - 1");
  }

  void AskPeriodically(std::uint32_t split) {
    if (interval_ms_ == 0 || !generators_[split].generator) return;
    generators_[split].output.SetProcessingTime(context_.chain->processing_time_ms());
    generators_[split].generator->OnPeriodicEmit(generators_[split].output);
    Hear(split);
  }
  void Hear(std::uint32_t split) {
    const WatermarkOutput& output = generators_[split].output;
    heard_ = watermarks_.OnGenerator(split, output.watermark_ms(), output.marked_idle()) || heard_;
    if (alignment_) alignment_->splits.OnWatermark(split, output.watermark_ms());
  }
  void Publish() {
    heard_ = false;
    const bool idle = watermarks_.idle();
    if (idle_ && !idle) SetIdle(false);
    if (const auto watermark_ms = watermarks_.TakeWatermark()) {
      output_.OnWatermark({*watermark_ms});
    }
    if (!idle_ && idle) SetIdle(true);
    if (alignment_) Report();
  }
  void Report() {
    if (!idle_ && watermarks_.announced_ms() == Watermark().timestamp_ms) return;
    WatermarkReports& reports = alignment_->reports;
    reports.OnWatermark(idle_ ? kMaximumWatermark : watermarks_.announced_ms());
    const auto report_ms = reports.Take(context_.chain->processing_time_ms());
    if (report_ms) SendReport(*report_ms);
    Arm();
  }
  void SendReport(std::int64_t watermark_ms) {
    context_.chain->SendToCoordinator(
        context_.operator_index,
        EncodeWatermarkMessage(SourceMessage::kReportWatermark, watermark_ms));
  }
  void SetIdle(bool idle) {
    idle_ = idle;
    output_.OnWatermarkStatus({idle});
  }

  void SetNextEmission() {
    next_emission_ms_ = context_.chain->processing_time_ms() + interval_ms_;
  }
  // For the next emission, or the next split that may become idle.
  void Arm() {
    std::int64_t next_ms = next_emission_ms_.value_or(kNoTimer);
    if (const auto idle_ns = watermarks_.next_idle_ns()) {
      const std::int64_t wait_ns = std::max<std::int64_t>(*idle_ns - Now(), 0);
      next_ms = std::min(next_ms, context_.chain->processing_time_ms() +
                                      (wait_ns + kNanosPerMilli - 1) / kNanosPerMilli);
    }
    if (alignment_) next_ms = std::min(next_ms, alignment_->reports.next_ms().value_or(kNoTimer));
    context_.SetTimer(next_ms);
  }

  static constexpr std::int64_t kNanosPerMilli = 1'000'000;

  const OperatorContext context_;
  AnyInput& output_;
  const WatermarkStrategy<T> strategy_;
  const std::int64_t interval_ms_;
  SplitWatermarks watermarks_;
  std::unique_ptr<ErasedAssigner<T>> assigner_;
  std::vector<Generator> generators_;  // by split
  std::optional<Alignment> alignment_;
  std::optional<std::int64_t> next_emission_ms_;
  bool heard_ = false;  // a generator has said something since the last Publish()
  bool idle_ = false;
};

}  // namespace weir::internal
