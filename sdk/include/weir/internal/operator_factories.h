// The factories that the DataStream API puts into the StreamGraph.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/checkpointed_function.h>
#include <weir/internal/operators/connections.h>
#include <weir/internal/operators/sink_writer_operator.h>
#include <weir/internal/operators/source_operator.h>
#include <weir/internal/side_outputs.h>
#include <weir/internal/source_coordinator.h>
#include <weir/internal/stream_graph.h>

namespace weir::internal {

// An operator with output type U, made of a copy of the prototype F.
template <class U, class F, class MadeOperator>
class FunctionOperatorFactory final : public OperatorFactory {
 public:
  explicit FunctionOperatorFactory(F prototype) : prototype_(std::move(prototype)) {}
  std::unique_ptr<Operator> Create(const OperatorContext& context,
                                   AnyInput* output) const override {
    return std::make_unique<MadeOperator>(context, prototype_, static_cast<Input<U>&>(*output));
  }
  std::unique_ptr<AnyInput> CreateFork(std::vector<AnyInput*> consumers) const override {
    return MakeFork<U>(consumers);
  }
  std::unique_ptr<AnyInput> CreateDiscard() const override {
    return std::make_unique<DiscardingInput<U>>();
  }
  bool may_have_side_outputs() const override {
    return requires { requires MadeOperator::kHasSideOutputs; };
  }
  bool handles_errors() const override {
    return requires { requires MadeOperator::kHandlesErrors; };
  }
  std::optional<std::vector<std::string>> declared_side_outputs() const override {
    if constexpr (requires { prototype_.SideOutputs(); }) {
      return prototype_.SideOutputs();
    } else if constexpr (requires { prototype_.function.SideOutputs(); }) {
      return prototype_.function.SideOutputs();  // with the key selector beside it
    } else {
      return std::nullopt;
    }
  }
  std::vector<std::string> operator_state_names() const override {
    F copy(prototype_);  // the function names its states by references to them
    if constexpr (requires { F::kWrapsFunction; }) {
      return OperatorStateNamesOf(copy.function);
    } else {
      return OperatorStateNamesOf(copy);
    }
  }
  std::unique_ptr<AnyInput> CreateMainOutput(AnyInput* output, SideOutputs& sides) const override {
    return std::make_unique<MainOutput<U>>(static_cast<Input<U>&>(*output), sides);
  }

 private:
  const F prototype_;
};

template <class Source>
class SourceOperatorFactory final : public OperatorFactory {
 public:
  using T = typename Source::Record;
  // `groups`: those of the job, for a strategy with watermark alignment.
  SourceOperatorFactory(Source source, WatermarkStrategy<T> strategy,
                        std::shared_ptr<WatermarkAlignmentGroups> groups = nullptr)
      : source_(std::move(source)), strategy_(std::move(strategy)), groups_(std::move(groups)) {}
  std::unique_ptr<Operator> Create(const OperatorContext& context,
                                   AnyInput* output) const override {
    return std::make_unique<SourceOperator<Source>>(context, source_,
                                                    static_cast<Input<T>&>(*output), strategy_);
  }
  std::unique_ptr<AnyInput> CreateFork(std::vector<AnyInput*> consumers) const override {
    return MakeFork<T>(consumers);
  }
  std::unique_ptr<AnyInput> CreateDiscard() const override {
    return std::make_unique<DiscardingInput<T>>();
  }
  std::unique_ptr<OperatorCoordinator> CreateCoordinator(
      CoordinatorContext& context) const override {
    std::unique_ptr<SourceAlignment> alignment;
    if (strategy_.alignment() && groups_) {
      alignment = std::make_unique<SourceAlignment>(*strategy_.alignment(), groups_, context);
    }
    return std::make_unique<SourceCoordinator<Source>>(source_, context, std::move(alignment));
  }
  std::unique_ptr<AnyInput> CreateMainOutput(AnyInput* output, SideOutputs& sides) const override {
    return std::make_unique<MainOutput<T>>(static_cast<Input<T>&>(*output), sides);
  }
  bool has_coordinator() const override { return true; }
  bool handles_errors() const override {
    return requires { requires Source::kReportsBadRecords; };
  }
  bool bounded() const override { return source_.bounded(); }

 private:
  const Source source_;
  const WatermarkStrategy<T> strategy_;
  const std::shared_ptr<WatermarkAlignmentGroups> groups_;  // touched by coordinators only
};

template <class Sink>
class SinkOperatorFactory final : public OperatorFactory {
 public:
  explicit SinkOperatorFactory(Sink sink) : sink_(std::move(sink)) {}
  std::unique_ptr<Operator> Create(const OperatorContext& context, AnyInput*) const override {
    return std::make_unique<SinkWriterOperator<Sink>>(context, sink_);
  }
  std::unique_ptr<AnyInput> CreateFork(std::vector<AnyInput*>) const override { return nullptr; }
  std::unique_ptr<AnyInput> CreateDiscard() const override { return nullptr; }

 private:
  const Sink sink_;
};

}  // namespace weir::internal
