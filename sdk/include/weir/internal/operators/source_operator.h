// The reader's side of a source: one block per Poll().
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/internal/input.h>
#include <weir/internal/operator.h>
#include <weir/internal/source_protocol.h>
#include <weir/source.h>

namespace weir::internal {

template <class Source>
class SourceOperator final : public Operator, private SourceReaderContext {
 public:
  using T = typename Source::Record;
  using Split = typename Source::Split;

  SourceOperator(const OperatorContext& context, const Source& source, Input<T>& output)
      : context_(context), output_(output), reader_(source.CreateReader()) {}

  Status Open() override { return reader_->Open(*this); }
  AnyInput* input(std::uint32_t) override { return nullptr; }

  Result<PollStatus> Poll() override {
    if (ended_) return PollStatus::kEndOfInput;
    context_.Enter();
    SourceOutput<T> block(block_);
    WEIR_ASSIGN_OR_RETURN(const ReadStatus read, reader_->Read(block));
    const bool any = !block_.empty();
    if (any) {
      output_.Push(block_);
      block_.Clear();
    }
    if (read == ReadStatus::kEndOfInput) {
      ended_ = true;
      // As in Flink: the end of a bounded source is the end of event time.
      output_.OnWatermark({kMaximumWatermark});
      return PollStatus::kEndOfInput;
    }
    return any || read == ReadStatus::kMoreAvailable ? PollStatus::kProgress : PollStatus::kIdle;
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
      case SourceMessage::kRequestSplit:
        break;
    }
    return Status::Internal("a reader got a split request");
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

  const OperatorContext context_;
  Input<T>& output_;
  decltype(std::declval<const Source&>().CreateReader()) reader_;
  Batch<T> block_{BlockCapacity<T>()};
  bool ended_ = false;
};

}  // namespace weir::internal
