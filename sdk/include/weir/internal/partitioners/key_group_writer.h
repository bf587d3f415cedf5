// KeyBy: each record to the subtask that owns its key's group. The hash is computed here, once, and
// travels with the record.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include <weir/internal/record_writer.h>
#include <weir/stable_hash.h>

namespace weir::internal {

template <class T, class KeySelector>
class KeyGroupWriter final : public RecordWriter<T> {
 public:
  KeyGroupWriter(const OperatorContext& context, std::uint32_t output,
                 const KeySelector& key_selector, std::uint32_t max_parallelism)
      : RecordWriter<T>(context, output), key_selector_(key_selector) {
    for (std::uint32_t group = 0; group < max_parallelism; ++group) {
      channel_of_group_.push_back(
          static_cast<std::uint16_t>(SubtaskOf(group, this->channel_count(), max_parallelism)));
    }
  }

  void Push(Batch<T>& block) override {
    using Key = std::remove_cvref_t<std::invoke_result_t<const KeySelector&, const T&>>;
    this->context().Enter();
    const std::uint32_t size = block.size();
    const auto groups = static_cast<std::uint32_t>(channel_of_group_.size());
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::uint64_t hash =
          StableHasher<Key>::Hash(key_selector_(static_cast<const T&>(block[i])));
      auto& channel = this->channel(channel_of_group_[KeyGroupOf(hash, groups)]);
      Batch<T>& batch = this->Open(channel);
      batch.key_hashes()[batch.size()] = hash;
      batch.SetHasKeyHashes();
      this->Append(channel, block[i], block.timestamp(i));
    }
  }

 private:
  const KeySelector key_selector_;
  std::vector<std::uint16_t> channel_of_group_;  // at most 32768 groups and channels
};

}  // namespace weir::internal
