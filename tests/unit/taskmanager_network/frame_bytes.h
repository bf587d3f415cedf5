// Bytes of frames, for tests that play a peer.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/hex.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/frame.h"

namespace weir::network {

inline Bytes BytesOf(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return Bytes(bytes.begin(), bytes.end());
}

inline std::string TextOf(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

inline std::string HexOf(std::span<const std::byte> bytes) {
  return ToHex(TextOf(bytes));
}

// Header and payload; `header.length` is filled in.
inline Bytes FrameBytes(FrameHeader header, std::span<const std::byte> payload) {
  header.length = static_cast<std::uint32_t>(payload.size());
  const FrameHeaderBytes header_bytes = EncodeFrameHeader(header, payload);
  Bytes bytes(header_bytes.begin(), header_bytes.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

}  // namespace weir::network
