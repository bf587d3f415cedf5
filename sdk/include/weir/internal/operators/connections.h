// What stands between an operator and its consumers when there is not exactly one.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/input.h>

namespace weir::internal {

// Nobody wants the records.
template <class T>
class DiscardingInput final : public Input<T> {
 public:
  void Push(Batch<T>&) override {}
  void OnWatermark(Watermark) override {}
  void OnWatermarkStatus(WatermarkStatus) override {}
};

// Each consumer gets every record: copies, and the last one the records themselves.
template <class T>
class ForkingInput final : public Input<T> {
  static_assert(std::is_copy_assignable_v<T>,
                "a stream with several consumers copies its records: the record type must be "
                "copyable");

 public:
  explicit ForkingInput(std::vector<Input<T>*> consumers) : consumers_(std::move(consumers)) {}

  void Push(Batch<T>& block) override {
    const std::uint32_t size = block.size();
    for (std::size_t consumer = 0; consumer + 1 < consumers_.size(); ++consumer) {
      copy_.Clear();
      for (std::uint32_t i = 0; i < size; ++i) copy_.Next(block.timestamp(i)) = block[i];
      if (block.has_key_hashes()) {
        std::copy_n(block.key_hashes(), size, copy_.key_hashes());
        copy_.SetHasKeyHashes();
      }
      consumers_[consumer]->Push(copy_);
    }
    consumers_.back()->Push(block);
  }
  void OnWatermark(Watermark watermark) override {
    for (Input<T>* consumer : consumers_) consumer->OnWatermark(watermark);
  }
  void OnWatermarkStatus(WatermarkStatus status) override {
    for (Input<T>* consumer : consumers_) consumer->OnWatermarkStatus(status);
  }

 private:
  const std::vector<Input<T>*> consumers_;
  Batch<T> copy_{BlockCapacity<T>()};
};

template <class T>
std::unique_ptr<AnyInput> MakeFork(const std::vector<AnyInput*>& consumers) {
  std::vector<Input<T>*> typed;
  for (AnyInput* consumer : consumers) typed.push_back(static_cast<Input<T>*>(consumer));
  return std::make_unique<ForkingInput<T>>(std::move(typed));
}

}  // namespace weir::internal
