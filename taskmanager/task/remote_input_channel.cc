#include "taskmanager/task/remote_input_channel.h"

#include <span>
#include <utility>

namespace weir::task {

namespace {

// One is being used by the chain; a second one when a channel hands out two in a row.
constexpr std::size_t kFreeBatches = 2;

}  // namespace

std::unique_ptr<internal::AnyBatch> BatchPool::Take() {
  if (free_.empty()) return type_.NewBatch(batch_capacity_);
  std::unique_ptr<internal::AnyBatch> batch = std::move(free_.back());
  free_.pop_back();
  return batch;
}

void BatchPool::GiveBack(std::unique_ptr<internal::AnyBatch> batch) {
  if (free_.size() < kFreeBatches) free_.push_back(std::move(batch));
}

RemoteInputChannel::RemoteInputChannel(std::shared_ptr<BatchPool> pool,
                                       std::unique_ptr<network::ByteReceiver> receiver,
                                       std::size_t maximum_record_bytes, std::string description,
                                       Counter& bytes_in)
    : pool_(std::move(pool)),
      receiver_(std::move(receiver)),
      maximum_record_bytes_(maximum_record_bytes),
      description_(std::move(description)),
      bytes_in_(bytes_in) {}

Result<bool> RemoteInputChannel::Pop(InputElement& element) {
  while (bytes_.empty()) {
    std::optional<network::Received> received = receiver_->Pop();
    if (!received) return false;
    if (const auto* control = std::get_if<internal::ControlElement>(&received->element)) {
      if (!joined_.empty()) return Corrupt("a control element stands inside a record");
      element.batch = nullptr;
      element.control = *control;
      return true;
    }
    WEIR_RETURN_IF_ERROR(TakeIn(std::get<network::Buffer>(std::move(received->element))).status());
  }
  return DecodeBatch(element);
}

Result<bool> RemoteInputChannel::TakeIn(network::Buffer buffer) {
  bytes_in_.Increment(buffer.bytes.size());
  if (!buffer.continues && joined_.empty()) {
    bytes_ = std::move(buffer.bytes);
    offset_ = 0;
    return !bytes_.empty();
  }
  joined_.insert(joined_.end(), buffer.bytes.begin(), buffer.bytes.end());
  receiver_->Recycle(std::move(buffer.bytes));
  // The buffer in which a long record begins may be full of other records.
  if (joined_.size() > maximum_record_bytes_ + network::kBufferSize) {
    return Corrupt("a record needs more than " + std::to_string(maximum_record_bytes_) +
                   " bytes, the largest that is received");
  }
  if (buffer.continues) return false;
  bytes_ = std::exchange(joined_, network::Bytes());
  offset_ = 0;
  return true;
}

Result<bool> RemoteInputChannel::DecodeBatch(InputElement& element) {
  std::unique_ptr<internal::AnyBatch> batch = pool_->Take();
  const auto rest = std::span<const std::byte>(bytes_).subspan(offset_);
  const Result<std::size_t> decoded = pool_->type().Decode(rest, *batch);
  if (!decoded.ok()) return Corrupt(decoded.status().message());
  if (*decoded > rest.size() || batch->empty()) {
    return Corrupt("a buffer of " + std::to_string(bytes_.size()) + " bytes ends inside a record");
  }
  offset_ += *decoded;
  if (offset_ == bytes_.size()) {
    receiver_->Recycle(std::exchange(bytes_, network::Bytes()));
    offset_ = 0;
  }
  element.batch = std::move(batch);
  return true;
}

Status RemoteInputChannel::Corrupt(const std::string& what) const {
  return Status::Corruption(description_ + ": " + what);
}

}  // namespace weir::task
