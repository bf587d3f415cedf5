// Batches of strings for channels: u32 length and bytes, no timestamps.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <weir/internal/channel.h>

namespace weir::task {

using Strings = internal::Batch<std::string>;

class StringChannelType final : public internal::ChannelType {
 public:
  std::unique_ptr<internal::AnyBatch> NewBatch(std::uint32_t capacity) const override {
    return std::make_unique<Strings>(capacity);
  }
  std::uint32_t Encode(const internal::AnyBatch& any, std::uint32_t from, std::size_t soft_limit,
                       std::vector<std::byte>& out, std::size_t& used) const override {
    out.resize(used);
    const auto& batch = static_cast<const Strings&>(any);
    while (from < batch.size() && out.size() < soft_limit) {
      const std::string& text = batch[from++];
      const auto length = static_cast<std::uint32_t>(text.size());
      const auto* head = reinterpret_cast<const std::byte*>(&length);
      const auto* body = reinterpret_cast<const std::byte*>(text.data());
      out.insert(out.end(), head, head + sizeof(length));
      out.insert(out.end(), body, body + text.size());
    }
    used = out.size();
    return from;
  }
  Result<std::size_t> Decode(std::span<const std::byte> bytes,
                             internal::AnyBatch& any) const override {
    auto& batch = static_cast<Strings&>(any);
    std::size_t used = 0;
    while (!batch.full() && used < bytes.size()) {
      std::uint32_t length = 0;
      if (bytes.size() - used < sizeof(length)) return Status::Corruption("half a length");
      std::memcpy(&length, bytes.data() + used, sizeof(length));
      if (bytes.size() - used - sizeof(length) < length) {
        return Status::Corruption("half a string");
      }
      batch.Next(0).assign(reinterpret_cast<const char*>(bytes.data() + used + sizeof(length)),
                           length);
      used += sizeof(length) + length;
    }
    return used;
  }
  void RetainKeyGroups(internal::AnyBatch&, std::uint32_t, std::uint32_t,
                       std::uint32_t) const override {}
  std::string schema() const override { return type_name(); }
  bool ships_key_hashes() const override { return false; }
  const std::string& type_name() const override { return name_; }

  static std::unique_ptr<Strings> BatchOf(const std::vector<std::string>& texts) {
    auto batch = std::make_unique<Strings>(static_cast<std::uint32_t>(texts.size()));
    for (const std::string& text : texts) batch->Next(0) = text;
    return batch;
  }

 private:
  std::string name_ = "std::string";
};

}  // namespace weir::task
