// Chains of 64-bit numbers whose behaviour a test gives as functions, and the job they are part of.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/internal/compiled_job.h>

#include "tests/unit/taskmanager_task/number_channel_type.h"

namespace weir::task {

class TestChain;

// What a chain does in checkpoints; what is not given does nothing and has no state.
struct CheckpointHooks {
  std::vector<internal::ChainedKeyedTable> tables;
  std::function<void(std::vector<internal::ChainedOperatorState>)> restore;
  std::function<Result<bool>(const internal::Barrier&)> prepare;
  std::function<Result<std::vector<internal::ChainedOperatorState>>(std::uint64_t)> snapshot;
  std::function<bool()> awaits;
  std::function<Status(std::uint64_t, bool complete)> end;
};

// What a chain does; what is not given does nothing (a source: ends at once).
struct ChainHooks {
  std::function<Status(TestChain&)> open;
  std::function<Result<internal::PollStatus>(TestChain&)> poll;
  std::function<Status(TestChain&, std::uint32_t input, Numbers&)> batch;
  std::function<Status(TestChain&, std::uint32_t input, std::int64_t)> watermark;
  std::function<Status(TestChain&, std::uint32_t input, bool idle)> status;
  std::function<Status(TestChain&, std::uint32_t input)> end;
  std::function<Status(TestChain&, std::uint32_t, std::string_view)> event;
  std::function<Status(TestChain&, std::int64_t now_ms)> processing_time;
  std::function<Result<bool>(TestChain&)> drain;
  std::function<bool()> holds_input;
  std::function<bool()> timers_due;
  std::function<Status(TestChain&)> fire_timers;
  std::function<Result<bool>(TestChain&)> finish;
  std::function<void(TestChain&)> flush;
  std::function<Status(TestChain&)> close;
  CheckpointHooks checkpoint;
};

class TestChain final : public internal::Chain {
 public:
  TestChain(ChainHooks hooks, internal::ChainContext& chain_context,
            const internal::CompiledJob& job, std::vector<std::uint32_t> output_edges)
      : context(chain_context),
        hooks_(std::move(hooks)),
        job_(job),
        output_edges_(std::move(output_edges)),
        open_(chain_context.output_count()) {
    for (std::uint32_t i = 0; i < open_.size(); ++i) open_[i].resize(context.channel_count(i));
  }

  internal::ChainContext& context;

  // To the channel that the number chooses.
  void Emit(std::uint32_t output, Number number, std::int64_t timestamp_ms = 0) {
    const std::uint32_t channels = context.channel_count(output);
    EmitTo(output, static_cast<std::uint32_t>(static_cast<std::uint64_t>(number) % channels),
           number, timestamp_ms);
  }
  void EmitTo(std::uint32_t output, std::uint32_t channel, Number number,
              std::int64_t timestamp_ms = 0) {
    auto& batch = open_[output][channel];
    if (batch == nullptr) batch = NewBatch(output, channel);
    batch->Next(timestamp_ms) = number;
    if (batch->full()) context.channel(output, channel).Write(std::move(batch));
  }
  void EmitControl(const internal::ControlElement& element) {
    for (std::uint32_t output = 0; output < open_.size(); ++output) {
      for (std::uint32_t channel = 0; channel < open_[output].size(); ++channel) {
        Ship(output, channel);
        context.channel(output, channel).WriteControl(element);
      }
    }
  }

  Status Open() override { return hooks_.open ? hooks_.open(*this) : Status::Ok(); }
  Result<internal::PollStatus> Poll() override {
    if (!hooks_.poll) return internal::PollStatus::kEndOfInput;
    return hooks_.poll(*this);
  }
  Status OnBatch(std::uint32_t input, internal::AnyBatch& batch) override {
    return hooks_.batch ? hooks_.batch(*this, input, static_cast<Numbers&>(batch)) : Status::Ok();
  }
  Status OnWatermark(std::uint32_t input, internal::Watermark watermark) override {
    return hooks_.watermark ? hooks_.watermark(*this, input, watermark.timestamp_ms) : Status::Ok();
  }
  Status OnWatermarkStatus(std::uint32_t input, internal::WatermarkStatus status) override {
    return hooks_.status ? hooks_.status(*this, input, status.idle) : Status::Ok();
  }
  Status OnEndOfInput(std::uint32_t input) override {
    return hooks_.end ? hooks_.end(*this, input) : Status::Ok();
  }
  Status OnCoordinatorEvent(std::uint32_t index, std::string_view payload) override {
    return hooks_.event ? hooks_.event(*this, index, payload) : Status::Ok();
  }
  Status OnProcessingTime(std::int64_t now_ms) override {
    return hooks_.processing_time ? hooks_.processing_time(*this, now_ms) : Status::Ok();
  }
  Result<bool> Drain() override { return hooks_.drain ? hooks_.drain(*this) : Result<bool>(true); }
  bool HoldsInput() const override { return hooks_.holds_input && hooks_.holds_input(); }
  bool timers_due() const override { return hooks_.timers_due && hooks_.timers_due(); }
  Status FireTimers() override { return hooks_.fire_timers(*this); }
  void Flush() override {
    if (hooks_.flush) hooks_.flush(*this);
    for (std::uint32_t output = 0; output < open_.size(); ++output) {
      for (std::uint32_t channel = 0; channel < open_[output].size(); ++channel) {
        if (open_[output][channel] == nullptr) continue;
        if (context.channel(output, channel).HasCredit()) Ship(output, channel);
      }
    }
  }
  Result<bool> Finish() override {
    if (hooks_.finish) {
      WEIR_ASSIGN_OR_RETURN(const bool finished, hooks_.finish(*this));
      if (!finished) return false;
    }
    EmitControl(internal::EndOfInput{});
    ended_ = true;
    return true;
  }
  std::vector<internal::ChainedKeyedTable> keyed_tables() override {
    return hooks_.checkpoint.tables;
  }
  void RestoreOperatorState(std::vector<internal::ChainedOperatorState> restored) override {
    if (hooks_.checkpoint.restore) hooks_.checkpoint.restore(std::move(restored));
  }
  Result<bool> PrepareCheckpoint(const internal::Barrier& barrier) override {
    return hooks_.checkpoint.prepare ? hooks_.checkpoint.prepare(barrier) : Result<bool>(true);
  }
  Result<std::vector<internal::ChainedOperatorState>> SnapshotOperatorState(
      std::uint64_t checkpoint_id) override {
    if (hooks_.checkpoint.snapshot) return hooks_.checkpoint.snapshot(checkpoint_id);
    return std::vector<internal::ChainedOperatorState>();
  }
  void EmitBarrier(const internal::Barrier& barrier) override {
    if (!ended_) EmitControl(barrier);
  }
  bool AwaitsCheckpoint() const override {
    return hooks_.checkpoint.awaits && hooks_.checkpoint.awaits();
  }
  Status NotifyCheckpointComplete(std::uint64_t checkpoint_id) override {
    return hooks_.checkpoint.end ? hooks_.checkpoint.end(checkpoint_id, true) : Status::Ok();
  }
  Status NotifyCheckpointAborted(std::uint64_t checkpoint_id) override {
    return hooks_.checkpoint.end ? hooks_.checkpoint.end(checkpoint_id, false) : Status::Ok();
  }
  Status Close() override { return hooks_.close ? hooks_.close(*this) : Status::Ok(); }

