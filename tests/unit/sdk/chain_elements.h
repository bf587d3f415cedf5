// Short ways to make blocks and to see what came out of a chain.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include <weir/internal/input.h>
#include <weir/internal/operator.h>
#include <weir/internal/testing/fake_chain_context.h>

namespace weir::testing {

// Timestamps are 0, 1, 2, …
template <class T>
std::unique_ptr<internal::Batch<T>> MakeBatch(const std::vector<T>& records) {
  auto batch = std::make_unique<internal::Batch<T>>(
      std::max<std::uint32_t>(1, static_cast<std::uint32_t>(records.size())));
  for (const T& record : records) batch->Next(batch->size()) = record;
  return batch;
}

// An input that keeps everything.
template <class T>
class KeepingInput final : public internal::Input<T> {
 public:
  void Push(internal::Batch<T>& block) override {
    block_sizes.push_back(block.size());
    for (std::uint32_t i = 0; i < block.size(); ++i) {
      records.push_back(std::move(block[i]));
      timestamps.push_back(block.timestamp(i));
    }
  }
  void OnWatermark(internal::Watermark watermark) override {
    watermarks.push_back(watermark.timestamp_ms);
  }
  void OnWatermarkStatus(internal::WatermarkStatus status) override { idle.push_back(status.idle); }

  std::vector<T> records;
  std::vector<std::int64_t> timestamps;
  std::vector<std::uint32_t> block_sizes;
  std::vector<std::int64_t> watermarks;
  std::vector<bool> idle;
};

// The records of all batches that a channel carried, in order.
template <class T>
std::vector<T> RecordsOf(const FakeOutputChannel& channel) {
  std::vector<T> records;
  for (const auto& element : channel.written) {
    const auto* any = std::get_if<std::unique_ptr<internal::AnyBatch>>(&element);
    if (any == nullptr) continue;
    const auto& batch = static_cast<const internal::Batch<T>&>(**any);
    for (std::uint32_t i = 0; i < batch.size(); ++i) records.push_back(batch[i]);
  }
  return records;
}

// 'B' for a batch, 'W' watermark, 'S' status, 'C' barrier, 'E' end of input.
inline std::string ShapeOf(const FakeOutputChannel& channel) {
  std::string shape;
  for (const auto& element : channel.written) {
    const auto* control = std::get_if<internal::ControlElement>(&element);
    shape += control == nullptr ? 'B' : "WSCE"[control->index()];
  }
  return shape;
}

// Keyed state lies in stores (state_in_stores.cc).
inline bool StateInStores() {
  return FakeChainContext::make_stores_by_default != nullptr;
}

// What an operator needs to be made.
struct OperatorHarness {
  FakeChainContext chain;
  internal::ChainFailure failure;
  internal::OperatorTimers timers{chain, 1};
  internal::OperatorContext context() { return {&chain, &failure, 0, &timers}; }
};

}  // namespace weir::testing
