// The end of a stream: a sink's writer. Records that the writer does not take wait here, bounded;
// the task takes no input meanwhile (Drain() says false). Before a checkpoint the writer is
// flushed, or prepares a commit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/internal/input.h>
#include <weir/internal/operator.h>
#include <weir/internal/sinks/sink_checkpoints.h>
#include <weir/sink.h>

namespace weir::internal {

// Records that one input batch leaves behind when the writer has no room. A user function upstream
// that emits more than this in a single step parks.
inline constexpr std::uint32_t kMaximumPendingRecords = 2 * kMaximumBatchCapacity;

template <class Sink>
class SinkWriterOperator final : public Operator,
                                 public Input<typename Sink::Record>,
                                 private SinkWriterContext {
 public:
  using T = typename Sink::Record;
  using Writer = typename decltype(std::declval<const Sink&>().CreateWriter())::element_type;
  // A final writer's Write() is a direct call; another one's is virtual, as its author chose.

  SinkWriterOperator(const OperatorContext& context, const Sink& sink)
      : context_(context), writer_(sink.CreateWriter()), checkpoints_(sink) {}

  Status InitializeState(const OperatorStateSnapshot* restored) override {
    if constexpr (!kHasState)
      return Status::Ok();
    else
      return checkpoints_.Restore(restored, runtime().task());
  }
  Status Open() override {
    if constexpr (kHasState) WEIR_RETURN_IF_ERROR(checkpoints_.BeforeOpen(*writer_));
    WEIR_RETURN_IF_ERROR(writer_->Open(*this));
    if constexpr (kHasState) checkpoints_.Start(context_);
    return Status::Ok();
  }
  AnyInput* input(std::uint32_t) override { return this; }

  void Push(Batch<T>& block) override {
    if (context_.failure->failed()) return;
    context_.Enter();
    if constexpr (kHasState) checkpoints_.OnRecords();
    std::uint32_t written = 0;
    if (pending_size() == 0) {
      if (!WriteFrom(block, written)) return;
    }
    if (written < block.size()) Keep(block, written);
  }
  void OnWatermark(Watermark) override {}
  void OnWatermarkStatus(WatermarkStatus) override {}

  Result<bool> Drain() override {
    if constexpr (requires(Writer& writer) { writer.Failure(); }) {
      WEIR_RETURN_IF_ERROR(writer_->Failure());
    }
    if constexpr (kHasState) WEIR_RETURN_IF_ERROR(checkpoints_.Poll(*writer_));
    if (pending_size() == 0) return true;
    context_.Enter();
    DrainPending();
    if (context_.failure->failed()) return context_.failure->status();
    return pending_size() == 0;
  }

  Result<bool> PrepareCheckpoint(const Barrier& barrier) override {
    WEIR_ASSIGN_OR_RETURN(const bool drained, Drain());
    if (!drained) return false;
    context_.Enter();
    if constexpr (kTwoPhase) {
      return checkpoints_.Prepare(*writer_, barrier.checkpoint_id, finished_);
    } else {
      return FlushWriter(finished_);
    }
  }
  Status SnapshotState(std::uint64_t checkpoint_id, OperatorStateSnapshot& out) override {
    if constexpr (!kHasState)
      return Status::Ok();
    else
      return checkpoints_.Snapshot(*writer_, checkpoint_id, out);
  }
  Status OnCheckpointEnd(std::uint64_t checkpoint_id, bool complete) override {
    if constexpr (kHasState) checkpoints_.OnCheckpointEnd(checkpoint_id, complete);
    return Status::Ok();
  }
  bool AwaitsCheckpoint() const override {
    if constexpr (!kTwoPhase)
      return false;
    else
      return finished_ && checkpoints_enabled() && checkpoints_.AwaitsCommit();
  }

  Result<bool> Finish() override {
    WEIR_ASSIGN_OR_RETURN(const bool drained, Drain());
    if (!drained) return false;
    context_.Enter();
    finished_ = true;
    if constexpr (kTwoPhase) {
      // With checkpoints the last one has it committed: AwaitsCheckpoint().
      return checkpoints_enabled() ? Result<bool>(true) : checkpoints_.CommitAll(*writer_);
    } else {
      return FlushWriter(true);
    }
  }

  Status Close() override {
    if constexpr (kHasState) checkpoints_.Close();
    writer_->Close();
    return Status::Ok();
  }

 private:
  static constexpr bool kTwoPhase = TwoPhaseSink<Sink>;
  static constexpr bool kHasState = kTwoPhase || StatefulSink<Sink>;
  using Checkpoints =
      std::conditional_t<kHasState, SinkCheckpoints<Sink, Writer>, NoSinkCheckpoints<Sink>>;

  RuntimeContext& runtime() override { return context_.chain->runtime(); }
  std::shared_ptr<Availability> availability() override { return context_.chain->availability(); }
  std::string_view operator_id() const override { return context_.operator_id; }
  bool checkpoints_enabled() const override { return context_.chain->checkpoints_enabled(); }
  bool starts_from_checkpoint() const override { return context_.chain->starts_from_checkpoint(); }

  Result<bool> FlushWriter(bool end_of_input) {
    WEIR_ASSIGN_OR_RETURN(const FlushStatus flushed, writer_->Flush(end_of_input));
    return flushed == FlushStatus::kDone;
  }

  std::uint32_t pending_size() const { return pending_ ? pending_->size() - pending_from_ : 0; }

  // Writes records [next, …); next ends at the first one not taken. False after an error.
  bool WriteFrom(Batch<T>& block, std::uint32_t& next) {
    Result<std::uint32_t> taken = Take(block, next);
    if (taken.ok()) next += *taken;
    Status status = taken.status();
    if constexpr (requires(Writer& writer) { writer.EndBlock(); }) {
      if (status.ok()) status = writer_->EndBlock();
    }
    if (status.ok()) return true;
    context_.failure->Report(std::move(status));
    return false;
  }

  // How many of the records [from, …) the writer took.
  Result<std::uint32_t> Take(Batch<T>& block, std::uint32_t from) {
    const std::uint32_t size = block.size();
    Writer& writer = *writer_;
    if constexpr (requires(std::span<T> records, std::span<const std::int64_t> timestamps) {
                    writer.WriteBlock(records, timestamps);
                  }) {
      const std::uint32_t count = size - from;
      return writer.WriteBlock(std::span<T>(block.records() + from, count),
                               std::span<const std::int64_t>(block.timestamps() + from, count));
    } else {
      std::uint32_t i = from;
      for (; i < size; ++i) {
        Result<WriteStatus> written = writer.Write(block[i], block.timestamp(i));
        if (!written.ok()) [[unlikely]] {
          return written.status();
        }
        if (*written == WriteStatus::kNotReady) break;
      }
      return i - from;
    }
  }

  void DrainPending() {
    WriteFrom(*pending_, pending_from_);
    if (pending_from_ < pending_->size()) return;
    pending_->Clear();
    pending_from_ = 0;
  }

  void Keep(Batch<T>& block, std::uint32_t from) {
    if (!pending_) pending_ = std::make_unique<Batch<T>>(kMaximumPendingRecords);
    const std::uint32_t count = block.size() - from;
    if (pending_->capacity() - pending_->size() < count) MakeRoom(count);
    if (context_.failure->failed() || pending_->capacity() - pending_->size() < count) return;
    for (; from < block.size(); ++from) {
      pending_->Next(block.timestamp(from)) = std::move(block[from]);
    }
  }

  // Waits until `count` more fit; gives up after an error or a cancel, which drops the records.
  [[gnu::noinline]] void MakeRoom(std::uint32_t count) {
    context_.chain->ParkUntil([this, count] {
      context_.Enter();
      DrainPending();
      return context_.failure->failed() || pending_->capacity() - pending_->size() >= count;
    });
  }

  const OperatorContext context_;
  decltype(std::declval<const Sink&>().CreateWriter()) writer_;
  std::unique_ptr<Batch<T>> pending_;
  std::uint32_t pending_from_ = 0;  // records before it are written
  bool finished_ = false;           // the input has ended, and nothing waits
  [[no_unique_address]] Checkpoints checkpoints_;
};

}  // namespace weir::internal
