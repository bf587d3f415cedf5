// The side outputs of one operator in a chain, and how the program describes them.
//
// Records are collected into blocks. They are passed on when a block is full, before a watermark,
// and when the chain is through with its input block. The task's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/collector.h>
#include <weir/internal/input.h>
#include <weir/internal/operator.h>
#include <weir/internal/operators/connections.h>
#include <weir/side_output.h>
#include <weir/status.h>

namespace weir::internal {

// Its address is the type's, within one plugin.
template <class S>
inline constexpr char kTypeMark = 0;

class AnySideCollector {
 public:
  virtual ~AnySideCollector() = default;
  virtual void Finish() = 0;
  virtual AnyInput& input() = 0;
};

template <class S>
class SideCollector final : public AnySideCollector {
 public:
  SideCollector(const OperatorContext& context, Input<S>& input)
      : input_(input), collector_(context, input) {}
  void Finish() override { collector_.Finish(); }
  AnyInput& input() override { return input_; }
  Collector<S>& collector() { return collector_; }

 private:
  Input<S>& input_;
  Collector<S> collector_;
};

// What the program knows of a side output. Const and thread-safe.
class SideOutputFactory {
 public:
  virtual ~SideOutputFactory() = default;
  virtual const void* type() const = 0;
  // `input` takes the records and outlives the collector.
  virtual std::unique_ptr<AnySideCollector> CreateCollector(const OperatorContext& context,
                                                            AnyInput& input) const = 0;
  virtual std::unique_ptr<AnyInput> CreateFork(std::vector<AnyInput*> consumers) const = 0;
};

template <class S>
class TypedSideOutputFactory final : public SideOutputFactory {
 public:
  const void* type() const override { return &kTypeMark<S>; }
  std::unique_ptr<AnySideCollector> CreateCollector(const OperatorContext& context,
                                                    AnyInput& input) const override {
    return std::make_unique<SideCollector<S>>(context, static_cast<Input<S>&>(input));
  }
  std::unique_ptr<AnyInput> CreateFork(std::vector<AnyInput*> consumers) const override {
    return MakeFork<S>(consumers);
  }
};

class SideOutputs {
 public:
  void Add(std::string id, const void* type, std::unique_ptr<AnySideCollector> collector) {
    outputs_.push_back({std::move(id), type, std::move(collector)});
  }

  // Ok also when nobody gets this tag.
  template <class S>
  Status Emit(const OutputTag<S>& tag, S value, std::int64_t timestamp_ms) {
    for (Output& output : outputs_) {
      if (output.id != tag.id()) continue;
      if (output.type != &kTypeMark<S>) {
        return Status::UserError("side output '" + tag.id() +
                                 "' is put out with another type than it is got with");
      }
      static_cast<SideCollector<S>&>(*output.collector)
          .collector()
          .CollectWithTimestamp(std::move(value), timestamp_ms);
      return Status::Ok();
    }
    return Status::Ok();
  }

  void Finish() {
    for (Output& output : outputs_) output.collector->Finish();
  }
  void OnWatermark(Watermark watermark) {
    for (Output& output : outputs_) output.collector->input().OnWatermark(watermark);
  }
  void OnWatermarkStatus(WatermarkStatus status) {
    for (Output& output : outputs_) output.collector->input().OnWatermarkStatus(status);
  }

 private:
  struct Output {
    std::string id;
    const void* type = nullptr;
    std::unique_ptr<AnySideCollector> collector;
  };
  std::vector<Output> outputs_;
};

// The main output of an operator that has side outputs: gives those its watermarks, too.
template <class U>
class MainOutput final : public Input<U> {
 public:
  MainOutput(Input<U>& output, SideOutputs& sides) : output_(output), sides_(sides) {}
  void Push(Batch<U>& block) override { output_.Push(block); }
  void OnWatermark(Watermark watermark) override {
    sides_.Finish();
    sides_.OnWatermark(watermark);
    output_.OnWatermark(watermark);
  }
  void OnWatermarkStatus(WatermarkStatus status) override {
    sides_.Finish();
    sides_.OnWatermarkStatus(status);
    output_.OnWatermarkStatus(status);
  }

 private:
  Input<U>& output_;
  SideOutputs& sides_;
};

}  // namespace weir::internal
