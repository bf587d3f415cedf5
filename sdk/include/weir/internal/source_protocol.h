// What a source's coordinator and its readers say to each other: a version byte, a kind byte, then
// the content. Relayed as opaque bytes; the numbers travel, so never renumber.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weir/serializer.h>

namespace weir::internal {

inline constexpr std::uint8_t kSourceProtocolVersion = 1;

enum class SourceMessage : std::uint8_t {
  kRequestSplit = 1,  // reader to coordinator
  kAddSplits = 2,     // coordinator to reader: the splits, as std::vector<Split>
  kNoMoreSplits = 3,  // coordinator to reader
  // Watermark alignment, the content a watermark in milliseconds: how far the reader is, and how
  // far it may go.
  kReportWatermark = 4,      // reader to coordinator
  kMaxAllowedWatermark = 5,  // coordinator to reader
};

inline std::string EncodeSourceMessage(SourceMessage kind,
                                       const std::vector<std::byte>& content = {}) {
  std::string bytes;
  bytes += static_cast<char>(kSourceProtocolVersion);
  bytes += static_cast<char>(kind);
  bytes.append(reinterpret_cast<const char*>(content.data()), content.size());
  return bytes;
}

struct DecodedSourceMessage {
  SourceMessage kind = SourceMessage::kRequestSplit;
  std::span<const std::byte> content;  // into the payload
};

inline Result<DecodedSourceMessage> DecodeSourceMessage(std::string_view payload) {
  if (payload.size() < 2) return Status::Corruption("a source message of less than two bytes");
  if (static_cast<std::uint8_t>(payload[0]) != kSourceProtocolVersion) {
    return Status(StatusCode::kUnsupported,
                  "source message of version " +
                      std::to_string(static_cast<std::uint8_t>(payload[0])) +
                      "; this build knows version " + std::to_string(kSourceProtocolVersion));
  }
  const auto kind = static_cast<std::uint8_t>(payload[1]);
  if (kind < 1 || kind > 5) {
    return Status::Corruption("source message of unknown kind " + std::to_string(kind));
  }
  return DecodedSourceMessage{static_cast<SourceMessage>(kind),
                              std::as_bytes(std::span(payload.substr(2)))};
}

}  // namespace weir::internal
