#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/connectors/socket.h>

#include "connectors/socket/src/line_receiver.h"

namespace weir::socket {
namespace {

using State = SplitList<SocketSplit>;

// Hands the one split to the one reader.
class SocketEnumerator final : public SplitEnumerator<SocketSplit, State> {
 public:
  explicit SocketEnumerator(SocketTextSource source)
      : source_(std::move(source)),
        splits_([](std::uint32_t) { return std::vector<SocketSplit>{SocketSplit()}; }) {}

  Status Start(SplitEnumeratorContext<SocketSplit>& context,
               std::optional<State> restored) override {
    WEIR_RETURN_IF_ERROR(source_.Validate());
    if (context.parallelism() != 1) {
      return Status::InvalidArgument(
          "the socket source has one reader: set its parallelism to 1 (it is " +
          std::to_string(context.parallelism()) + ")");
    }
    return splits_.Start(context, std::move(restored));
  }
  void AddReader(std::uint32_t reader) override { splits_.AddReader(reader); }
  void HandleSplitRequest(std::uint32_t reader) override { splits_.HandleSplitRequest(reader); }
  void AddSplitsBack(std::vector<SocketSplit> splits, std::uint32_t reader) override {
    splits_.AddSplitsBack(std::move(splits), reader);
  }
  Result<State> Snapshot(std::uint64_t checkpoint_id) override {
    return splits_.Snapshot(checkpoint_id);
  }

 private:
  const SocketTextSource source_;
  SplitListEnumerator<SocketSplit> splits_;
};

class SocketReader final : public SourceReader<std::string, SocketSplit> {
 public:
  explicit SocketReader(SocketOptions options) : options_(std::move(options)) {}

  Status Open(SourceReaderContext& context) override {
    WEIR_RETURN_IF_ERROR(SocketTextSource(options_).Validate());
    context_ = &context;
    context.RequestSplit();
    return Status::Ok();
  }

  Result<ReadStatus> Read(SourceOutput<std::string>& output) override {
    while (!output.full()) {
      if (block_ && next_ < block_->size()) {
        output.Next().assign(block_->line(next_++));
        continue;
      }
      if (!NextBlock()) {
        // The lines before a failure go out first.
        if (!failure_.ok() && output.size() == 0) return failure_;
        if (!failure_.ok()) return ReadStatus::kMoreAvailable;
        return no_more_splits_ && !split_ ? ReadStatus::kEndOfInput : ReadStatus::kNothingAvailable;
      }
    }
    return ReadStatus::kMoreAvailable;
  }

  Status AddSplits(std::vector<SocketSplit> splits) override {
    if (splits.empty()) return Status::Ok();
    split_ = splits.back();
    WEIR_ASSIGN_OR_RETURN(receiver_, LineReceiver::Start(options_, *context_));
    return Status::Ok();
  }
  void NoMoreSplits() override {
    no_more_splits_ = true;
    context_->availability()->NotifyAvailable();
  }
  std::vector<SocketSplit> Snapshot(std::uint64_t /*checkpoint_id*/) override {
    return split_ ? std::vector<SocketSplit>{*split_} : std::vector<SocketSplit>();
  }
  void Close() override { receiver_.reset(); }

 private:
  // Gives the used block back and takes the next one. False: none is there (now, or any more).
  bool NextBlock() {
    if (block_) receiver_->GiveBack(std::move(block_));
    if (!split_ || !failure_.ok()) return false;
    next_ = 0;
    block_ = receiver_->TakeBlock();
    if (!block_) return false;
    if (!block_->last) return true;
    failure_ = block_->failure;
    block_.reset();
    // A checkpoint between the lines before a failure and the failure still has the split.
    if (!failure_.ok()) return false;
    split_.reset();
    context_->RequestSplit();
    return false;
  }

  const SocketOptions options_;
  SourceReaderContext* context_ = nullptr;
  std::optional<SocketSplit> split_;  // until the stream has ended in an orderly way
  std::unique_ptr<LineReceiver> receiver_;
  std::unique_ptr<LineBlock> block_;
  std::size_t next_ = 0;
  Status failure_;  // how the stream ended
  bool no_more_splits_ = false;
};

}  // namespace

Status SocketTextSource::Validate() const {
  const auto wrong = [](const std::string& what) {
    return Status::InvalidArgument("Socket source: " + what);
  };
  if (options_.host.empty()) return wrong("no host is given");
  if (options_.port == 0) return wrong("no port is given");
  if (options_.delimiter.empty()) return wrong("the delimiter is empty");
  if (options_.max_retries < kRetryForever) {
    return wrong("max_retries is " + std::to_string(options_.max_retries) +
                 "; it must be at least 0, or kRetryForever");
  }
  if (options_.retry_delay_ms < 0) return wrong("retry_delay_ms is negative");
  if (options_.maximum_line_bytes == 0) return wrong("maximum_line_bytes is 0");
  return Status::Ok();
}

std::unique_ptr<SplitEnumerator<SocketSplit, State>> SocketTextSource::CreateEnumerator() const {
  return std::make_unique<SocketEnumerator>(*this);
}

std::unique_ptr<SourceReader<std::string, SocketSplit>> SocketTextSource::CreateReader() const {
  return std::make_unique<SocketReader>(options_);
}

}  // namespace weir::socket
