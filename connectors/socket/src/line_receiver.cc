#include "connectors/socket/src/line_receiver.h"

#include <string_view>
#include <utility>

namespace weir::socket {

Result<std::unique_ptr<LineReceiver>> LineReceiver::Start(const SocketOptions& options,
                                                          SourceReaderContext& context) {
  WEIR_ASSIGN_OR_RETURN(StopSignal stop, StopSignal::Create());
  std::unique_ptr<LineReceiver> receiver(new LineReceiver(options, context, std::move(stop)));
  receiver->thread_ = std::thread([receiver = receiver.get()] { receiver->Run(); });
  return receiver;
}

LineReceiver::LineReceiver(const SocketOptions& options, SourceReaderContext& context,
                           StopSignal stop)
    : options_(options),
      peer_(options.host + ":" + std::to_string(options.port)),
      logger_(context.runtime().logger()),
      availability_(context.availability()),
      stop_signal_(std::move(stop)),
      splitter_(options.delimiter, options.maximum_line_bytes),
      bytes_(kReadBytes) {
  for (std::size_t i = 0; i < kBlocks; ++i) free_.push_back(std::make_unique<LineBlock>());
}

LineReceiver::~LineReceiver() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  room_.notify_all();
  stop_signal_.Raise();
  thread_.join();
}

std::unique_ptr<LineBlock> LineReceiver::TakeBlock() {
  const std::lock_guard lock(mutex_);
  if (published_.empty()) return nullptr;
  std::unique_ptr<LineBlock> block = std::move(published_.front());
  published_.pop_front();
  return block;
}

void LineReceiver::GiveBack(std::unique_ptr<LineBlock> block) {
  block->Clear();
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(block));
  }
  room_.notify_all();
}

void LineReceiver::Run() {
  while (ReadConnection() == Outcome::kTryAgain) {
    if (stop_signal_.WaitFor(options_.retry_delay_ms)) return;
  }
}

LineReceiver::Outcome LineReceiver::ReadConnection() {
  Result<TcpConnection> connection =
      TcpConnection::Connect(options_.host, options_.port, stop_signal_);
  if (!connection.ok()) {
    if (connection.status().code() == StatusCode::kCanceled) return Outcome::kStopped;
    return EndOrTryAgain(connection.status());
  }
  logger_.Info("Socket source: connected to " + peer_);
  return ReadLines(*connection);
}

LineReceiver::Outcome LineReceiver::ReadLines(TcpConnection& connection) {
  for (;;) {
    if (!block_) block_ = WaitForFreeBlock();
    if (!block_) return Outcome::kStopped;
    const Result<std::size_t> count = connection.Read(bytes_, stop_signal_);
    if (!count.ok()) {
      if (count.status().code() == StatusCode::kCanceled) return Outcome::kStopped;
      const std::size_t dropped = splitter_.Drop();
      logger_.Warning("Socket source: the connection to " + peer_ + " broke, " +
                      std::to_string(dropped) + " bytes of an unfinished line are dropped");
      return EndOrTryAgain(count.status().WithContext("the connection to " + peer_ + " broke"));
    }
    if (*count == 0) {
      splitter_.Finish(*block_);
      if (block_->size() > 0) Publish(std::move(block_));
      return EndOrTryAgain(Status::Ok());
    }
    retries_ = 0;
    const Status fed = splitter_.Feed(std::string_view(bytes_.data(), *count), *block_);
    if (block_->size() > 0) Publish(std::move(block_));
    if (!fed.ok()) {
      PublishEnd(fed.WithContext("Socket source " + peer_));
      return Outcome::kEnded;
    }
  }
}

LineReceiver::Outcome LineReceiver::EndOrTryAgain(Status failure) {
  if (options_.max_retries == kRetryForever || retries_ < options_.max_retries) {
    ++retries_;
    logger_.Warning("Socket source: " + peer_ + ": " +
                    (failure.ok() ? "the peer closed the connection" : failure.message()) +
                    "; connecting again in " + std::to_string(options_.retry_delay_ms) + " ms");
    return Outcome::kTryAgain;
  }
  PublishEnd(failure.WithContext("Socket source"));
  return Outcome::kEnded;
}

std::unique_ptr<LineBlock> LineReceiver::WaitForFreeBlock() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return stop_ || !free_.empty(); });
  if (stop_) return nullptr;
  std::unique_ptr<LineBlock> block = std::move(free_.back());
  free_.pop_back();
  return block;
}

void LineReceiver::Publish(std::unique_ptr<LineBlock> block) {
  {
    const std::lock_guard lock(mutex_);
    published_.push_back(std::move(block));
  }
  availability_->NotifyAvailable();
}

void LineReceiver::PublishEnd(Status failure) {
  auto block = std::make_unique<LineBlock>();
  block->last = true;
  block->failure = std::move(failure);
  Publish(std::move(block));
}

}  // namespace weir::socket
