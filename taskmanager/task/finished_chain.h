// The chain of a subtask that had ended before the checkpoint its job starts from (Flink's
// FinishedOnRestoreStreamTask): no operator runs again; it says to whoever is behind it that its
// output has ended.
#pragma once

#include <cstdint>

#include <weir/internal/chain.h>

namespace weir::task {

class FinishedChain final : public internal::Chain {
 public:
  // `context` outlives it.
  explicit FinishedChain(internal::ChainContext& context) : context_(context) {}

  void EmitBarrier(const internal::Barrier& barrier) override {
    if (!ended_) Broadcast(barrier);
  }
  Status Open() override { return Status::Ok(); }
  Result<internal::PollStatus> Poll() override { return internal::PollStatus::kEndOfInput; }
  // Its predecessors had ended as well.
  Status OnBatch(std::uint32_t input, internal::AnyBatch& batch) override;
  Status OnWatermark(std::uint32_t, internal::Watermark) override { return Status::Ok(); }
  Status OnWatermarkStatus(std::uint32_t, internal::WatermarkStatus) override {
    return Status::Ok();
  }
  Status OnEndOfInput(std::uint32_t) override { return Status::Ok(); }
  Status OnCoordinatorEvent(std::uint32_t, std::string_view) override { return Status::Ok(); }
  Status OnProcessingTime(std::int64_t) override { return Status::Ok(); }
  Result<bool> Drain() override { return true; }
  void Flush() override {}
  // The end of event time and of the input, into every channel.
  Result<bool> Finish() override;
  Status Close() override { return Status::Ok(); }

 private:
  void Broadcast(const internal::ControlElement& element);

  internal::ChainContext& context_;
  bool ended_ = false;  // the end of the input is in every channel
};

}  // namespace weir::task
