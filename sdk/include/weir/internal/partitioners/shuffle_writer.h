// Shuffle: each record to a channel chosen uniformly at random.
#pragma once

#include <cstdint>

#include <weir/internal/murmur3.h>
#include <weir/internal/record_writer.h>

namespace weir::internal {

// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
// Seeded by subtask, so that a run can be repeated.
template <class T>
class ShuffleWriter final : public RecordWriter<T> {
 public:
  ShuffleWriter(const OperatorContext& context, std::uint32_t output)
      : RecordWriter<T>(context, output),
        state_(Fmix64(context.chain->runtime().subtask_index() + 1)) {}

  void Push(Batch<T>& block) override {
    const std::uint32_t size = block.size();
    for (std::uint32_t i = 0; i < size; ++i) {
      this->Append(this->channel(NextChannel()), block[i], block.timestamp(i));
    }
  }

 private:
  // The high 32 bits scaled to the number of channels: no division.
  std::uint32_t NextChannel() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return static_cast<std::uint32_t>(((z >> 32) * this->channel_count()) >> 32);
  }

  std::uint64_t state_;
};

}  // namespace weir::internal
