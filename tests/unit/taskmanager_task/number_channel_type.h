// Batches of 64-bit numbers for channels.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/internal/channel.h>
#include <weir/stable_hash.h>

namespace weir::task {

using Number = std::int64_t;
using Numbers = internal::Batch<Number>;

// Numbers as words behind their timestamps. Counts the batches that were ever made: with recycling
// that bounds those that exist.
class NumberChannelType final : public internal::ChannelType {
 public:
  std::unique_ptr<internal::AnyBatch> NewBatch(std::uint32_t capacity) const override {
    ++made_;
    return std::make_unique<Numbers>(capacity);
  }
  std::uint32_t Encode(const internal::AnyBatch& any, std::uint32_t from, std::size_t soft_limit,
                       std::vector<std::byte>& out, std::size_t& used) const override {
    out.resize(used);
    const auto& batch = static_cast<const Numbers&>(any);
    while (from < batch.size() && out.size() < soft_limit) {
      const std::int64_t words[2] = {batch.timestamp(from), batch[from]};
      const auto* bytes = reinterpret_cast<const std::byte*>(words);
      out.insert(out.end(), bytes, bytes + sizeof(words));
      ++from;
    }
    used = out.size();
    return from;
  }
  Result<std::size_t> Decode(std::span<const std::byte> bytes,
                             internal::AnyBatch& any) const override {
    auto& batch = static_cast<Numbers&>(any);
    std::size_t used = 0;
    std::int64_t words[2];
    while (!batch.full() && used < bytes.size()) {
      if (bytes.size() - used < sizeof(words)) return Status::Corruption("half a number");
      std::memcpy(words, bytes.data() + used, sizeof(words));
      batch.Next(words[0]) = words[1];
      used += sizeof(words);
    }
    return used;
  }
  void RetainKeyGroups(internal::AnyBatch& any, std::uint32_t first_group,
                       std::uint32_t group_count, std::uint32_t max_parallelism) const override {
    auto& batch = static_cast<Numbers&>(any);
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      const std::uint32_t group = KeyGroupOf(StableHash(batch[i]), max_parallelism);
      if (group - first_group < group_count) batch[kept++] = batch[i];
    }
    batch.Truncate(kept);
  }
  std::string schema() const override { return type_name(); }
  bool ships_key_hashes() const override { return false; }
  const std::string& type_name() const override { return name_; }
  std::int64_t made() const { return made_.load(); }

 private:
  mutable std::atomic<std::int64_t> made_{0};
  std::string name_ = "std::int64_t";
};

}  // namespace weir::task
