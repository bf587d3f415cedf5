// Chains of 64-bit numbers whose behaviour a test gives as functions, and the job they are part of.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/internal/compiled_job.h>

namespace weir::task {

using Number = std::int64_t;
using Numbers = internal::Batch<Number>;

// Numbers as words behind their timestamps. Counts the batches that were ever made: with recycling
// that bounds those that exist.
class NumberChannelType final : public internal::ChannelType {
 public:
  std::unique_ptr<internal::AnyBatch> NewBatch(std::uint32_t capacity) const override {
    ++made_;
    return std::make_unique<Numbers>(capacity);
  }
  std::uint32_t Encode(const internal::AnyBatch& any, std::uint32_t from, std::size_t soft_limit,
                       std::vector<std::byte>& out, std::size_t& used) const override {
    out.resize(used);
    const auto& batch = static_cast<const Numbers&>(any);
    while (from < batch.size() && out.size() < soft_limit) {
      const std::int64_t words[2] = {batch.timestamp(from), batch[from]};
      const auto* bytes = reinterpret_cast<const std::byte*>(words);
      out.insert(out.end(), bytes, bytes + sizeof(words));
      ++from;
    }
    used = out.size();
    return from;
  }
  Result<std::size_t> Decode(std::span<const std::byte> bytes,
                             internal::AnyBatch& any) const override {
    auto& batch = static_cast<Numbers&>(any);
    std::size_t used = 0;
    std::int64_t words[2];
    while (!batch.full() && used < bytes.size()) {
      if (bytes.size() - used < sizeof(words)) return Status::Corruption("half a number");
      std::memcpy(words, bytes.data() + used, sizeof(words));
      batch.Next(words[0]) = words[1];
      used += sizeof(words);
    }
    return used;
  }
  bool ships_key_hashes() const override { return false; }
  const std::string& type_name() const override { return name_; }
  std::int64_t made() const { return made_.load(); }

 private:
  mutable std::atomic<std::int64_t> made_{0};
  std::string name_ = "std::int64_t";
};

class TestChain;

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
    return true;
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
    vertex.operators = {{.name = name + " head"}, {.name = name + " tail"}};
    graph_.vertices.push_back(std::move(vertex));
    behaviours_.push_back(std::move(behaviour));
    return static_cast<std::uint32_t>(graph_.vertices.size() - 1);
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
