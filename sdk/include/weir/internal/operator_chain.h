// A chain of operators, built from its plan for one subtask and driven by the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/internal/operator.h>
#include <weir/internal/operator_timers.h>
#include <weir/internal/record_errors.h>
#include <weir/internal/side_outputs.h>
#include <weir/internal/stream_graph.h>
#include <weir/status.h>

namespace weir::internal {

// Where the records of an operator go: to another operator of the chain, or out of it.
struct ChainConsumer {
  bool chained = false;
  std::uint32_t index = 0;  // of the operator in the chain, or of the outgoing edge
};

struct PlannedSideOutput {
  SideOutput output;
  std::vector<ChainConsumer> consumers;
};

struct PlannedOperator {
  std::string id;  // OperatorDescription::id
  std::string name;
  std::shared_ptr<const OperatorFactory> factory;
  std::vector<ChainConsumer> consumers;  // in the order of the program
  std::vector<PlannedSideOutput> side_outputs;
  ErrorPolicy error_policy = ErrorPolicy::kFail;
};

struct PlannedOutput {
  std::shared_ptr<const EdgeFactory> factory;
  Partitioning partitioning = Partitioning::kForward;
  std::uint32_t target_max_parallelism = 128;
};

struct ChainPlan {
  bool is_source = false;
  std::vector<PlannedOperator> operators;    // head first; consumers come after their producer
  std::vector<PlannedOutput> outputs;        // outgoing edges of the vertex, in order
  std::vector<std::uint32_t> input_numbers;  // by incoming edge: the head's input number
};

class OperatorChain final : public Chain {
 public:
  // Both outlive the chain.
  OperatorChain(const ChainPlan& plan, ChainContext& context);

  std::vector<ChainedKeyedTable> keyed_tables() override;
  Result<bool> PrepareCheckpoint(const Barrier& barrier) override;
  void EmitBarrier(const Barrier& barrier) override;
  bool AwaitsCheckpoint() const override;
  void RestoreOperatorState(std::vector<ChainedOperatorState> restored) override;
  Result<std::vector<ChainedOperatorState>> SnapshotOperatorState(
      std::uint64_t checkpoint_id) override;
  Status NotifyCheckpointComplete(std::uint64_t checkpoint_id) override;
  Status NotifyCheckpointAborted(std::uint64_t checkpoint_id) override;
  bool AwaitsThaw() const override;
  Status Open() override;
  Result<PollStatus> Poll() override;
  Status OnBatch(std::uint32_t input, AnyBatch& batch) override;
  Status OnWatermark(std::uint32_t input, Watermark watermark) override;
  Status OnWatermarkStatus(std::uint32_t input, WatermarkStatus status) override;
  Status OnEndOfInput(std::uint32_t input) override;
  Status OnCoordinatorEvent(std::uint32_t operator_index, std::string_view payload) override;
  Status OnProcessingTime(std::int64_t now_ms) override;
  Result<bool> Drain() override;
  bool HoldsInput() const override { return holding_ != nullptr && holding_->HoldsInput(); }
  bool timers_due() const override { return timers_.any_due(); }
  Status FireTimers() override;
  void Flush() override;
  Result<bool> Finish() override;
  Status Close() override;

 private:
  std::vector<AnyInput*> Connect(std::uint32_t operator_index,
                                 const std::vector<ChainConsumer>& consumers);
  AnyInput* Keep(std::unique_ptr<AnyInput> connection);
  AnyInput* ConnectOutput(std::uint32_t operator_index);
  void ConnectSideOutputs(std::uint32_t operator_index);
  RecordErrors* CreateErrors(std::uint32_t operator_index);
  AnyInput* CreateWriter(std::uint32_t operator_index, std::uint32_t output);
  void InputBlockDone();
  void EvictState() {
    for (KeyedTable* table : stored_tables_) table->Evict();
  }
  Status OpenOperator(std::uint32_t operator_index);
  Status EndCheckpoint(std::uint64_t checkpoint_id, bool complete);

  const ChainPlan& plan_;
  ChainContext& context_;
  ChainFailure failure_;
  OperatorTimers timers_;
  std::vector<std::unique_ptr<AnyInput>> connections_;      // forks, discards and writers
  std::vector<std::unique_ptr<SideOutputs>> side_outputs_;  // by operator; null: none
  std::vector<std::unique_ptr<RecordErrors>> errors_;       // by operator; null: the task fails
  std::vector<OutputNode*> outputs_;                        // by outgoing edge, in connections_
  std::vector<std::unique_ptr<Operator>> operators_;        // destroyed before what they push into
  std::vector<KeyedTable*> stored_tables_;                  // of keyed state that lies in stores
  HoldingOperator* holding_ = nullptr;                      // the head, if it is one
  std::vector<AnyInput*> inputs_;                           // by incoming edge
  std::vector<std::uint32_t> open_edges_;  // by input number: edges that have not ended
  std::uint32_t first_opened_;             // operators from here on were opened
  std::uint32_t finished_ = 0;             // operators before this are finished
  bool ended_ = false;
  std::optional<std::uint64_t> preparing_;      // the checkpoint that PrepareCheckpoint() is for
  std::vector<bool> prepared_;                  // by operator
  std::vector<ChainedOperatorState> restored_;  // until Open()
};

}  // namespace weir::internal
