// The receiving end of a channel from another process: turns buffers back into batches and joins
// records that were cut.
//
// Bounds: one buffer being decoded, or the pieces of one record of at most `maximum_record_bytes`;
// the batches come from a pool that all channels of an edge share. Called by the task's thread
// only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <weir/internal/channel.h>
#include <weir/runtime_context.h>

#include "taskmanager/network/byte_channel.h"
#include "taskmanager/task/input_channel.h"

namespace weir::task {

// Emptied batches of one edge. One task's thread.
class BatchPool {
 public:
  // `type` lives longer.
  BatchPool(const internal::ChannelType& type, std::uint32_t batch_capacity)
      : type_(type), batch_capacity_(batch_capacity) {}
  const internal::ChannelType& type() const { return type_; }
  std::unique_ptr<internal::AnyBatch> Take();
  void GiveBack(std::unique_ptr<internal::AnyBatch> batch);

 private:
  const internal::ChannelType& type_;
  const std::uint32_t batch_capacity_;
  std::vector<std::unique_ptr<internal::AnyBatch>> free_;
};

class RemoteInputChannel final : public InputChannel {
 public:
  // `description` names channel, edge and peer in errors. `bytes_in` counts for the task and lives
  // longer.
  RemoteInputChannel(std::shared_ptr<BatchPool> pool,
                     std::unique_ptr<network::ByteReceiver> receiver,
                     std::size_t maximum_record_bytes, std::string description, Counter& bytes_in);

  bool HasElement() const override { return !bytes_.empty() || receiver_->HasElement(); }
  Result<bool> Pop(InputElement& element) override;
  void Recycle(std::unique_ptr<internal::AnyBatch> batch) override {
    pool_->GiveBack(std::move(batch));
  }

 private:
  // Takes a buffer in. True: bytes_ holds whole records.
  Result<bool> TakeIn(network::Buffer buffer);
  Result<bool> DecodeBatch(InputElement& element);
  Status Corrupt(const std::string& what) const;

  const std::shared_ptr<BatchPool> pool_;
  const std::unique_ptr<network::ByteReceiver> receiver_;
  const std::size_t maximum_record_bytes_;
  const std::string description_;
  Counter& bytes_in_;

  network::Bytes bytes_;  // whole records, decoded up to offset_
  std::size_t offset_ = 0;
  network::Bytes joined_;  // the first pieces of a cut record
};

}  // namespace weir::task
