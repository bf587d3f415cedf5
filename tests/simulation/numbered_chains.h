// The chains of the numbered job (numbered_job.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/chain.h>

#include "tests/simulation/numbered_job.h"
#include "tests/unit/taskmanager_task/counting_table.h"
#include "tests/unit/taskmanager_task/number_channel_type.h"

namespace weir::simulation {

// What the three have in common: registers itself with the outside while it lives, ships what a
// call has emitted before the call returns.
class NumberedChain : public internal::Chain {
 public:
  NumberedChain(JobSurroundings& surroundings, internal::ChainContext& context,
                const task::NumberChannelType& type);
  ~NumberedChain() override;

  Status Open() override { return Status::Ok(); }
  Result<internal::PollStatus> Poll() override { return internal::PollStatus::kEndOfInput; }
  Status OnBatch(std::uint32_t, internal::AnyBatch&) override { return Status::Ok(); }
  Status OnWatermark(std::uint32_t, internal::Watermark) override { return Status::Ok(); }
  Status OnWatermarkStatus(std::uint32_t, internal::WatermarkStatus) override {
    return Status::Ok();
  }
  Status OnEndOfInput(std::uint32_t) override { return Status::Ok(); }
  Status OnCoordinatorEvent(std::uint32_t, std::string_view) override { return Status::Ok(); }
  Status OnProcessingTime(std::int64_t) override { return Status::Ok(); }
  Result<bool> Drain() override { return true; }
  void Flush() override {}
  Result<bool> Finish() override;
  Status Close() override { return Status::Ok(); }
  void EmitBarrier(const internal::Barrier& barrier) override;
  void RestoreOperatorState(std::vector<internal::ChainedOperatorState> restored) override;
  Result<std::vector<internal::ChainedOperatorState>> SnapshotOperatorState(
      std::uint64_t checkpoint_id) override;

 protected:
  void Emit(const std::vector<Number>& numbers);
  // The chain's only operator state: what was restored, and what is to be saved.
  virtual std::string StateName() const { return ""; }
  virtual void RestoreItem(const StateItem&) {}
  virtual std::vector<StateItem> SnapshotItems(std::uint64_t /*checkpoint_id*/) { return {}; }

  JobSurroundings& surroundings_;
  internal::ChainContext& context_;
  // Events of the simulation that come back to the chain find out that it is gone.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

 private:
  void Broadcast(const internal::ControlElement& element);

  const task::NumberChannelType& type_;
  const OutsideWorld::Subtask subtask_;
  const int leader_;  // that began this attempt
  bool ended_ = false;
};

class SourceChain final : public NumberedChain {
 public:
  SourceChain(const JobShape& shape, JobSurroundings& surroundings, internal::ChainContext& context,
              const task::NumberChannelType& type)
      : NumberedChain(surroundings, context, type), shape_(shape) {}
  Status Open() override;
  Result<internal::PollStatus> Poll() override;
  Status OnCoordinatorEvent(std::uint32_t, std::string_view payload) override;
  Status OnProcessingTime(std::int64_t) override;

 protected:
  std::string StateName() const override { return kSplitsState; }
  void RestoreItem(const StateItem& item) override { splits_.push_back(DecodeSplit(item)); }
  std::vector<StateItem> SnapshotItems(std::uint64_t) override;

 private:
  void RequestSplit();
  void Pause();

  const JobShape shape_;
  std::vector<SplitProgress> splits_;  // the last one is read
  bool no_more_ = false;
  bool pausing_ = false;
};

class CountChain final : public NumberedChain {
 public:
  CountChain(const JobShape& shape, JobSurroundings& surroundings, internal::ChainContext& context,
             const task::NumberChannelType& type)
      : NumberedChain(surroundings, context, type),
        shape_(shape),
        table_(context.runtime().task().subtask_index, shape.parallelism[kCount]) {}
  Status OnBatch(std::uint32_t, internal::AnyBatch& batch) override;
  std::vector<internal::ChainedKeyedTable> keyed_tables() override;

 private:
  const JobShape shape_;
  task::CountingTable table_;
};

class SinkChain final : public NumberedChain {
 public:
  using NumberedChain::NumberedChain;
  Status Open() override;
  Status OnBatch(std::uint32_t, internal::AnyBatch& batch) override;
  Result<bool> PrepareCheckpoint(const internal::Barrier& barrier) override;
  Result<bool> Finish() override;
  bool AwaitsCheckpoint() const override;
  Status NotifyCheckpointComplete(std::uint64_t checkpoint_id) override;
  Status NotifyCheckpointAborted(std::uint64_t checkpoint_id) override;

 protected:
  std::string StateName() const override { return kCommittablesState; }
  void RestoreItem(const StateItem& item) override {
    committables_.push_back(DecodeCommittable(item));
  }
  std::vector<StateItem> SnapshotItems(std::uint64_t checkpoint_id) override;

 private:
  // Later, by a thread of the sink's own.
  void Commit(std::uint64_t transaction);
  void PrepareOpenTransaction();

  std::vector<Number> open_;
  std::vector<Committable> committables_;  // not known to be committed
  std::optional<std::uint64_t> flushing_;  // a checkpoint
  bool flushed_ = false;
};

}  // namespace weir::simulation
