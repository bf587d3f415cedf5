#include "taskmanager/network/frame.h"

#include <algorithm>
#include <string>

#include "common/crc32c.h"
#include "common/text.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/little_endian.h"

namespace weir::network {
namespace {

constexpr std::size_t kVersionOffset = 4;
constexpr std::size_t kTypeOffset = 5;
constexpr std::size_t kFlagsOffset = 6;
constexpr std::size_t kChannelOffset = 8;
constexpr std::size_t kAttemptOffset = 12;
constexpr std::size_t kSequenceOffset = 16;
constexpr std::size_t kLengthOffset = 24;
constexpr std::size_t kCheckSumOffset = 28;

constexpr std::uint32_t kLongestHandshake = 4096;
constexpr std::uint32_t kLongestReason = 1280;

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Over the header with a check sum of zero, then the payload.
std::uint32_t CheckSum(FrameHeaderBytes header, std::span<const std::byte> payload) {
  StoreLittleEndian<std::uint32_t>(header.data() + kCheckSumOffset, 0);
  const std::uint32_t of_header = Crc32c(AsText(header));
  return payload.empty() ? of_header : Crc32c(AsText(payload), of_header);
}

bool IsFrameType(std::uint8_t number) {
  return number >= static_cast<std::uint8_t>(FrameType::kHandshake) &&
         number <= static_cast<std::uint8_t>(FrameType::kBacklog);
}

}  // namespace

std::string_view ToString(FrameType type) {
  switch (type) {
    case FrameType::kHandshake:
      return "handshake";
    case FrameType::kHandshakeAccepted:
      return "handshake accepted";
    case FrameType::kGoodbye:
      return "goodbye";
    case FrameType::kChannelOpen:
      return "channel open";
    case FrameType::kChannelRefused:
      return "channel refused";
    case FrameType::kChannelClose:
      return "channel close";
    case FrameType::kData:
      return "data";
    case FrameType::kWatermark:
      return "watermark";
    case FrameType::kWatermarkStatus:
      return "watermark status";
    case FrameType::kBarrier:
      return "barrier";
    case FrameType::kEndOfInput:
      return "end of input";
    case FrameType::kCredit:
      return "credit";
    case FrameType::kBacklog:
      return "backlog";
  }
  return "unknown";
}

FrameHeaderBytes EncodeFrameHeader(const FrameHeader& header, std::span<const std::byte> payload) {
  FrameHeaderBytes bytes{};
  StoreLittleEndian(bytes.data(), kFrameMagic);
  StoreLittleEndian(bytes.data() + kVersionOffset, kFrameVersion);
  StoreLittleEndian(bytes.data() + kTypeOffset, static_cast<std::uint8_t>(header.type));
  StoreLittleEndian(bytes.data() + kFlagsOffset, header.flags);
  StoreLittleEndian(bytes.data() + kChannelOffset, header.channel);
  StoreLittleEndian(bytes.data() + kAttemptOffset, header.attempt);
  StoreLittleEndian(bytes.data() + kSequenceOffset, header.sequence);
  StoreLittleEndian(bytes.data() + kLengthOffset, header.length);
  StoreLittleEndian(bytes.data() + kCheckSumOffset, CheckSum(bytes, payload));
  return bytes;
}

PayloadLimits PayloadLimitsOf(FrameType type) {
  switch (type) {
    case FrameType::kHandshake:
      return {1, kLongestHandshake};
    case FrameType::kHandshakeAccepted:
    case FrameType::kGoodbye:
    case FrameType::kChannelRefused:
      return {1, kLongestReason};
    case FrameType::kChannelOpen:
      return {4, 4};
    case FrameType::kChannelClose:
    case FrameType::kEndOfInput:
      return {0, 0};
    case FrameType::kData:
      return {0, static_cast<std::uint32_t>(kBufferSize)};
    case FrameType::kWatermark:
      return {8, 8};
    case FrameType::kWatermarkStatus:
      return {1, 1};
    case FrameType::kBarrier:
      return {18, 18};
    case FrameType::kCredit:
      return {8, 8};
    case FrameType::kBacklog:
      return {4, 4};
  }
  return {};
}

Result<FrameHeader> DecodeFrameHeader(const FrameHeaderBytes& bytes) {
  if (const auto magic = LoadLittleEndian<std::uint32_t>(bytes.data()); magic != kFrameMagic) {
    return Status::Corruption(Concat("not a Weir frame: it starts with ", magic, " and not with ",
                                     kFrameMagic, " (\"WEIR\")"));
  }
  const auto version = LoadLittleEndian<std::uint8_t>(bytes.data() + kVersionOffset);
  if (version < kMinimumFrameVersion || version > kFrameVersion) {
    return Status(StatusCode::kUnsupported,
                  Concat("frame of version ", static_cast<unsigned>(version), "; this side speaks ",
                         static_cast<unsigned>(kMinimumFrameVersion), " to ",
                         static_cast<unsigned>(kFrameVersion)),
                  ErrorDomain::kExternal, RetryHint::kNoRetry);
  }
  const auto type = LoadLittleEndian<std::uint8_t>(bytes.data() + kTypeOffset);
  if (!IsFrameType(type)) {
    return Status::Corruption(Concat("frame of unknown type ", static_cast<unsigned>(type)));
  }
  FrameHeader header;
  header.type = static_cast<FrameType>(type);
  header.flags = LoadLittleEndian<std::uint16_t>(bytes.data() + kFlagsOffset);
  header.channel = LoadLittleEndian<std::uint32_t>(bytes.data() + kChannelOffset);
  header.attempt = LoadLittleEndian<std::uint32_t>(bytes.data() + kAttemptOffset);
  header.sequence = LoadLittleEndian<std::uint64_t>(bytes.data() + kSequenceOffset);
  header.length = LoadLittleEndian<std::uint32_t>(bytes.data() + kLengthOffset);
  const std::uint16_t allowed = header.type == FrameType::kData ? kFlagContinues : 0;
  if ((header.flags & ~allowed) != 0) {
    return Status::Corruption(
        Concat("unknown flags ", header.flags, " in a ", ToString(header.type), " frame"));
  }
  const PayloadLimits limits = PayloadLimitsOf(header.type);
  if (header.length < limits.minimum || header.length > limits.maximum) {
    return Status::Corruption(Concat("payload of ", header.length, " bytes in a ",
                                     ToString(header.type), " frame, which has ", limits.minimum,
                                     " to ", limits.maximum));
  }
  return header;
}

bool FrameCheckSumMatches(const FrameHeaderBytes& header, std::span<const std::byte> payload) {
  return LoadLittleEndian<std::uint32_t>(header.data() + kCheckSumOffset) ==
         CheckSum(header, payload);
}

}  // namespace weir::network
