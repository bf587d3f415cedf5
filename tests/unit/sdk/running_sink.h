// The operator of a sink by itself, for tests of sinks under checkpoints.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/operators/sink_writer_operator.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir::testing {

// An operator of one subtask in one attempt, and the engine around it.
template <class Sink>
class RunningSink {
 public:
  RunningSink(const Sink& sink, std::uint32_t subtask, std::uint32_t parallelism,
              std::uint32_t attempt = 0, bool takes_checkpoints = true)
      : notified_(std::make_shared<NotificationCount>()) {
    harness_.chain.fake_availability = std::make_shared<FakeAvailability>(notified_);
    harness_.chain.takes_checkpoints = takes_checkpoints;
    auto& task = harness_.chain.fake_runtime.information;
    task.subtask_index = subtask;
    task.parallelism = parallelism;
    task.attempt = attempt;
    op_ = std::make_unique<internal::SinkWriterOperator<Sink>>(harness_.context(), sink);
  }
  ~RunningSink() { EXPECT_TRUE(op_->Close().ok()); }

  // A checkpoint that holds nothing of this subtask is to be restored.
  void StartFromCheckpoint() { harness_.chain.from_checkpoint = true; }
  Status Open(const internal::OperatorStateSnapshot* restored = nullptr) {
    if (restored != nullptr) StartFromCheckpoint();
    WEIR_RETURN_IF_ERROR(op_->InitializeState(restored));
    return op_->Open();
  }
  void Push(const std::vector<typename Sink::Record>& records) {
    auto batch = MakeBatch(records);
    op_->PushBatch(*batch);
  }
  // Until the barrier may pass.
  Status Prepare(std::uint64_t checkpoint_id) {
    return Until([&] { return op_->PrepareCheckpoint({checkpoint_id}); });
  }
  Result<internal::OperatorStateSnapshot> Checkpoint(std::uint64_t checkpoint_id) {
    WEIR_RETURN_IF_ERROR(Prepare(checkpoint_id));
    internal::OperatorStateSnapshot snapshot;
    WEIR_RETURN_IF_ERROR(op_->SnapshotState(checkpoint_id, snapshot));
    return snapshot;
  }
  Status Finish() {
    return Until([&] { return op_->Finish(); });
  }
  // Until nothing is left to commit.
  Status UntilCommitted() {
    return Until([&]() -> Result<bool> {
      WEIR_ASSIGN_OR_RETURN(const bool drained, op_->Drain());
      return drained && !op_->AwaitsCheckpoint();
    });
  }
  Status UntilFailure() {
    return Until([&]() -> Result<bool> {
      WEIR_RETURN_IF_ERROR(op_->Drain().status());
      return false;
    });
  }
  // Calls again after each notification.
  template <class Call>
  Status Until(const Call& call) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      const std::uint64_t seen = notified_->value();
      const Result<bool> done = call();
      if (!done.ok() || *done) return done.status();
      if (!notified_->WaitForMore(seen, deadline)) {
        return Status(StatusCode::kTimedOut, "nobody said that it may go on");
      }
    }
  }
  auto* operator->() { return op_.get(); }

 private:
  const std::shared_ptr<NotificationCount> notified_;
  OperatorHarness harness_;
  std::unique_ptr<internal::SinkWriterOperator<Sink>> op_;
};

}  // namespace weir::testing