 private:
  std::unique_ptr<Numbers> NewBatch(std::uint32_t output, std::uint32_t channel) {
    auto any = context.channel(output, channel).TakeRecycled();
    if (any == nullptr) {
      any = job_.channel_type(output_edges_[output]).NewBatch(context.batch_capacity(output));
    }
    return std::unique_ptr<Numbers>(static_cast<Numbers*>(any.release()));
  }
  void Ship(std::uint32_t output, std::uint32_t channel) {
    auto& batch = open_[output][channel];
    if (batch == nullptr) return;
    context.channel(output, channel).Write(std::move(batch));
  }

  const ChainHooks hooks_;
  const internal::CompiledJob& job_;
  const std::vector<std::uint32_t> output_edges_;
  std::vector<std::vector<std::unique_ptr<Numbers>>> open_;
  bool ended_ = false;
};

// A job of such chains.
class TestJob final : public internal::CompiledJob {
 public:
  // Makes the hooks of one subtask's chain, anew for each attempt.
  using Behaviour = std::function<ChainHooks(internal::ChainContext&)>;

  std::uint32_t AddSource(std::string name, std::uint32_t parallelism, Behaviour behaviour) {
    const std::uint32_t vertex = AddVertex(std::move(name), parallelism, std::move(behaviour));
    graph_.vertices[vertex].is_source = true;
    return vertex;
  }
  std::uint32_t AddVertex(std::string name, std::uint32_t parallelism, Behaviour behaviour) {
    internal::JobVertex vertex{
        .id = std::string(31, '0') + std::to_string(graph_.vertices.size() % 10),
        .name = name,
        .parallelism = parallelism};
    vertex.operators = {{.id = OperatorId(vertex.id, 0), .name = name + " head"},
                        {.id = OperatorId(vertex.id, 1), .name = name + " tail"}};
    graph_.vertices.push_back(std::move(vertex));
    behaviours_.push_back(std::move(behaviour));
    return static_cast<std::uint32_t>(graph_.vertices.size() - 1);
  }
  static std::string OperatorId(const std::string& vertex_id, std::uint32_t index) {
    return std::to_string(index) + vertex_id.substr(1);
  }
  void AddEdge(std::uint32_t source, std::uint32_t target, std::uint32_t input = 0,
               internal::Partitioning partitioning = internal::Partitioning::kKeyGroup) {
    graph_.edges.push_back({.source_vertex = source,
                            .target_vertex = target,
                            .target_input = input,
                            .partitioning = partitioning,
                            .type_name = type_.type_name()});
  }
  void SetBlocking(std::uint32_t vertex) { graph_.vertices[vertex].blocking = true; }
  const NumberChannelType& type() const { return type_; }

  const internal::JobGraph& graph() const override { return graph_; }
  std::unique_ptr<internal::Chain> CreateChain(std::uint32_t vertex,
                                               internal::ChainContext& context) const override {
    std::vector<std::uint32_t> outputs;
    for (std::uint32_t i = 0; i < graph_.edges.size(); ++i) {
      if (graph_.edges[i].source_vertex == vertex) outputs.push_back(i);
    }
    return std::make_unique<TestChain>(behaviours_[vertex](context), context, *this,
                                       std::move(outputs));
  }
  std::unique_ptr<internal::OperatorCoordinator> CreateCoordinator(
      std::uint32_t, std::uint32_t, internal::CoordinatorContext&) const override {
    return nullptr;
  }
  const internal::ChannelType& channel_type(std::uint32_t) const override { return type_; }

 private:
  internal::JobGraph graph_{.name = "test"};
  std::vector<Behaviour> behaviours_;
  NumberChannelType type_;
};

}  // namespace weir::task
