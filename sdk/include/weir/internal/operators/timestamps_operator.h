// AssignTimestampsAndWatermarks: event time made anew within the stream.
#pragma once

#include <weir/internal/operators/event_time.h>

namespace weir::internal {

// Watermarks and idleness of the input mean nothing behind it, but for the end of the input.
template <class T>
class TimestampsOperator final : public Operator, public Input<T> {
 public:
  TimestampsOperator(const OperatorContext& context, const WatermarkStrategy<T>& strategy,
                     Input<T>& output)
      : context_(context), output_(output), event_time_(context, strategy, output) {}

  Status Open() override {
    event_time_.Open();
    split_ = event_time_.AddSplit();
    return Status::Ok();
  }
  AnyInput* input(std::uint32_t) override { return this; }
  void Push(Batch<T>& block) override {
    context_.Enter();
    Status timed = event_time_.OnRecords(split_, block.records(), block.timestamps(), block.size());
    if (!timed.ok()) {
      context_.failure->Report(std::move(timed));
      return;
    }
    event_time_.Wake();
    output_.Push(block);
    event_time_.AfterPush();
  }
  void OnWatermark(Watermark watermark) override {
    if (watermark.timestamp_ms == kMaximumWatermark) event_time_.End();
  }
  void OnWatermarkStatus(WatermarkStatus) override {}
  Status OnProcessingTime(std::int64_t now_ms) override {
    event_time_.OnProcessingTime(now_ms);
    return Status::Ok();
  }

 private:
  const OperatorContext context_;
  Input<T>& output_;
  EventTime<T> event_time_;
  std::uint32_t split_ = 0;
};

}  // namespace weir::internal
