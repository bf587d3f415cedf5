// The reader's side of a source: one block per Poll().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/internal/input.h>
#include <weir/internal/operator.h>
#include <weir/internal/operators/event_time.h>
#include <weir/internal/record_errors.h>
#include <weir/internal/source_protocol.h>
#include <weir/internal/split_state.h>
#include <weir/source.h>

namespace weir::internal {

template <class Source>
class SourceOperator final : public Operator, private SourceReaderContext {
 public:
  using T = typename Source::Record;
  using Split = typename Source::Split;

  SourceOperator(const OperatorContext& context, const Source& source, Input<T>& output,
                 const WatermarkStrategy<T>& strategy = WatermarkStrategy<T>::NoWatermarks())
      : context_(context), output_(output), reader_(source.CreateReader()) {
    if (EventTime<T>::Needed(strategy)) event_time_.emplace(context, strategy, output);
  }

  Status InitializeState(const OperatorStateSnapshot* restored) override {
    WEIR_ASSIGN_OR_RETURN(restored_splits_, LoadSplits<Split>(restored));
    return Status::Ok();
  }
  Status SnapshotState(std::uint64_t checkpoint_id, OperatorStateSnapshot& out) override {
    out.push_back(SaveSplits<Split>(reader_->Snapshot(checkpoint_id)));
    return Status::Ok();
  }
  Status OnCheckpointEnd(std::uint64_t checkpoint_id, bool complete) override {
    if (complete) reader_->CheckpointComplete(checkpoint_id);
    return Status::Ok();
  }
  // The enumerator's events come after it: restored splits are the reader's first.
  Status Open() override {
    if (event_time_) event_time_->Open();
    WEIR_RETURN_IF_ERROR(reader_->Open(*this));
    if (restored_splits_.empty()) return Status::Ok();
    return reader_->AddSplits(std::exchange(restored_splits_, {}));
  }
  AnyInput* input(std::uint32_t) override { return nullptr; }

  Result<PollStatus> Poll() override {
    if (ended_) return PollStatus::kEndOfInput;
    if (waits_for_others_) return PollStatus::kIdle;
    context_.Enter();
    SourceOutput<T> block(block_, event_time_ ? &runs_ : nullptr);
    WEIR_ASSIGN_OR_RETURN(const ReadStatus read, reader_->Read(block));
    const bool any = !block_.empty();
    if (any) {
      if (event_time_) WEIR_RETURN_IF_ERROR(Time());
      output_.Push(block_);
      block_.Clear();
      if (event_time_) event_time_->AfterPush();
    }
    ReleaseEnded();
    WEIR_RETURN_IF_ERROR(Align());
    if (read == ReadStatus::kEndOfInput) {
      ended_ = true;
      // As in Flink: the end of a bounded source is the end of event time.
      if (event_time_) {
        event_time_->End();
      } else {
        output_.OnWatermark({kMaximumWatermark});
      }
      return PollStatus::kEndOfInput;
    }
    // A rejected record may have become a dead letter: that, too, was emitted.
    const bool progress = any || std::exchange(rejected_, false);
    return progress || read == ReadStatus::kMoreAvailable ? PollStatus::kProgress
                                                          : PollStatus::kIdle;
  }

  Status OnCoordinatorEvent(std::string_view payload) override {
    WEIR_ASSIGN_OR_RETURN(const DecodedSourceMessage message, DecodeSourceMessage(payload));
    context_.Enter();
    switch (message.kind) {
      case SourceMessage::kAddSplits: {
        WEIR_ASSIGN_OR_RETURN(auto splits, Deserialize<std::vector<Split>>(message.content));
        return reader_->AddSplits(std::move(splits));
      }
      case SourceMessage::kNoMoreSplits:
        reader_->NoMoreSplits();
        return Status::Ok();
      case SourceMessage::kMaxAllowedWatermark:
        if (ended_) return Status::Ok();  // event time has ended, too
        if (event_time_) {
          WEIR_RETURN_IF_ERROR(event_time_->OnMaxAllowedWatermark(message.content));
        }
        return Align();
      case SourceMessage::kRequestSplit:
      case SourceMessage::kReportWatermark:
        break;
    }
    return Status::Internal("a reader got a message that is for its enumerator");
  }

