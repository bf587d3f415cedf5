// The end of a chain: collects records into one partial batch per channel. What decides on the
// channel is in internal/partitioners/.
//
// Watermarks ride behind the next batch that leaves a channel, so they never cut batches; one that
// has waited for kWatermarkLagBlocks input blocks ships together with the partial batch before it.
// Partial batches leave early only into channels with credit: under back pressure tiny batches
// would fill the overdraft.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <weir/internal/input.h>
#include <weir/internal/operator.h>

namespace weir::internal {

inline constexpr std::uint32_t kWatermarkLagBlocks = 64;

template <class T>
class RecordWriter : public Input<T>, public OutputNode {
 public:
  RecordWriter(const OperatorContext& context, std::uint32_t output)
      : context_(context), capacity_(BatchCapacity<T>(context.chain->batch_capacity(output))) {
    channels_.resize(context.chain->channel_count(output));
    for (std::uint32_t i = 0; i < channels_.size(); ++i) {
      channels_[i].out = &context.chain->channel(output, i);
    }
  }

  void OnWatermark(Watermark watermark) final {
    if (watermark.timestamp_ms <= watermark_.timestamp_ms) return;
    watermark_ = watermark;
    watermark_waits_ = true;
  }
  void OnWatermarkStatus(WatermarkStatus status) final { ShipAllBefore(status); }
  void InputBlockDone() final {
    if (!watermark_waits_ || ++blocks_waited_ < kWatermarkLagBlocks) return;
    bool waits = false;
    for (Channel& channel : channels_) {
      if (channel.watermark_sent == watermark_) continue;
      waits = !ShipWithCredit(channel) || waits;
    }
    watermark_waits_ = waits;
    if (!waits) blocks_waited_ = 0;
  }
  void Flush() final {
    for (Channel& channel : channels_) ShipWithCredit(channel);
  }
  void EmitBarrier(const Barrier& barrier) final { ShipAllBefore(barrier); }
  void End() final { ShipAllBefore(EndOfInput()); }

 protected:
  struct Channel {
    OutputChannel* out = nullptr;
    std::unique_ptr<Batch<T>> batch;  // null between a full batch and the next record
    Watermark watermark_sent;
  };

  std::uint32_t channel_count() const { return static_cast<std::uint32_t>(channels_.size()); }
  Channel& channel(std::uint32_t index) { return channels_[index]; }
  const OperatorContext& context() const { return context_; }

  // The partial batch, with room for at least one record.
  Batch<T>& Open(Channel& channel) {
    if (!channel.batch) [[unlikely]] {
      Renew(channel);
    }
    return *channel.batch;
  }
  // Ships the partial batch if it is full.
  void ShipIfFull(Channel& channel) {
    if (channel.batch->full()) [[unlikely]] {
      Ship(channel);
    }
  }
  // Moves one record into the channel.
  void Append(Channel& channel, T& record, std::int64_t timestamp) {
    Open(channel).Next(timestamp) = std::move(record);
    ShipIfFull(channel);
  }
  // Moves a block into the channel, whole where a batch is as large as a block.
  void AppendBlock(Channel& channel, Batch<T>& block) {
    if (block.full() && !block.windowed() && (!channel.batch || channel.batch->empty()) &&
        Open(channel).capacity() == block.capacity()) {
      channel.batch->Swap(block);
      channel.batch->ForgetKeyHashes();  // of another keyBy
      Ship(channel);
      return;
    }
    const std::uint32_t size = block.size();
    for (std::uint32_t i = 0; i < size;) {
      Batch<T>& batch = Open(channel);
      const std::uint32_t end = std::min(size, i + batch.capacity() - batch.size());
      for (; i < end; ++i) batch.Next(block.timestamp(i)) = std::move(block[i]);
      ShipIfFull(channel);
    }
  }

 private:
  [[gnu::noinline]] void Renew(Channel& channel) {
    if (std::unique_ptr<AnyBatch> recycled = channel.out->TakeRecycled()) {
      recycled->Clear();
      channel.batch.reset(static_cast<Batch<T>*>(recycled.release()));
    } else {
      channel.batch = std::make_unique<Batch<T>>(capacity_);
    }
  }
  // The batch, and the waiting watermark behind it.
  [[gnu::noinline]] void Ship(Channel& channel) {
    channel.out->Write(std::move(channel.batch));
    ShipWatermark(channel);
  }
  void ShipWatermark(Channel& channel) {
    if (channel.watermark_sent == watermark_) return;
    channel.watermark_sent = watermark_;
    channel.out->WriteControl(watermark_);
  }
  void ShipAll(Channel& channel) {
    if (channel.batch && !channel.batch->empty()) {
      Ship(channel);
    } else {
      ShipWatermark(channel);
    }
  }
  // Records and watermarks come before it in every channel.
  void ShipAllBefore(const ControlElement& element) {
    for (Channel& channel : channels_) {
      ShipAll(channel);
      channel.out->WriteControl(element);
    }
    watermark_waits_ = false;
    blocks_waited_ = 0;
  }
  // False: a partial batch waits for credit, and its watermark with it.
  bool ShipWithCredit(Channel& channel) {
    if (channel.batch && !channel.batch->empty() && !channel.out->HasCredit()) return false;
    ShipAll(channel);
    channel.out->Flush();
    return true;
  }

  const OperatorContext context_;
  const std::uint32_t capacity_;
  std::vector<Channel> channels_;
  Watermark watermark_;
  bool watermark_waits_ = false;
  std::uint32_t blocks_waited_ = 0;
};

}  // namespace weir::internal
