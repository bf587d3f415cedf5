// Broadcast: every record to every channel.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <weir/internal/record_writer.h>

namespace weir::internal {

// Copies for all channels but the last, which gets the records themselves.
template <class T>
class BroadcastWriter final : public RecordWriter<T> {
  static_assert(std::is_copy_assignable_v<T>,
                "Broadcast() copies its records: the record type must be copyable");

 public:
  using RecordWriter<T>::RecordWriter;
  void Push(Batch<T>& block) override {
    for (std::uint32_t c = 0; c + 1 < this->channel_count(); ++c)
      CopyBlock(this->channel(c), block);
    this->AppendBlock(this->channel(this->channel_count() - 1), block);
  }

 private:
  void CopyBlock(typename RecordWriter<T>::Channel& channel, const Batch<T>& block) {
    const std::uint32_t size = block.size();
    for (std::uint32_t i = 0; i < size;) {
      Batch<T>& batch = this->Open(channel);
      const std::uint32_t end = std::min(size, i + batch.capacity() - batch.size());
      for (; i < end; ++i) batch.Next(block.timestamp(i)) = block[i];
      this->ShipIfFull(channel);
    }
  }
};

}  // namespace weir::internal