  Status OnProcessingTime(std::int64_t now_ms) override {
    if (ended_) return Status::Ok();
    event_time_->OnProcessingTime(now_ms);
    return Align();
  }

  Status Close() override {
    reader_->Close();
    return Status::Ok();
  }

 private:
  RuntimeContext& runtime() override { return context_.chain->runtime(); }
  std::shared_ptr<Availability> availability() override { return context_.chain->availability(); }
  void RequestSplit() override {
    context_.chain->SendToCoordinator(context_.operator_index,
                                      EncodeSourceMessage(SourceMessage::kRequestSplit));
  }
  // Split outputs are the splits of event_time_ counted from 1, behind the main output.
  std::uint32_t CreateSplitOutput() override {
    return event_time_ ? event_time_->AddSplit() + 1 : kMainOutput;
  }
  void ReleaseSplitOutput(std::uint32_t split_output) override {
    if (split_output != kMainOutput) ended_outputs_.push_back(split_output);
  }
  Status HandleBadRecord(const BadRecord& record) override {
    if (context_.errors == nullptr) return SourceReaderContext::HandleBadRecord(record);
    rejected_ = true;
    return context_.errors->Handle(record);
  }

  // Timestamps and generators for the block that was read.
  Status Time() {
    Status timed = runs_.ForEach(block_.size(), [this](auto split_output, auto first, auto count) {
      if (split_output == kMainOutput && !main_split_) main_split_ = event_time_->AddSplit();
      const std::uint32_t split = split_output == kMainOutput ? *main_split_ : split_output - 1;
      return event_time_->OnRecords(split, block_.records() + first, block_.timestamps() + first,
                                    count);
    });
    runs_.Clear();
    event_time_->Wake();
    return timed;
  }
  // Splits that are too far ahead are not read: each for itself, or, by a reader that has one split
  // at a time, all of them.
  Status Align() {
    if (!event_time_ || event_time_->alignment() == nullptr) return Status::Ok();
    SplitAlignment::Change change = event_time_->TakeAlignmentChange();
    if (!change.empty()) {
      for (auto* splits : {&change.pause, &change.resume}) {
        for (std::uint32_t& split : *splits) split = main_split_ == split ? kMainOutput : split + 1;
      }
      pauses_splits_ = reader_->PauseOrResumeSplits(change.pause, change.resume);
    }
    if (pauses_splits_) return Status::Ok();
    waits_for_others_ = event_time_->alignment()->all_ahead();
    if (!event_time_->alignment()->some_ahead()) return Status::Ok();
    return Status(StatusCode::kUnsupported,
                  "watermark alignment: the source's reader has several splits under way and "
                  "cannot pause one of them (SourceReader::PauseOrResumeSplits)",
                  ErrorDomain::kUser, RetryHint::kNoRetry);
  }
  // Not before their last records were handled.
  void ReleaseEnded() {
    for (const std::uint32_t split_output : ended_outputs_) {
      event_time_->RemoveSplit(split_output - 1);
    }
    ended_outputs_.clear();
  }

  const OperatorContext context_;
  Input<T>& output_;
  decltype(std::declval<const Source&>().CreateReader()) reader_;
  std::vector<Split> restored_splits_;  // until Open()
  Batch<T> block_{BlockCapacity<T>()};
  std::optional<EventTime<T>> event_time_;    // nothing if the strategy does nothing
  SplitRuns runs_;                            // of block_
  std::optional<std::uint32_t> main_split_;   // once it has had records
  std::vector<std::uint32_t> ended_outputs_;  // still to be released
  bool pauses_splits_ = false;                // the reader, for watermark alignment
  bool waits_for_others_ = false;             // all splits are too far ahead
  bool rejected_ = false;                     // a record, since Poll() last said so
  bool ended_ = false;
};

}  // namespace weir::internal
