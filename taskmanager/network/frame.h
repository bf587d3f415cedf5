// Frames: how everything travels between two workers. docs/formats/frame.md describes every byte.
//
// A frame is a header of 32 bytes, little-endian, and a payload. Every frame of one direction of a
// connection has a number (sequence), starting at 0 with the handshake, so that a frame that was
// lost, repeated or put in is noticed; CRC-32C over header and payload notices the rest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <weir/status.h>

namespace weir::network {

inline constexpr std::size_t kFrameHeaderSize = 32;
// The bytes "WEIR".
inline constexpr std::uint32_t kFrameMagic = 0x52494557;
// The version that this build speaks; the handshake carries the range.
inline constexpr std::uint8_t kFrameVersion = 1;
inline constexpr std::uint8_t kMinimumFrameVersion = 1;

// Never renumber.
enum class FrameType : std::uint8_t {
  kHandshake = 1,          // who dials whom; first frame of the dialling side
  kHandshakeAccepted = 2,  // first frame of the other side
  kGoodbye = 3,            // the last frame of a direction, with the reason
  kChannelOpen = 4,        // sender to receiver: this channel starts
  kChannelRefused = 5,     // receiver to sender: it does not, with the reason
  kChannelClose = 6,       // sender to receiver: nothing more comes from this attempt
  kData = 7,               // one buffer; uses one credit
  kWatermark = 8,
  kWatermarkStatus = 9,
  kBarrier = 10,
  kEndOfInput = 11,
  kCredit = 12,   // receiver to sender: so many more buffers
  kBacklog = 13,  // sender to receiver: so many buffers wait for credit
};
// "data", "channel open", …; "type 77" is the caller's business.
std::string_view ToString(FrameType type);

// Handshake, its answer and goodbye concern the connection, all others a channel.
constexpr bool ConcernsChannel(FrameType type) {
  return type >= FrameType::kChannelOpen;
}

// kData: the last record of the buffer goes on in the next buffer of the channel.
inline constexpr std::uint16_t kFlagContinues = 1;

// `attempt` is that of the channel's end that sends the frame: the source attempt in frames from
// the channel's sender, the target attempt in those from its receiver. Channel and attempt are 0 in
// frames that concern the connection.
struct FrameHeader {
  FrameType type = FrameType::kHandshake;
  std::uint16_t flags = 0;
  std::uint32_t channel = 0;
  std::uint32_t attempt = 0;
  std::uint64_t sequence = 0;
  std::uint32_t length = 0;  // of the payload
  bool operator==(const FrameHeader&) const = default;
};

using FrameHeaderBytes = std::array<std::byte, kFrameHeaderSize>;

// The header as it goes on the wire, check sum over it and `payload` included. `header.length` must
// be the payload's.
FrameHeaderBytes EncodeFrameHeader(const FrameHeader& header, std::span<const std::byte> payload);

// Fewest and most payload bytes that a frame of this type can have.
struct PayloadLimits {
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0;
};
PayloadLimits PayloadLimitsOf(FrameType type);

// Reads a header and checks everything that can be checked without the payload: magic, version,
// type, flags, length. Corruption otherwise (Unsupported for another version), saying what was
// found.
Result<FrameHeader> DecodeFrameHeader(const FrameHeaderBytes& bytes);

// Whether the check sum in `header` is that of header and payload.
bool FrameCheckSumMatches(const FrameHeaderBytes& header, std::span<const std::byte> payload);

}  // namespace weir::network
