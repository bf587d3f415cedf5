// PartitionCustom: a user function names the channel.
#pragma once

#include <cstdint>
#include <string>

#include <weir/internal/record_writer.h>
#include <weir/status.h>

namespace weir::internal {

// F: an integer f(const T&, std::uint32_t channels), 0 to channels - 1; anything else fails the
// task.
template <class T, class F>
class CustomWriter final : public RecordWriter<T> {
 public:
  CustomWriter(const OperatorContext& context, std::uint32_t output, const F& prototype)
      : RecordWriter<T>(context, output), function_(prototype) {}

  void Push(Batch<T>& block) override {
    this->context().Enter();
    const std::uint32_t size = block.size();
    const std::uint32_t channels = this->channel_count();
    for (std::uint32_t i = 0; i < size; ++i) {
      const auto chosen = function_(static_cast<const T&>(block[i]), channels);
      // A negative number is a large one here.
      if (static_cast<std::uint64_t>(chosen) >= channels) [[unlikely]] {
        this->context().failure->Report(
            Status::UserError("the partitioner of PartitionCustom chose " + std::to_string(chosen) +
                              ", but the partitions are 0 to " + std::to_string(channels - 1)));
        return;
      }
      this->Append(this->channel(static_cast<std::uint32_t>(chosen)), block[i], block.timestamp(i));
    }
  }

 private:
  F function_;
};

}  // namespace weir::internal
