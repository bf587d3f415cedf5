// The texts of Nexmark, made once per process and the same in every process: records name places
// in them, so that making a record copies nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks::nexmark {

inline constexpr std::uint64_t kRandomTextBytes = 1 << 20;
inline constexpr std::uint32_t kChannels = 10'000;
inline constexpr std::uint32_t kPopularChannels = 4;
inline constexpr std::uint32_t kStates = 6;

// Immutable once made; any thread.
class TextTables {
 public:
  static const TextTables& Get();
  TextTables(const TextTables&) = delete;

  std::string_view operator[](Text place) const {
    return std::string_view(text_).substr(place.offset, place.length);
  }
  // Pieces of random lower-case letters begin anywhere below kRandomTextBytes; as long as 1 KiB.
  static Text Letters(std::uint64_t offset, std::uint64_t length) { return {offset, length}; }

  // 0 to kChannels - 1: "channel-i".
  Text ChannelName(std::uint32_t channel) const {
    return {channel_names_ + channel * kChannelNameStride, channel_name_lengths_[channel]};
  }
  Text ChannelUrl(std::uint32_t channel) const {
    return {channel_urls_ + channel * kUrlStride, channel_url_lengths_[channel]};
  }
  // 0 to kPopularChannels - 1.
  Text PopularName(std::uint32_t channel) const { return popular_names_[channel]; }
  Text PopularUrl(std::uint32_t channel) const { return popular_urls_[channel]; }

  // 0 to kStates - 1: AZ, CA, ID, OR, WA, WY.
  Text State(std::uint32_t state) const { return states_[state]; }
  const std::vector<Text>& names() const { return names_; }
  const std::vector<Text>& cities() const { return cities_; }
  // 4096 each, so that a draw's low bits choose one.
  const std::vector<Text>& email_addresses() const { return email_addresses_; }
  const std::vector<Text>& credit_cards() const { return credit_cards_; }
  const std::vector<Text>& item_names() const { return item_names_; }
  const std::vector<Text>& descriptions() const { return descriptions_; }

 private:
  static constexpr std::uint64_t kChannelNameStride = 16;
  static constexpr std::uint64_t kUrlStride = 96;

  TextTables();
  Text Append(std::string_view text);
  void AddChannels();
  void AddPersons();
  void AddAuctions();

  std::string text_;
  std::uint64_t channel_names_ = 0;
  std::uint64_t channel_urls_ = 0;
  // The lengths alone, so that choosing among 10 000 channels stays in the first-level cache.
  std::vector<std::uint8_t> channel_name_lengths_;
  std::vector<std::uint8_t> channel_url_lengths_;
  std::array<Text, kPopularChannels> popular_names_;
  std::array<Text, kPopularChannels> popular_urls_;
  std::array<Text, kStates> states_;
  std::vector<Text> names_;
  std::vector<Text> cities_;
  std::vector<Text> email_addresses_;
  std::vector<Text> credit_cards_;
  std::vector<Text> item_names_;
  std::vector<Text> descriptions_;
};

}  // namespace benchmarks::nexmark
